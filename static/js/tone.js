/** The tone of the candidate's wording: a sentence, what it rests on, a chart and its table. */

import { read } from "./api.js";
import { byId, h, setText, show } from "./dom.js";
import { clock, t } from "./i18n.js";
import { ToneChart, signs } from "./tone-chart.js";

const SIGNS = ["clear", "confident", "enthusiastic", "hedges", "fillers", "defensive"];
const RENEW_MS = 10_000; // the sentence is asked for again no sooner

export class Tone {
  #figure = byId("tone");
  #table = byId("tone-table");
  #readings = new Map(); // id -> reading
  #allowed = true;
  #chart;
  #url;
  #options;
  #told = 0; // of how many readings the sentence tells
  #asked = -Infinity; // when it was asked for
  #renewal = 0;
  #due = false;

  /** options: lineOf(id), onlines(ids), oncount(count) */
  constructor(url, options) {
    this.#url = url;
    this.#options = options;
    this.#chart = new ToneChart((reading) => options.onlines([reading.segment]));
    this.#table.addEventListener("toggle", () => this.#fillTable());
  }

  /** Show nothing of it where an organization wants none. */
  allow(allowed) {
    if (this.#allowed === allowed) return;
    this.#allowed = allowed;
    this.#changed();
  }

  upsert(reading) {
    if (this.#options.lineOf(reading.segment)?.hidden) return;
    const known = this.#readings.has(reading.id);
    this.#readings.set(reading.id, reading);
    if (known || !this.#chart.reaches(reading)) this.#redraw();
    else {
      this.#chart.add(reading);
      if (this.#table.open) this.#addRow(reading);
    }
    this.#changed();
  }

  /** Take away the reading of a line that is none. */
  drop(segment) {
    const gone = [...this.#readings.values()].find((reading) => reading.segment === segment);
    if (!gone) return;
    this.#readings.delete(gone.id);
    this.#redraw();
    this.#changed();
  }

  #redraw() {
    this.#chart.draw([...this.#readings.values()]);
    this.#fillTable();
  }

  /** Show it once for all that came at a time. */
  #changed() {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => this.#show());
  }

  #show() {
    this.#due = false;
    const count = this.#allowed ? this.#readings.size : 0;
    show(this.#figure, count > 0);
    this.#options.oncount(count);
    this.renew();
  }

  // --- the same as a table ---------------------------------------------------------------------

  #fillTable() {
    this.#table.querySelector("tbody").replaceChildren();
    if (!this.#table.open) return;
    const readings = [...this.#readings.values()].sort((a, b) => a.at_ms - b.at_ms);
    for (const reading of readings) this.#addRow(reading);
  }

  #addRow(reading) {
    const go = () => this.#options.onlines([reading.segment]);
    const properties = { class: "time-link", type: "button", title: t("card_quote"), onclick: go };
    const row = h(
      "tr",
      {},
      h("td", {}, h("button", properties, clock(reading.at_ms))),
      h("td", {}, t(`tone_${reading.overall}`)),
      h("td", {}, signs(reading)),
    );
    this.#table.querySelector("tbody").append(row);
  }

  // --- the sentence ----------------------------------------------------------------------------

  /** Ask for the sentence where it is seen and tells of other readings than are here. */
  renew() {
    if (this.#renewal || this.#told === this.#readings.size || this.#figure.offsetParent === null) return;
    const wait = Math.max(0, this.#asked + RENEW_MS - performance.now());
    this.#renewal = setTimeout(() => this.#ask(), wait);
  }

  async #ask() {
    this.#asked = performance.now();
    this.#told = this.#readings.size;
    const newest = Math.max(0, ...[...this.#readings.values()].map((reading) => reading.revision));
    const answer = await read(`${this.#url}?after=${newest}`).catch(() => null); // the chart stands without it
    if (answer?.summary) this.#tell(answer.summary);
    this.#renewal = 0;
    this.renew();
  }

  #tell({ overall, confidence, trend, indicators }) {
    const [sentence, sure] = byId("tone-summary").children;
    setText(sentence, [t(`tone_overall_${overall}`), trend && t(`tone_trend_${trend}`)].filter(Boolean).join(" "));
    setText(sure, t("tone_confidence", { percent: Math.round(confidence * 100) }));
    const found = SIGNS.filter((name) => indicators[name]);
    const chips = found.map((name) => h("li", { class: "badge" }, `${t(`sign_${name}`)} ${indicators[name]}`));
    byId("tone-signs").replaceChildren(...chips);
    show(byId("tone-signs"), found.length > 0);
  }
}
