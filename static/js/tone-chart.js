/**
 * The chart of the tone of wording: a row for each tone, the interview's time from left to right.
 *
 * It has a fixed number of columns over a span that grows by steps, so that one more reading costs
 * the same after two hours as after two minutes.
 */

import { byId, draw, setText } from "./dom.js";
import { clock, t } from "./i18n.js";

const WIDTH = 360; // of the drawing, in its own units
const LEFT = 66;
const RIGHT = 352;
const TOP = 14;
const ROW = 27;
const ROWS = ["positive", "neutral", "negative", "stressed"]; // from the top
const LOOKS = {
  positive: { colour: "green", shape: "M0-3.8 4 3-4 3Z" },
  neutral: { colour: "grey", shape: "M-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0Z" },
  negative: { colour: "yellow", shape: "M0 3.8 4-3-4-3Z" },
  stressed: { colour: "orange", shape: "M0-4.2 4.2 0 0 4.2-4.2 0Z" },
};
const COLUMNS = 40; // as many marks as have room beside each other
const SPANS_MIN = [2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240];
const SMOOTHING = 0.3; // how much of the line a new column is
const NEAR = 16; // a click this near to a mark means it

export class ToneChart {
  #drawing = byId("tone-chart");
  #line = draw("path", { class: "tone-line" });
  #end = draw("text", { x: RIGHT, y: 120, "text-anchor": "end" });
  #columns = new Map(); // column -> {sum, count} of its rows
  #marks = new Map(); // "column row" -> {element, x, y, reading, count}
  #current = null; // the mark that Tab leads to
  #span = 0; // milliseconds from left to right
  #go;

  /** go(reading): called with the reading that was chosen */
  constructor(go) {
    this.#go = go;
    ROWS.forEach((name, row) => {
      const y = TOP + row * ROW;
      this.#drawing.append(
        draw("text", { x: 0, y: y + 4 }, t(`tone_${name}`)),
        draw("path", { class: "tone-grid", d: `M${LEFT} ${y}H${RIGHT}` }),
      );
    });
    this.#drawing.append(draw("text", { x: LEFT, y: 120 }, clock(0)), this.#end, this.#line);
    this.#drawing.addEventListener("click", (event) => this.#click(event));
    this.#drawing.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Tell whether a reading lies within the span that is drawn. */
  reaches({ at_ms }) {
    return at_ms <= this.#span;
  }

  /** Draw all readings over the smallest span that holds them. */
  draw(readings) {
    const last = Math.max(0, ...readings.map((reading) => reading.at_ms));
    const minutes = SPANS_MIN.find((span) => span * 60_000 >= last) ?? last / 60_000;
    this.#span = minutes * 60_000;
    setText(this.#end, clock(this.#span));
    for (const { element } of this.#marks.values()) element.remove();
    this.#marks.clear();
    this.#columns.clear();
    this.#current = null;
    for (const reading of readings) this.#plot(reading);
    this.#smooth();
  }

  add(reading) {
    this.#plot(reading);
    this.#smooth();
  }

  #plot(reading) {
    const row = ROWS.indexOf(reading.overall);
    const column = Math.min(COLUMNS - 1, Math.floor((reading.at_ms / this.#span) * COLUMNS));
    const { sum, count } = this.#columns.get(column) ?? { sum: 0, count: 0 };
    this.#columns.set(column, { sum: sum + row, count: count + 1 });
    const key = `${column} ${row}`;
    const mark = this.#marks.get(key) ?? this.#mark(column, row);
    this.#marks.set(key, mark);
    mark.count += 1;
    mark.reading = reading;
    mark.element.setAttribute("aria-label", label(mark));
    setText(mark.element.firstElementChild, label(mark));
  }

  #mark(column, row) {
    const [x, y] = [across(column), TOP + row * ROW];
    const { colour, shape } = LOOKS[ROWS[row]];
    const place = { transform: `translate(${x} ${y})`, tabindex: this.#current ? -1 : 0 };
    const parts = [draw("title"), draw("circle", { r: 8 }), draw("path", { d: shape })];
    const element = draw("g", { ...place, class: "tone-mark", role: "button", "data-colour": colour }, ...parts);
    element.dataset.testid = "tone-mark";
    this.#drawing.append(element);
    const mark = { element, x, y, count: 0, reading: null };
    this.#current ??= mark;
    return mark;
  }

  #smooth() {
    let level = null;
    const columns = [...this.#columns].sort(([a], [b]) => a - b);
    const path = columns.map(([column, { sum, count }]) => {
      level = level === null ? sum / count : level + SMOOTHING * (sum / count - level);
      return `${across(column)} ${(TOP + level * ROW).toFixed(1)}`;
    });
    this.#line.setAttribute("d", path.length > 2 ? `M${path.join("L")}` : "");
  }

  /** A click need not hit a mark: the nearest one is meant. */
  #click(event) {
    const marks = [...this.#marks.values()];
    const hit = marks.find(({ element }) => element.contains(event.target));
    if (hit) return this.#go(hit.reading);
    const box = this.#drawing.getBoundingClientRect();
    const x = ((event.clientX - box.x) * WIDTH) / box.width;
    const y = ((event.clientY - box.y) * WIDTH) / box.width;
    const away = (mark) => Math.hypot(mark.x - x, mark.y - y);
    const [nearest] = marks.sort((a, b) => away(a) - away(b));
    if (nearest && away(nearest) < NEAR) this.#go(nearest.reading);
  }

  #key(event) {
    const marks = [...this.#marks.values()].sort((a, b) => a.x - b.x || a.y - b.y);
    const at = marks.findIndex(({ element }) => element === document.activeElement);
    if (at < 0) return;
    const targets = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: marks.length - 1 };
    if (event.key === "Enter" || event.key === " ") this.#go(marks[at].reading);
    else if (event.key in targets) this.#focus(marks[targets[event.key]] ?? marks[at]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #focus(mark) {
    this.#current.element.setAttribute("tabindex", -1);
    this.#current = mark;
    mark.element.setAttribute("tabindex", 0);
    mark.element.focus();
  }
}

function across(column) {
  return Number((LEFT + ((column + 0.5) / COLUMNS) * (RIGHT - LEFT)).toFixed(1));
}

/** Name the signs of a reading for people. */
export function signs({ indicators }) {
  return indicators.map((name) => t(`sign_${name}`)).join(", ");
}

function label({ reading, count }) {
  const values = { at: clock(reading.at_ms), tone: t(`tone_${reading.overall}`), signs: signs(reading), n: count };
  return t(count > 1 ? "tone_marks" : values.signs ? "tone_mark_signs" : "tone_mark", values);
}
