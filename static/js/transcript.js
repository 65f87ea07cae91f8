/**
 * The transcript: one row per segment in the order of speaking, partial text below.
 *
 * An event touches its own row and the one after it, however long the interview is.
 */

import { byId, h, icon, setIcon, setText, show } from "./dom.js";
import { clock, span, t } from "./i18n.js";
import { setUpLines } from "./lines.js";
import { textNodes } from "./words.js";

const LEAF = 40; // rows that are laid out together, or not at all
const NEAR = 56; // pixels from the bottom that still count as being there
const SHORT_MS = 500; // nobody misses a gap of less
const RUN_MS = 20_000; // a longer pause shows the speaker and the time again
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Transcript {
  #scroller = byId("transcript");
  #list = byId("lines");
  #partials = byId("partials");
  #jump = byId("jump-live");
  #rows = new Map(); // id -> {element, segment}
  #order = []; // ids by start
  #open = new Map(); // role -> rows of partial text, oldest first
  #marks = new Map(); // segment id -> Map(insight id -> insight)
  #stuck = true;
  live = true; // there is an end to jump to
  onmark = () => {}; // (insight id)
  onmenu = () => {}; // (segment id, element of its line, point that was pressed)
  #flags = new Map(); // segment id -> what its bookmarks say

  constructor() {
    this.#scroller.addEventListener("scroll", () => this.#noticeScroll(), { passive: true });
    const follow = new ResizeObserver(() => this.#follow());
    for (const part of [this.#list, this.#partials, this.#scroller]) follow.observe(part);
    this.#jump.addEventListener("click", () => this.jump());
    setUpLines(this.#scroller, (...line) => this.onmenu(...line));
  }

  get length() {
    return this.#order.length;
  }

  // --- scrolling -------------------------------------------------------------------------------

  #noticeScroll() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    this.#stuck = scrollHeight - scrollTop - clientHeight < NEAR;
    show(this.#jump, this.live && !this.#stuck);
  }

  #follow() {
    if (this.#stuck) this.#scroller.scrollTop = this.#scroller.scrollHeight;
    else this.#noticeScroll();
  }

  jump() {
    this.#stuck = true;
    show(this.#jump, false);
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  toTop() {
    this.#stuck = false;
    this.#scroller.scrollTop = 0;
    show(this.#jump, false);
  }

  /** Find the place again after the view was not on the page. */
  settle() {
    if (this.#stuck) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  /** Show a line, say which it is by light, and put the focus there. */
  reveal(id) {
    const row = this.#rows.get(id);
    if (!row) return false;
    this.#stuck = false;
    this.#scrollTo(row.element);
    row.element.focus({ preventScroll: true });
    row.element.classList.remove("lit");
    requestAnimationFrame(() => row.element.classList.add("lit"));
    return true;
  }

  #scrollTo(element) {
    const far = Math.abs(element.offsetTop - this.#scroller.scrollTop) > 3 * this.#scroller.clientHeight;
    const behavior = far || calm.matches ? "auto" : "smooth";
    element.scrollIntoView({ block: "center", behavior });
    // Lines on the way have only now got their true heights.
    if (far) requestAnimationFrame(() => element.scrollIntoView({ block: "center" }));
  }

  // --- segments --------------------------------------------------------------------------------

  upsert(segment) {
    this.#consume(segment);
    if (segment.hidden) return this.#remove(segment.id);
    const known = this.#rows.get(segment.id);
    if (known) {
      const moved = known.segment.role !== segment.role;
      known.segment = segment;
      this.#fill(known.element, segment);
      const at = moved ? this.#order.indexOf(segment.id) : -1;
      if (moved) for (const place of [at, at + 1]) this.#join(place);
      return undefined;
    }
    return this.#insert(segment, this.#build(segment));
  }

  /** Show that something could not be recorded, where it would have been. */
  gap(gap) {
    if (this.#rows.has(gap.id) || gap.end_ms - gap.start_ms < SHORT_MS) return;
    const seconds = span((gap.end_ms - gap.start_ms) / 1000);
    const text = t(`gap_${gap.reason}`, { seconds, speaker: t(`speaker_${gap.role}`) });
    const element = h(
      "li",
      { class: "gap", id: `line-${gap.id}`, dataset: { testid: "gap", id: gap.id } },
      h("span", { class: "line-time" }, clock(gap.start_ms)),
      h("p", {}, text),
    );
    this.#insert({ ...gap, role: "" }, element);
  }

  /** Take a line away that turned out to be another one's echo. */
  #remove(id) {
    const at = this.#order.indexOf(id);
    if (at < 0) return;
    const { element } = this.#rows.get(id);
    const leaf = element.parentElement;
    element.remove();
    if (!leaf.childElementCount) leaf.remove();
    this.#rows.delete(id);
    this.#order.splice(at, 1);
    this.#join(at);
  }

  #insert(segment, element) {
    const at = this.#place(segment);
    this.#attach(element, this.#rowAt(at - 1), this.#rowAt(at));
    this.#rows.set(segment.id, { element, segment });
    this.#order.splice(at, 0, segment.id);
    this.#join(at);
    this.#join(at + 1);
    this.#showMark(segment.id);
    this.#showFlag(segment.id);
    this.#joinPartials();
  }

  #rowAt(at) {
    return this.#rows.get(this.#order[at])?.element;
  }

  /** Put a row between two others. Leaves out of sight cost nothing, however many there are. */
  #attach(element, before, after) {
    const here = before?.parentElement;
    const next = after?.parentElement;
    if (after && next === here) after.before(element);
    else if (here && here.childElementCount < LEAF) here.append(element);
    else if (next && next.childElementCount < LEAF) next.prepend(element);
    else {
      const leaf = h("ol", { class: "leaf" }, element);
      if (here) here.after(leaf);
      else this.#list.prepend(leaf);
    }
  }

  #place(segment) {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#rows.get(this.#order[middle]).segment;
      if (other.start_ms <= segment.start_ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Show a stretch of which nothing is kept, while it lasts and afterwards. */
  offRecord({ id, from_ms, to_ms }) {
    const text = to_ms === null ? t("off_record_line_open") : t("off_record_line", { seconds: span((to_ms - from_ms) / 1000) });
    const known = this.#rows.get(id);
    if (known) return setText(known.element.querySelector("p"), text);
    const time = h("span", { class: "line-time" }, clock(from_ms));
    const element = h("li", { class: "gap off", id: `line-${id}`, dataset: { testid: "off-record-line" } }, time, h("p", {}, text));
    return this.#insert({ id, start_ms: from_ms, end_ms: to_ms ?? from_ms, role: "" }, element);
  }

  #build(segment) {
    const element = h(
      "li",
      {
        class: "line",
        id: `line-${segment.id}`,
        tabindex: "-1",
        dataset: { testid: "segment", role: segment.role, id: segment.id },
      },
      h("span", { class: "line-time" }, clock(segment.start_ms)),
      h("span", { class: "line-speaker" }, t(`speaker_${segment.role}`)),
      h("p", { class: "line-text" }),
    );
    this.#fill(element, segment);
    return element;
  }

  #fill(element, segment) {
    element.dataset.role = segment.role;
    setText(element.querySelector(".line-speaker"), t(`speaker_${segment.role}`));
    const edited = segment.corrected_at && h("span", { class: "line-edited", title: t("line_edited_tip") }, t("line_edited"));
    element.querySelector(".line-text").replaceChildren(...textNodes(segment.text, segment.words), edited || "");
  }

  /** Show the speaker only where the speaker changes or after a pause. */
  #join(at) {
    const row = this.#rows.get(this.#order[at]);
    if (!row?.segment.role) return;
    const before = this.#rows.get(this.#order[at - 1])?.segment;
    row.element.classList.toggle("continued", continues(before, row.segment));
  }

  /** Return the line that was being spoken at a time, or the last one before. */
  lineAt(ms) {
    let at = Math.max(0, this.#place({ start_ms: ms }) - 1);
    while (at > 0 && !this.#rows.get(this.#order[at]).segment.role) at -= 1; // a gap is no line
    return this.#order[at];
  }

  // --- partial text ----------------------------------------------------------------------------

  /** Show, change or (empty text) withdraw what is being spoken. */
  partial({ role, text, start_ms, end_ms }) {
    const rows = this.#open.get(role) ?? [];
    this.#open.set(role, rows);
    let row = rows.at(-1);
    if (!text) {
      if (row && start_ms <= row.end_ms) rows.pop().element.remove();
      return;
    }
    // An utterance whose final text is still being made stays while the next one begins.
    if (!row || start_ms >= row.end_ms) {
      row = { element: this.#buildPartial(role, start_ms), role, start_ms };
      rows.push(row);
      this.#partials.append(row.element);
    }
    row.end_ms = end_ms;
    setText(row.element.querySelector(".line-text"), text);
    this.#joinPartials();
  }

  #buildPartial(role, start) {
    return h(
      "div",
      { class: "line partial", dataset: { testid: "partial", role } },
      h("span", { class: "line-time" }, clock(start)),
      h("span", { class: "line-speaker" }, t(`speaker_${role}`)),
      h("p", { class: "line-text" }),
    );
  }

  #joinPartials() {
    let before = this.#rows.get(this.#order.at(-1))?.segment;
    for (const element of this.#partials.children) {
      const role = element.dataset.role;
      element.classList.toggle("continued", before?.role === role);
      before = { role };
    }
  }

  /** Take away the partial text that a confirmed segment replaces. */
  #consume(segment) {
    const rows = this.#open.get(segment.role);
    while (rows?.length && rows[0].start_ms < segment.end_ms) rows.shift().element.remove();
  }

  clearPartials() {
    this.#partials.replaceChildren();
    this.#open.clear();
  }

  // --- which lines are bookmarked --------------------------------------------------------------

  /** Mark a line as bookmarked and say by whom; no texts take the mark away. */
  flag(id, texts) {
    if (texts.length) this.#flags.set(id, texts);
    else this.#flags.delete(id);
    this.#showFlag(id);
  }

  #showFlag(id) {
    const row = this.#rows.get(id);
    const text = this.#flags.get(id)?.join("\n");
    const known = row?.element.querySelector(".line-flag");
    if (!text) return known?.remove();
    if (!row) return;
    const flag = known ?? h("span", { class: "line-flag", role: "img" }, icon("bookmark"));
    flag.title = text;
    flag.setAttribute("aria-label", text);
    if (!known) row.element.prepend(flag);
  }

  // --- which lines insights are about ----------------------------------------------------------

  mark(insight, present) {
    for (const id of insight.segments) {
      const marks = this.#marks.get(id) ?? new Map();
      if (present) marks.set(insight.id, insight);
      else if (!marks.delete(insight.id)) continue;
      this.#marks.set(id, marks);
      this.#showMark(id);
    }
  }

  #showMark(id) {
    const row = this.#rows.get(id);
    const marks = this.#marks.get(id);
    if (!row || !marks) return;
    let button = row.element.querySelector(".line-mark");
    if (!marks.size) {
      button?.remove();
      return;
    }
    if (!button) {
      const run = () => this.onmark([...this.#marks.get(id).keys()].at(-1));
      button = h("button", { class: "line-mark", type: "button", "aria-live": "off", onclick: run }, icon("bulb"), h("span"));
      row.element.append(button);
    }
    const latest = [...marks.values()].at(-1);
    button.dataset.colour = latest.colour;
    setIcon(button.firstElementChild, latest.icon);
    setText(button.lastElementChild, marks.size > 1 ? String(marks.size) : "");
    const label = t("line_insights", { n: marks.size });
    button.setAttribute("aria-label", label);
    button.title = label;
  }
}

function continues(before, segment) {
  if (!before || before.role !== segment.role) return false;
  return segment.start_ms - before.end_ms < RUN_MS;
}
