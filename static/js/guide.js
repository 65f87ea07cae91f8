/**
 * The guide: which planned questions were asked, which is the current one and how long it takes,
 * and which parts of a story the answer has shown.
 */

import { act } from "./api.js";
import { announce, h, icon, setText } from "./dom.js";
import { sentence } from "./errors.js";
import { clock, t } from "./i18n.js";

const LOOKING_MS = 8000; // after somebody looked elsewhere in the guide it is left where it is
const LATE = 0.75; // of the planned time, from which on what is still open is marked
const PARTS = ["situation", "task", "action", "result"];

export class Guide {
  #root;
  #base;
  #store;
  #now;
  #banner;
  #onlines;
  #rows = new Map(); // question id -> its elements
  #shown = new Map(); // question id -> what is shown of it
  #current = null;
  #looked = -Infinity;
  #quiet = true;

  /** `now()` is the server's time; `onlines(ids)` shows lines of the transcript. */
  constructor(root, { base, store, now, banner, onlines }) {
    this.#root = root;
    this.#base = base;
    this.#store = store;
    this.#now = now;
    this.#banner = banner;
    this.#onlines = onlines;
    for (const element of root.querySelectorAll("[data-question]")) this.#rows.set(Number(element.dataset.question), parts(element));
    const body = root.querySelector(".column-body");
    for (const type of ["pointermove", "wheel", "touchmove", "keydown", "focusin"])
      body.addEventListener(type, () => (this.#looked = performance.now()), { passive: true });
    root.addEventListener("click", ({ target }) => {
      const tick = target.closest("button.tick");
      if (tick) this.tick(Number(tick.closest("[data-question]").dataset.question));
    });
    if (this.#rows.size) setInterval(() => this.#showTimes(), 1000);
  }

  get #questions() {
    return this.#store.guide?.competencies.flatMap((competency) => competency.questions) ?? [];
  }

  // --- what is shown ---------------------------------------------------------------------------

  /** Show the guide as it stands; `quiet` where it is not news. */
  render(quiet = false) {
    this.#quiet = quiet;
    const asked = this.#asked();
    const current = this.#store.session.status === "ended" ? null : (asked.at(-1)?.id ?? null);
    for (const question of this.#questions) this.#showQuestion(question, question.id === current);
    for (const competency of this.#store.guide?.competencies ?? []) this.#showCompetency(competency);
    this.#showTimes();
    if (current !== this.#current) this.#follow(current);
    this.#current = current;
    this.#quiet = true;
  }

  /** Return the questions that were asked, in that order. */
  #asked() {
    return this.#questions.filter(({ asked_ms }) => asked_ms !== null).sort((a, b) => a.asked_ms - b.asked_ms);
  }

  #showQuestion(question, current) {
    const row = this.#rows.get(question.id);
    if (!row) return;
    if (current) row.element.setAttribute("aria-current", "true");
    else row.element.removeAttribute("aria-current");
    if (row.tick?.matches("button")) row.tick.disabled = this.#store.session.status === "draft";
    const known = this.#shown.get(question.id);
    if (known === question) return;
    this.#shown.set(question.id, question);
    const asked = question.asked_ms !== null;
    row.element.classList.toggle("asked", asked);
    if (row.tick?.matches("button")) {
      row.tick.setAttribute("aria-pressed", String(asked));
      row.tick.title = t(asked ? "guide_untick" : "guide_tick");
    } else setText(row.askedText, asked ? t("guide_asked") : "");
    this.#showStar(row, question.star);
    const news = known && known.asked_ms === null && asked && question.by === "heard";
    if (news && !this.#quiet) announce(t("announce_asked", { question: row.text.textContent.trim() }));
  }

  #showStar(row, star) {
    const wanted = Object.keys(star).length > 0;
    if (!wanted) {
      row.star?.remove();
      row.star = null;
      return;
    }
    if (!row.star) {
      row.star = h("ul", { class: "star", "aria-label": t("star") });
      row.element.append(row.star);
    }
    const focused = row.star.contains(document.activeElement) ? document.activeElement.dataset.part : "";
    row.star.replaceChildren(...PARTS.map((part) => h("li", {}, this.#light(part, star[part] ?? []))));
    if (focused) row.star.querySelector(`[data-part="${focused}"]`)?.focus();
  }

  /** One light: lit it is a button that shows the line. */
  #light(part, lines) {
    const name = t(`star_${part}`);
    if (!lines.length) return h("span", { class: "star-part", title: t("star_missing") }, icon("ring"), name, h("span", { class: "visually-hidden" }, ` (${t("star_missing")})`));
    const run = () => this.#onlines(lines);
    return h("button", { class: "star-part lit", type: "button", title: t("star_show"), dataset: { part }, onclick: run }, icon("check"), name, h("span", { class: "visually-hidden" }, `. ${t("star_show")}`));
  }

  #showCompetency(competency) {
    const count = this.#root.querySelector(`[data-competency="${competency.id}"] .competency-count`);
    const all = competency.questions.length;
    const done = competency.questions.filter(({ asked_ms }) => asked_ms !== null).length;
    const open = !done && all > 0 && this.#late();
    if (!count) return;
    count.classList.toggle("open", open);
    setText(count, open ? t("guide_open") : done ? t("guide_count", { asked: done, all }) : "");
  }

  #late() {
    const { status, planned_minutes: planned } = this.#store.session;
    return status === "live" && planned > 0 && this.#elapsed() > LATE * planned * 60_000;
  }

  /** Return how long the interview has lasted, in milliseconds; null where no clock tells. */
  #elapsed() {
    const { status, started_at, ended_at } = this.#store.session;
    if (!started_at || status === "processing") return null;
    return (ended_at ? Date.parse(ended_at) : this.#now()) - Date.parse(started_at);
  }

  /** Show how long each question took against its minutes, and how far the whole plan is. */
  #showTimes() {
    const asked = this.#asked();
    const end = this.#elapsed();
    asked.forEach((question, at) => {
      const until = asked[at + 1]?.asked_ms ?? end;
      if (until !== null) this.#showTime(question, Math.max(0, until - question.asked_ms));
    });
    for (const question of this.#questions) if (question.asked_ms === null) this.#showTime(question, null);
    if (this.#late()) for (const competency of this.#store.guide?.competencies ?? []) this.#showCompetency(competency);
    const minutes = this.#questions.reduce((sum, question) => sum + question.minutes, 0);
    const key = minutes ? "guide_progress" : "guide_progress_untimed";
    setText(this.#root.querySelector(".guide-progress"), t(key, { asked: asked.length, all: this.#questions.length, minutes }));
  }

  #showTime({ id, minutes }, spent) {
    const place = this.#rows.get(id)?.minutes;
    if (!place) return;
    const planned = minutes ? t("guide_minutes", { n: minutes }) : "";
    const text = minutes ? t("guide_spent", { spent: clock(spent ?? 0), planned }) : clock(spent ?? 0);
    setText(place, spent === null ? planned : text);
    place.classList.toggle("over", minutes > 0 && (spent ?? 0) > minutes * 60_000);
  }

  /** Bring the current question into view, unless the person is looking elsewhere in the guide. */
  #follow(id) {
    const row = this.#rows.get(id);
    if (!row || performance.now() - this.#looked < LOOKING_MS) return;
    row.element.scrollIntoView({ block: "nearest" });
  }

  // --- what the person does --------------------------------------------------------------------

  /** Tick a question, or take its tick back; the same again undoes it. */
  async tick(id) {
    const question = this.#questions.find((known) => known.id === id);
    if (!question || !this.#store.session.may.comment || this.#store.session.status === "draft") return false;
    const asked = question.asked_ms === null;
    const at = asked ? { asked_ms: this.#elapsed() ?? 0, by: "person" } : { asked_ms: null, asked_in: null, by: "", star: {} };
    this.#store.patchQuestion({ ...question, ...at });
    try {
      const answer = await act(`${this.#base}/guide/questions/${id}/`, { asked }, "PUT");
      this.#store.takeQuestion(answer.question, answer.revision);
      this.#banner.clear("guide");
    } catch (error) {
      this.#store.patchQuestion(question);
      const detail = sentence(error.status === 404 ? "guide_refused" : error.code, error.detail);
      this.#banner.set("guide", { level: "error", text: t("guide_not_ticked", { detail }), dismissible: true });
    }
  }

  /** Return the question that has the focus, else the current one, else the first. */
  #chosen() {
    const focused = document.activeElement?.closest("[data-question]");
    return focused ? Number(focused.dataset.question) : (this.#current ?? this.#questions[0]?.id);
  }

  tickChosen() {
    return this.#rows.size > 0 && (this.tick(this.#chosen()), true);
  }

  /** Put the focus on the next (1) or the previous (-1) question. */
  move(step) {
    const rows = [...this.#rows.values()];
    if (!rows.length) return false;
    const at = rows.findIndex(({ element }) => element.contains(document.activeElement));
    const start = at >= 0 ? at + step : rows.findIndex(({ element }) => element.matches("[aria-current]"));
    const { element, tick } = rows[Math.max(0, Math.min(start, rows.length - 1))];
    (tick?.matches("button:enabled") ? tick : element).focus();
  }

  /** Put the focus on the rating of the competency that the chosen question belongs to. */
  rate() {
    const row = this.#rows.get(this.#chosen());
    const section = row?.element.closest("[data-competency]");
    const rating = section?.querySelector("input[type=radio]:checked") ?? section?.querySelector("input[type=radio]:enabled");
    if (!rating) return false;
    rating.focus();
  }
}

function parts(element) {
  return {
    element,
    tick: element.querySelector(".tick"),
    text: element.querySelector(".planned-text"),
    askedText: element.querySelector(".asked-text"),
    minutes: element.querySelector(".minutes"),
    star: null,
  };
}

/** Put a rating under each competency of the guide. */
export function mountRatings(root, ratings) {
  for (const section of root.querySelectorAll("[data-competency]")) ratings.mountCompact(section.dataset.competency, section);
}
