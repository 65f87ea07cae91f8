/** What a person sets for this page: how much the copilot shows, what is read aloud, the columns. */

import { announce, byId, setText, show } from "./dom.js";
import { t } from "./i18n.js";
import { recall, remember } from "./preferences.js";

/** Wire the dialog and the copilot's button; returns what the keys do. */
export function setUpSettings(verbosity) {
  const dialog = byId("settings-dialog");
  const radios = dialog.querySelectorAll("[name=verbosity]");
  const pauses = byId("only-pauses");
  const waiting = byId("cards-waiting");

  function render() {
    setText(byId("verbosity-text"), t(`verbosity_${verbosity.level}`));
    for (const radio of radios) radio.checked = radio.value === verbosity.level;
    pauses.checked = verbosity.pauses;
    if (!verbosity.waiting && waiting === document.activeElement) byId("settings-open").focus();
    setText(waiting, t("cards_waiting", { n: verbosity.waiting }));
    show(waiting, verbosity.waiting > 0);
  }

  for (const radio of radios) radio.addEventListener("change", () => verbosity.choose(radio.value));
  pauses.addEventListener("change", () => verbosity.waitForPauses(pauses.checked));
  waiting.addEventListener("click", () => verbosity.release());
  byId("settings-open").addEventListener("click", () => dialog.showModal());
  verbosity.addEventListener("change", render);
  render();
  readAloud();
  return {
    open: () => dialog.showModal(),
    cycle() {
      verbosity.cycle();
      announce(t("announce_verbosity", { level: t(`verbosity_${verbosity.level}`) }));
    },
    togglePauses() {
      verbosity.waitForPauses(!verbosity.pauses);
      announce(t(verbosity.pauses ? "announce_pauses" : "announce_no_pauses"));
    },
  };
}

/** Every line read out is noise to who hears the interview: only on demand. */
function readAloud() {
  const box = byId("read-aloud");
  const log = byId("lines").closest("[role=log]");
  const render = () => log.setAttribute("aria-live", box.checked ? "polite" : "off");
  box.checked = recall("read-aloud") === "yes";
  box.addEventListener("change", () => (remember("read-aloud", box.checked ? "yes" : "no"), render()));
  render();
}

/** The columns beside the transcript, which can be folded away where there is room for three. */
export class Columns {
  #desk = byId("main");
  onfold = () => {};

  constructor() {
    for (const name of ["guide", "copilot"]) {
      this.#fold(name, recall(`fold-${name}`) === "yes");
      byId(`fold-${name}`).addEventListener("click", () => this.toggle(name));
    }
  }

  toggle(name) {
    const fold = !this.folded(name);
    remember(`fold-${name}`, fold ? "yes" : "no");
    const lost = fold && byId(`view-${name}`).contains(document.activeElement);
    this.#fold(name, fold);
    if (lost) byId(`fold-${name}`).focus();
  }

  folded(name) {
    return this.#desk.classList.contains(`no-${name}`);
  }

  /** Show a column again because something in it is wanted. */
  need(name) {
    if (this.folded(name)) this.toggle(name);
  }

  #fold(name, fold) {
    this.#desk.classList.toggle(`no-${name}`, fold);
    byId(`fold-${name}`).setAttribute("aria-expanded", String(!fold));
    this.onfold(name, fold);
  }
}
