/** Who analyses the interview at the moment and what keeps them; once more, when it is over. */

import { act } from "./api.js";
import { announce, byId, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { has, t } from "./i18n.js";

const STEADY_MS = 1500; // what keeps the model for a shorter time is nobody's concern

export class Analysis {
  #place = byId("analysis");
  #button = byId("analyse-again"); // only for who may record
  #state = "";
  #timer = 0;

  /** url: what to ask for another analysis; banner: where errors are told */
  constructor(url, banner) {
    this.#button?.addEventListener("click", () => this.#again(url, banner));
  }

  /** Show the state; `quiet` while the page catches up: nothing is announced then. */
  render({ status, consent, analysis: { engine, reason, detail, reviewing } }, quiet) {
    const off = engine === "off";
    const because = reason && (has(`analysis_why_${reason}`) ? t(`analysis_why_${reason}`) : detail);
    const why = reviewing ? t("analysis_again") : !off && because;
    setText(byId("analysis-tip"), off ? because : t(`analysis_tip_${engine}`));
    show(this.#button, status === "ended" && consent.given && !off);
    const state = why || t(`analysis_${engine}`);
    if (this.#state === state) return;
    const tell = () => this.#tell(state, Boolean(why), quiet);
    clearTimeout(this.#timer);
    if (quiet || !this.#state) tell();
    else this.#timer = setTimeout(tell, because ? STEADY_MS : 0);
    this.#state = state;
  }

  #tell(state, wide, quiet) {
    const text = byId("analysis-text");
    if (text.textContent && text.textContent !== state && !quiet) announce(state);
    setText(text, state);
    this.#place.classList.toggle("wide", wide);
  }

  async #again(url, banner) {
    try {
      const { state } = await act(url);
      banner.clear("analyse");
      if (state === "done") this.#tell(t("analyse_done"), true);
    } catch (error) {
      const detail = sentence(error.code, error.detail);
      banner.set("analyse", { level: "error", text: t("analyse_failed", { detail }), dismissible: true });
    }
  }
}
