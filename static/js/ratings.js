/**
 * How one person rates the candidate, by competency: saved as one goes, submitted once.
 *
 * Nothing here is ever filled in by a machine. What others rate comes from the server only once
 * one's own ratings are submitted.
 */

import { act, read } from "./api.js";
import { announce, h, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { clock, t } from "./i18n.js";
import { RatingControl } from "./rating-control.js";

const PAUSE_MS = 600; // without a change, then it is saved
const RETRY_S = [2, 5, 15, 30];
const MOST_LINES = 20; // quoted for one competency
const UNRATED = { value: null, comment: "", segments: [] };
const OVERALL = "overall"; // beside the ids of competencies, which are numbers
const UNSAID = { recommendation: "", text: "" };

export class Ratings {
  #url;
  #may;
  #guide;
  #lineOf;
  #onlines;
  #mine = new Map([[OVERALL, UNSAID]]); // competency id -> {value, comment, segments}; and what one recommends
  #changed = new Set(); // of its keys those not yet saved
  #controls = [];
  #overall = null; // the control of what one recommends, on the full form
  #states = []; // elements that say how saving goes
  #foot = null; // what the full form ends with
  #others = []; // of whom one may see the ratings
  #waiting = 0;
  #submitted = null;
  #loaded = false;
  #busy = false;
  #timer = null;
  #failures = 0;

  /**
   * `lineOf(id)` gives a line of the transcript, `onlines([id])` shows it; without them quoted lines
   * are not shown.
   */
  constructor({ base, guide, may, lineOf = () => null, onlines = null }) {
    this.#url = `${base}/scorecards/`;
    this.#guide = guide;
    this.#may = may;
    this.#lineOf = lineOf;
    this.#onlines = onlines;
    addEventListener("online", () => this.#changed.size && this.#save());
    addEventListener("pagehide", () => this.#leave());
    addEventListener("beforeunload", (event) => this.#failures && this.#changed.size && event.preventDefault());
    document.addEventListener("visibilitychange", () => !document.hidden && this.heard());
  }

  // --- on a page -------------------------------------------------------------------------------

  /** Put the control of one competency into an element: the scale, its anchor, a comment. */
  mountCompact(competencyId, element) {
    const competency = this.#guide?.competencies.find(({ id }) => String(id) === String(competencyId));
    if (competency && this.#may.comment) element.append(this.#control(competency, false).element);
  }

  /**
   * Put all competencies into an element, with anchors, lines, what one recommends, and submitting.
   *
   * `Overall` is the control of overall-control.js; `onothers()` is called where others may be seen.
   */
  mountFull(element, { Overall, onothers }) {
    const note = h("p", { class: "muted rating-note" });
    const controls = (this.#guide?.competencies ?? []).map((competency) => this.#control(competency, true));
    this.#overall = new Overall({ onchange: (patch) => this.#change(OVERALL, patch) });
    if (this.#may.comment) controls.push(this.#overall);
    this.onothers = onothers;
    const state = this.#state();
    const submit = h("button", { class: "button primary", type: "button", dataset: { testid: "ratings-submit" } }, t("rating_submit"));
    submit.addEventListener("click", () => this.#ask(submit));
    const acts = h("div", { class: "acts" }, submit, state);
    this.#foot = { note, submit, acts };
    element.append(note, ...controls.map((control) => control.element), acts);
    this.#show();
  }

  #control(competency, full) {
    const id = String(competency.id);
    const control = new RatingControl({
      competency,
      full,
      state: full ? null : this.#state(),
      label: (line) => clock(this.#lineOf(line)?.start_ms ?? 0),
      quote: (line) => this.#lineOf(line)?.text ?? "",
      known: (line) => this.#onlines !== null && Boolean(this.#lineOf(line)),
      onlines: (lines) => this.#onlines(lines),
      onchange: (patch) => this.#change(id, patch),
    });
    this.#controls.push({ id, control });
    control.render(this.#mine.get(id) ?? UNRATED, this.#fixed);
    return control;
  }

  #state() {
    const element = h("span", { class: "rating-state", role: "status", dataset: { testid: "rating-state" } });
    this.#states.push(element);
    return element;
  }

  get #fixed() {
    return !this.#loaded || this.#submitted !== null || !this.#may.comment;
  }

  /** The act of the line menu that quotes a line for a rating; see line-menu.js. */
  get acts() {
    if (!this.#guide?.competencies.length) return [];
    const shown = () => !this.#fixed;
    return [{ key: "rate", icon: "star", needs: "comment", shown, label: () => t("rating_quote"), run: (line, element) => this.#choose(line, element) }];
  }

  // --- what is rated ---------------------------------------------------------------------------

  /** Fetch one's own ratings and what one may see of others; what is not saved yet stays. */
  async load() {
    if (!this.#guide?.competencies.length && !this.#overall) return;
    try {
      this.#take(await read(this.#url));
    } catch (error) {
      if (!this.#loaded) this.#say(t("rating_not_loaded", { detail: sentence(error.code, error.detail) }), true);
    }
  }

  /** Take note that somebody began or submitted, or that the page is looked at again. */
  heard() {
    clearTimeout(this.renewing);
    this.renewing = setTimeout(() => this.load(), 300);
  }

  #take({ mine, others, waiting }) {
    const first = !this.#loaded;
    this.#loaded = true;
    const kept = Object.entries(mine?.ratings ?? {});
    for (const id of this.#mine.keys()) if (!this.#changed.has(id)) this.#mine.delete(id);
    for (const [id, rating] of kept) if (!this.#changed.has(id)) this.#mine.set(id, rating);
    if (!this.#changed.has(OVERALL)) this.#mine.set(OVERALL, mine?.overall ?? UNSAID);
    this.#submitted = mine?.submitted_at ?? null;
    this.#others = others;
    this.#waiting = waiting;
    if (first) this.#say("");
    this.#show();
  }

  #show() {
    for (const { id, control } of this.#controls) {
      control.render(this.#mine.get(id) ?? UNRATED, this.#fixed);
    }
    this.#overall?.render(this.#mine.get(OVERALL) ?? UNSAID, this.#fixed);
    if (!this.#foot) return;
    if (this.#others.length) this.onothers();
    show(this.#foot.acts, this.#may.comment && this.#submitted === null);
    setText(this.#foot.note, this.#loaded ? this.#about() : "");
  }

  /** Say whose ratings are shown, and why those of others are not. */
  #about() {
    const waiting = this.#waiting ? ` ${t("rating_waiting", { n: this.#waiting })}` : "";
    if (!this.#may.comment) return t(this.#others.length ? "rating_of_others" : "rating_none_shown") + waiting;
    if (this.#submitted === null) return t("rating_blind");
    return t(this.#others.length ? "rating_beside" : "rating_alone") + waiting;
  }

  #change(id, patch) {
    if (this.#fixed) return;
    const before = this.#mine.get(id) ?? UNRATED;
    this.#mine.set(id, { ...before, ...patch });
    this.#changed.add(id);
    if (id === OVERALL) this.#overall.render(this.#mine.get(id), false);
    this.#say(t("rating_saving"));
    for (const known of this.#controls) if (known.id === id) known.control.render(this.#mine.get(id), this.#fixed);
    this.#later(PAUSE_MS);
  }

  // --- saving ----------------------------------------------------------------------------------

  #later(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#save(), ms);
  }

  #unsaved() {
    return new Map([...this.#changed].map((id) => [id, this.#mine.get(id)]));
  }

  /** What is sent of it: ratings, what one recommends, or both. */
  #body(unsaved) {
    const { [OVERALL]: overall, ...ratings } = Object.fromEntries(unsaved);
    return { ...(Object.keys(ratings).length && { ratings }), ...(overall && { overall }) };
  }

  async #save() {
    clearTimeout(this.#timer);
    if (this.#busy || !this.#changed.size) return;
    this.#busy = true;
    const sent = this.#unsaved();
    try {
      const answer = await act(`${this.#url}mine/`, this.#body(sent), "PUT");
      for (const [id, rating] of sent) if (this.#mine.get(id) === rating) this.#changed.delete(id);
      this.#failures = 0;
      this.#say(t(this.#changed.size ? "rating_saving" : "rating_saved"));
      this.#take(answer);
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#busy = false;
      if (this.#changed.size && !this.#failures) this.#later(PAUSE_MS);
    }
  }

  #failed(error) {
    const passing = error.status === 0 || error.status === 429 || error.status >= 500;
    const detail = sentence(error.status === 404 ? "rating_refused" : error.code, error.detail);
    this.#failures += 1;
    if (passing) {
      const seconds = RETRY_S[Math.min(this.#failures, RETRY_S.length) - 1];
      this.#say(t("rating_again", { seconds }), true);
      this.#later(seconds * 1000);
      return;
    }
    this.#say(t("rating_failed", { detail }), true);
    if (error.code === "submitted") this.#changed.clear(); // in another window
    this.heard();
  }

  /** Send what is left when the page goes. */
  #leave() {
    if (this.#changed.size) act(`${this.#url}mine/`, this.#body(this.#unsaved()), "PUT", { keepalive: true }).catch(() => {});
  }

  #say(text, wrong = false) {
    for (const element of this.#states) {
      setText(element, text);
      element.classList.toggle("wrong", wrong);
    }
  }

  // --- submitting ------------------------------------------------------------------------------

  #ask(opener) {
    const rated = [...this.#mine.values()].filter(({ value }) => value).length;
    const { recommendation } = this.#mine.get(OVERALL);
    if (!rated && !recommendation) return this.#say(t("rating_nothing"), true);
    const all = this.#guide?.competencies.length ?? 0;
    const said = recommendation ? t("rating_submit_overall", { said: t(`overall_${recommendation}`) }) : t("rating_submit_unsaid");
    const text = [all && t("rating_submit_rated", { rated, all }), said, t("rating_submit_text")].filter(Boolean).join(" ");
    const submit = h("button", { class: "button primary", type: "button", dataset: { testid: "ratings-confirm" } }, t("rating_submit"));
    const dialog = this.#dialog(t("rating_submit_title"), opener, h("p", {}, text), submit);
    submit.addEventListener("click", () => (dialog.close(), this.#submit(opener)));
  }

  async #submit(button) {
    button.disabled = true;
    try {
      await this.#save();
      if (this.#changed.size) return;
      this.#take(await act(`${this.#url}mine/submit/`));
      this.#say("");
      announce(t("rating_submitted"));
    } catch (error) {
      this.#say(t("rating_not_submitted", { detail: sentence(error.code, error.detail) }), true);
    } finally {
      button.disabled = false;
    }
  }

  /** Let the person choose for which competency a line is quoted. */
  #choose(line, element) {
    const choices = this.#guide.competencies.map(({ id, name }) =>
      h("button", { class: "button", type: "button", value: String(id), onclick: (event) => this.#quote(event, line, dialog) }, name),
    );
    const dialog = this.#dialog(t("rating_quote_title"), element, h("div", { class: "stack" }, ...choices));
  }

  #quote({ currentTarget }, line, dialog) {
    dialog.close();
    const { segments } = this.#mine.get(currentTarget.value) ?? UNRATED;
    if (segments.includes(line.id) || segments.length >= MOST_LINES) return;
    this.#change(currentTarget.value, { segments: [...segments, line.id] });
    announce(t("rating_quoted", { name: currentTarget.textContent }));
  }

  #dialog(title, opener, content, submit = null) {
    const cancel = h("button", { class: "button", type: "button", onclick: () => dialog.close() }, t("rating_cancel"));
    const heading = h("h2", { id: "rating-dialog-heading" }, title);
    const acts = h("div", { class: "acts end" }, cancel, submit);
    const dialog = h("dialog", { class: "dialog", "aria-labelledby": heading.id }, heading, content, acts);
    dialog.addEventListener("close", () => (dialog.remove(), opener?.focus({ preventScroll: true })));
    document.body.append(dialog);
    dialog.showModal();
    return dialog;
  }
}
