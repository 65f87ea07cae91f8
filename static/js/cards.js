/**
 * Insight cards in their four tabs: keyed, pinned on top, then the newest answer's first and of
 * one answer the most urgent; the newest 50 kept. Set aside and asked ones are folded away below.
 */

import { buildCard, fillCard, fillTime } from "./card.js";
import { announce, byId, setText, show } from "./dom.js";
import { t } from "./i18n.js";

const TABS = ["insights", "questions", "fact_check", "sentiment"];
const KEPT = 50;
const SET_ASIDE = new Set(["not_now", "wrong"]);
const URGENCY = { high: 2, medium: 1, low: 0 };
const STEADY_MS = 900; // nothing moves under a pointer that was moving this short a time ago

const inSight = (element) => element.isConnected && (element.checkVisibility?.() ?? true);

/** Return the fold of a card that a person or the conversation is done with. */
function asideOf({ feedback, asked_in }) {
  return SET_ASIDE.has(feedback) ? "set_aside" : asked_in && "asked";
}

class Panel {
  constructor(name) {
    this.element = byId(`panel-${name}`);
    this.tab = byId(`tab-${name}`);
    this.list = this.element.querySelector(":scope > .cards");
    this.folds = [...this.element.querySelectorAll(":scope > [data-fold]")];
    this.empty = this.element.querySelector(".empty");
    this.emptyText = this.element.querySelector(".empty-text");
    this.teaching = this.emptyText.textContent;
    this.count = this.tab.querySelector(".count");
    this.moved = 0;
    this.element.addEventListener("pointermove", () => (this.moved = performance.now()));
    this.element.addEventListener("pointerleave", () => (this.moved = 0));
  }

  refresh() {
    const count = this.list.childElementCount;
    setText(this.count, String(count));
    show(this.count, count > 0);
    for (const fold of this.folds) {
      const n = fold.lastElementChild.childElementCount;
      show(fold, n > 0);
      setText(fold.querySelector("summary span"), t(`fold_${fold.dataset.fold}`, { n }));
    }
    show(this.empty, count === 0);
  }

  /** Return the list where a card belongs. */
  listOf(insight, withheld) {
    const name = asideOf(insight) || (withheld && "withheld");
    return this.folds.find((fold) => fold.dataset.fold === name)?.lastElementChild ?? this.list;
  }
}

export class Cards {
  #panels = new Map(TABS.map((name) => [name, new Panel(name)]));
  #cards = new Map(); // id -> {element, insight, panel}
  #held = new Map(); // id -> insight that waits for the pointer to rest
  #holdTimer = 0;
  #session;
  #options;
  selected = "insights";
  now = () => Date.now(); // the server's clock

  /**
   * options: verbosity, lineOf(id), onlines(ids), onfeedback(insight, value), onselect(tab),
   * onpresence(insight, present), onarrive(insight)
   */
  constructor(session, options) {
    this.#options = options;
    options.verbosity.addEventListener("change", () => this.#sort());
    options.verbosity.addEventListener("release", ({ detail }) => {
      for (const insight of detail) this.upsert(insight, { due: true });
    });
    this.setSession(session);
    for (const name of TABS)
      this.#panels.get(name).tab.addEventListener("click", () => this.select(name));
    byId("tab-insights").parentElement.addEventListener("keydown", (event) => this.#tabKey(event));
    setInterval(() => this.#refreshTimes(), 20_000);
  }

  setSession(session) {
    const ends = session.status === "ended" && this.#session?.status !== "ended";
    this.#session = session;
    if (ends) this.#refreshTimes();
    for (const [name, panel] of this.#panels) {
      const off = name === "sentiment" && !session.sentiment;
      const over = session.status === "ended";
      const more = panel.more && t(panel.more);
      setText(panel.emptyText, off ? t("sentiment_off") : more || (over ? t("panel_ended") : panel.teaching));
      panel.tab.classList.toggle("off", off);
    }
  }

  /** Say (by a key) what else a panel shows while it has no cards. */
  accompany(name, more) {
    const panel = this.#panels.get(name);
    if (panel.more === more) return;
    panel.more = more;
    panel.element.classList.toggle("accompanied", Boolean(more));
    this.setSession(this.#session);
  }

  select(name, focus = false) {
    this.selected = name;
    for (const [each, panel] of this.#panels) {
      const chosen = each === name;
      panel.tab.setAttribute("aria-selected", String(chosen));
      panel.tab.tabIndex = chosen ? 0 : -1;
      show(panel.element, chosen);
      if (chosen) panel.tab.classList.remove("fresh");
      if (chosen && focus) panel.tab.focus();
    }
    this.#refreshTimes();
    this.#options.onselect(name);
  }

  #tabKey(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = TABS.indexOf(this.selected);
    let next = null;
    if (step) {
      const forward = document.dir === "rtl" ? -step : step;
      next = TABS[(at + forward + TABS.length) % TABS.length];
    } else if (event.key === "Home") next = TABS[0];
    else if (event.key === "End") next = TABS.at(-1);
    if (!next) return;
    event.preventDefault();
    this.select(next, true);
  }

  // --- insights come and change ----------------------------------------------------------------

  upsert(insight, { quiet = false, due = false } = {}) {
    const panel = this.#panels.get(insight.tab);
    if (!panel || (insight.tab === "sentiment" && !this.#session.sentiment)) return;
    const known = this.#cards.get(insight.id);
    const live = this.#session.status === "live" && !quiet && !due;
    if (!known && live && this.#options.verbosity.keep(insight)) return;
    const moves =
      !known || insight.state === "superseded" || insight.asked_in !== known.insight.asked_in;
    if (moves && !quiet && performance.now() - panel.moved < STEADY_MS) {
      this.#held.set(insight.id, insight);
      clearTimeout(this.#holdTimer);
      this.#holdTimer = setTimeout(() => this.#release(), STEADY_MS);
      return;
    }
    this.#held.delete(insight.id);
    if (insight.state === "superseded") this.#remove(insight.id);
    else if (known) this.#change(known, insight);
    else if (!this.#tooOld(panel, insight)) this.#add(panel, insight, quiet);
  }

  #release() {
    const held = [...this.#held.values()];
    this.#held.clear();
    for (const insight of held) this.upsert(insight);
  }

  #add(panel, insight, quiet) {
    const element = buildCard(insight, {
      mayAct: this.#session.may.comment,
      quote: () => this.#options.onlines(this.#cards.get(insight.id).insight.segments),
      asked: () => this.#options.onlines([this.#cards.get(insight.id).insight.asked_in]),
      feedback: (value) => this.#feedback(insight.id, value),
    });
    const card = { element, insight, panel, answer: this.#answer(insight) };
    this.#cards.set(insight.id, card);
    this.#fill(card);
    if (quiet) this.#place(card);
    else this.#steady(panel, () => this.#place(card));
    if (!SET_ASIDE.has(insight.feedback)) this.#options.onpresence(insight, true);
    if (!quiet && element.parentElement === panel.list) this.#arrive(card);
  }

  #place(card) {
    this.#put(card);
    if (!asideOf(card.insight)) this.#evict(card.element.parentElement);
    card.panel.refresh();
  }

  #arrive({ element, insight, panel }) {
    element.classList.add("arriving");
    element.addEventListener("animationend", () => element.classList.remove("arriving"), { once: true });
    if (panel.tab.getAttribute("aria-selected") !== "true") panel.tab.classList.add("fresh");
    if (insight.priority === "high") announce(t("announce_card", { title: insight.title }));
    this.#options.onarrive(insight);
  }

  #fill(card) {
    fillCard(card.element, card.insight, this.#options.lineOf);
    this.#time(card);
  }

  /** While it runs: how long ago. Afterwards: where in the interview. */
  #time({ element, insight }) {
    const line = this.#session.status === "ended" && this.#options.lineOf(insight.segments[0]);
    fillTime(element, insight, this.now(), line ? line.start_ms : null);
  }

  #change(card, insight) {
    const before = card.insight;
    card.insight = insight;
    this.#fill(card);
    const aside = SET_ASIDE.has(insight.feedback);
    if (before.feedback !== insight.feedback || this.#strays(card))
      this.#steady(card.panel, () => this.#place(card));
    if (aside !== SET_ASIDE.has(before.feedback)) this.#options.onpresence(insight, !aside);
    if (String(before.segments) !== String(insight.segments)) {
      this.#options.onpresence(before, false);
      this.#options.onpresence(insight, true);
    }
  }

  /** Change what a panel shows; neither the focus nor the place where somebody reads is lost. */
  #steady(panel, change) {
    const { element, list } = panel;
    const held = element.contains(document.activeElement) ? document.activeElement : null;
    const card = held?.closest(".card");
    const home = card?.parentElement;
    const cards = home ? [...home.children] : [];
    const at = cards.indexOf(card);
    const near = [...cards.slice(at + 1), ...cards.slice(0, Math.max(at, 0)).reverse(), element];
    const anchor = card ?? this.#topmost(panel);
    const top = anchor?.getBoundingClientRect().top;
    change();
    if (held) {
      const left = card && card.parentElement !== home && card.parentElement !== list;
      const place = [...(left ? [] : [held]), ...near].find(inSight);
      if (place !== document.activeElement) place?.focus({ preventScroll: true });
    }
    if (anchor && inSight(anchor)) element.scrollTop += anchor.getBoundingClientRect().top - top;
  }

  /** Return the card that is read at the top of a panel that was scrolled. */
  #topmost({ element, list }) {
    if (element.hidden || element.scrollTop === 0) return null;
    const { top } = element.getBoundingClientRect();
    return [...list.children].find((card) => card.getBoundingClientRect().bottom > top);
  }

  /** Move the cards that belong elsewhere by now; the others stay where they are. */
  #sort() {
    for (const panel of this.#panels.values()) {
      const moving = [...this.#cards.values()].filter((card) => card.panel === panel && this.#strays(card));
      if (moving.length) this.#steady(panel, () => moving.forEach((card) => this.#place(card)));
    }
  }

  #strays({ element, insight, panel }) {
    return this.#listOf(panel, insight) !== element.parentElement;
  }

  #listOf(panel, insight) {
    return panel.listOf(insight, this.#options.verbosity.withholds(insight));
  }

  #put(card) {
    const { element, insight, panel } = card;
    const list = this.#listOf(panel, insight);
    let before = list.firstElementChild;
    while (before && (before === element || this.#precedes(before, card)))
      before = before.nextElementSibling;
    // A card that is in its place already stays: to move it would take its focus.
    if (element.parentElement !== list || element.nextElementSibling !== before) list.insertBefore(element, before);
  }

  /** Return when the answer was given that a card is about: what it says later moves nothing. */
  #answer({ segments }) {
    const starts = segments.map((id) => this.#options.lineOf(id)?.start_ms ?? Infinity);
    return starts.length ? Math.max(...starts) : Infinity; // of no answer: it concerns them all
  }

  #precedes(element, { insight, answer }) {
    const other = this.#cards.get(element.dataset.id);
    const pinned = insight.feedback === "pinned";
    if ((other.insight.feedback === "pinned") !== pinned) return !pinned;
    if (other.answer !== answer) return other.answer > answer;
    const urgency = URGENCY[other.insight.priority] - URGENCY[insight.priority];
    return urgency ? urgency > 0 : other.insight.at > insight.at;
  }

  #remove(id) {
    const card = this.#cards.get(id);
    if (!card) return;
    this.#steady(card.panel, () => this.#drop(card));
  }

  #drop({ element, insight, panel }) {
    element.remove();
    this.#cards.delete(insight.id);
    this.#options.onpresence(insight, false);
    panel.refresh();
  }

  /** Keep the newest; pinned cards and the one in use stay whatever their age. */
  #evict(list) {
    let extra = list.childElementCount - KEPT;
    let element = list.lastElementChild;
    while (extra > 0 && element) {
      const previous = element.previousElementSibling;
      const card = this.#cards.get(element.dataset.id);
      if (card.insight.feedback !== "pinned" && !element.contains(document.activeElement)) {
        this.#drop(card);
        extra -= 1;
      }
      element = previous;
    }
  }

  #tooOld(panel, insight) {
    const list = this.#listOf(panel, insight);
    if (insight.feedback || insight.asked_in || list.childElementCount < KEPT) return false;
    return this.#precedes(list.lastElementChild, { insight, answer: this.#answer(insight) });
  }

  #refreshTimes() {
    for (const element of this.#panels.get(this.selected).list.children)
      this.#time(this.#cards.get(element.dataset.id));
  }

  #feedback(id, value) {
    const { insight } = this.#cards.get(id);
    this.#options.onfeedback(insight, insight.feedback === value ? "" : value);
  }

  // --- for keys and marks ----------------------------------------------------------------------

  has(id) {
    return this.#cards.has(id) || this.#held.has(id) || this.#options.verbosity.waits(id);
  }

  /** Show a card, wherever it is, and focus it. */
  reveal(id) {
    const card = this.#cards.get(id);
    if (!card) return false;
    this.select(card.insight.tab);
    const fold = card.element.closest("details");
    if (fold) fold.open = true;
    card.element.scrollIntoView({ block: "nearest" });
    card.element.focus({ preventScroll: true });
    card.element.classList.remove("lit");
    requestAnimationFrame(() => card.element.classList.add("lit"));
    return true;
  }

  /** Focus the first card, or the one `step` further than the focused one. */
  move(step) {
    const { list, element: panel } = this.#panels.get(this.selected);
    const current = document.activeElement?.closest(".card");
    const inside = current && list.contains(current);
    const next = !inside
      ? list.firstElementChild
      : step > 0 ? current.nextElementSibling : current.previousElementSibling;
    (next ?? (inside ? current : panel)).focus();
  }

  /** Give feedback on the focused card; return whether there was one. */
  act(value) {
    const id = document.activeElement?.closest(".card")?.dataset.id;
    if (!id || !this.#session.may.comment || this.#session.status === "ended") return false;
    this.#feedback(id, value);
    return true;
  }
}
