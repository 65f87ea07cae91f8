/** The rating of one competency: a scale with what each value means, a comment, quoted lines. */

import { h, icon, setText, show } from "./dom.js";
import { t } from "./i18n.js";

const SCALE = [1, 2, 3, 4, 5];
const CLEARING = new Set(["0", "Backspace", "Delete"]);
const COMMENT_CHARS = 2000;
let made = 0;

export class RatingControl {
  #competency;
  #full;
  #radios;
  #anchor;
  #clear;
  #comment;
  #more; // opens the comment where there is little room
  #lines;
  #on;

  /** `on`: label(line), quote(line), known(line), onlines(lines), onchange(patch). */
  constructor({ competency, full, state, ...on }) {
    this.#competency = competency;
    this.#full = full;
    this.#on = on;
    const name = `rating-${(made += 1)}`;
    this.#radios = SCALE.map((value) => h("input", { type: "radio", name, value: String(value) }));
    this.#anchor = h("p", { class: "rating-anchor" });
    this.#clear = full
      ? h("button", { class: "rating-more", type: "button" }, t("rating_clear"))
      : h("button", { class: "rating-clear", type: "button", "aria-label": t("rating_clear"), title: t("rating_clear") }, icon("cross"));
    this.#comment = h("textarea", { id: `${name}-comment`, rows: "2", maxlength: String(COMMENT_CHARS) });
    this.#lines = h("ul", { class: "rating-lines", "aria-label": t("rating_lines") });
    this.element = this.#build(name, state);
    this.#listen();
  }

  #build(name, state) {
    const { name: title, description } = this.#competency;
    const scale = h("div", { class: "rating-scale" }, ...this.#radios.map((radio) => this.#value(radio)), this.#clear);
    const label = h("label", { for: `${name}-comment` }, t("rating_comment"));
    const comment = h("div", { class: "field rating-comment" }, label, this.#comment);
    if (this.#full) {
      return h(
        "fieldset",
        { class: "rating full", dataset: { rating: this.#competency.id } },
        h("legend", {}, title),
        description ? h("p", { class: "muted" }, description) : null,
        scale,
        this.#lines,
        comment,
      );
    }
    this.#more = h("button", { class: "rating-more", type: "button", "aria-expanded": "false" }, t("rating_comment"));
    this.#more.addEventListener("click", () => this.#open(this.#more.getAttribute("aria-expanded") === "false"));
    const legend = h("legend", { class: "visually-hidden" }, t("rating_of", { name: title }));
    const head = h("div", { class: "rating-head" }, h("span", { "aria-hidden": "true" }, t("rating")), state, this.#more);
    show(comment, false);
    return h("fieldset", { class: "rating", dataset: { rating: this.#competency.id } }, legend, head, scale, this.#anchor, this.#lines, comment);
  }

  /** One value of the scale. Where there is room its anchor stands beside it. */
  #value(radio) {
    const text = this.#competency.anchors[radio.value - 1] ?? "";
    const words = h("span", { class: this.#full ? "rating-words" : "visually-hidden" }, text);
    const attributes = { class: "rating-value", title: !this.#full && text ? text : null };
    return h("label", attributes, radio, h("span", { class: "rating-number" }, radio.value), text ? words : null);
  }

  #listen() {
    const scale = this.#clear.parentElement;
    scale.addEventListener("change", ({ target }) => this.#on.onchange({ value: Number(target.value) }));
    scale.addEventListener("keydown", (event) => this.#key(event));
    this.#clear.addEventListener("click", () => this.#unrate());
    this.#comment.addEventListener("input", () => this.#on.onchange({ comment: this.#comment.value }));
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const chosen = this.#radios.find((radio) => radio.value === event.key);
    if (!chosen && !CLEARING.has(event.key)) return;
    event.preventDefault();
    if (!chosen) return this.#unrate();
    chosen.focus();
    chosen.click();
  }

  #unrate() {
    if (this.#clear.hidden || this.#clear.disabled) return;
    this.#on.onchange({ value: null });
    this.#radios[0].focus();
  }

  #open(open) {
    this.#more.setAttribute("aria-expanded", String(open));
    show(this.#comment.parentElement, open);
    if (open) this.#comment.focus();
  }

  /** Say what the chosen value means, or that none is. */
  #explain(value) {
    const text = value ? this.#competency.anchors[value - 1] : t("rating_unrated");
    setText(this.#anchor, text);
    show(this.#anchor, Boolean(text));
  }

  /** Show what is rated; `fixed` can be read only. */
  render(rating, fixed) {
    for (const radio of this.#radios) {
      radio.checked = Number(radio.value) === rating.value;
      radio.disabled = fixed;
    }
    show(this.#clear, rating.value !== null && !fixed);
    if (document.activeElement !== this.#comment || fixed) this.#comment.value = rating.comment;
    this.#comment.readOnly = fixed;
    if (this.#full) show(this.#comment.parentElement, !fixed || Boolean(rating.comment));
    else {
      this.#more.disabled = fixed && !rating.comment;
      this.#more.classList.toggle("written", Boolean(rating.comment));
      this.#explain(rating.value);
    }
    this.#showLines(rating, fixed);
  }

  #showLines({ segments }, fixed) {
    const known = segments.filter((line) => this.#on.known(line));
    const rows = known.map((line) => this.#line(line, fixed, segments));
    this.#lines.replaceChildren(...rows);
    show(this.#lines, rows.length > 0);
  }

  #line(line, fixed, segments) {
    const label = this.#on.label(line);
    const words = this.#full ? h("q", {}, this.#on.quote(line)) : null;
    const jump = h("button", { class: "rating-line", type: "button", title: this.#on.quote(line), onclick: () => this.#on.onlines([line]) }, h("span", {}, label), words);
    const drop = () => this.#on.onchange({ segments: segments.filter((other) => other !== line) });
    const remove = fixed ? null : h("button", { class: "rating-clear", type: "button", "aria-label": t("rating_line_remove", { at: label }), onclick: drop }, icon("cross"));
    return h("li", {}, jump, remove);
  }
}
