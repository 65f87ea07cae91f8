/** What somebody recommends overall, and why: one of four answers and a text, both typed by them. */

import { byId, h, show } from "./dom.js";
import { t } from "./i18n.js";

export const RECOMMENDATIONS = ["strong_no", "no", "yes", "strong_yes"];
const CLEARING = new Set(["0", "Backspace", "Delete"]);
const TEXT_CHARS = 2000;
const texts = byId("ratings-full").dataset; // of the page: few pages need them

export class OverallControl {
  #radios;
  #clear;
  #text;
  #onchange;

  /** onchange(patch) hears of each change of {recommendation, text}. */
  constructor({ onchange }) {
    this.#onchange = onchange;
    this.#radios = RECOMMENDATIONS.map((value) => h("input", { type: "radio", name: "overall", value }));
    this.#clear = h("button", { class: "rating-more", type: "button" }, texts.clear);
    this.#text = h("textarea", { id: "overall-text", rows: "3", maxlength: String(TEXT_CHARS) });
    this.element = this.#build();
    this.#listen();
  }

  #build() {
    const choices = this.#radios.map((radio) => h("label", { class: "overall-value" }, radio, h("span", {}, t(`overall_${radio.value}`))));
    const note = h("p", { class: "muted", id: "overall-note" }, texts.note);
    const why = h("div", { class: "field rating-comment" }, h("label", { for: this.#text.id }, texts.why), this.#text);
    const scale = h("div", { class: "overall-scale" }, ...choices, this.#clear);
    return h(
      "fieldset",
      { class: "rating full overall", "aria-describedby": note.id, dataset: { testid: "overall" } },
      h("legend", {}, texts.title),
      note,
      scale,
      why,
    );
  }

  #listen() {
    for (const radio of this.#radios) {
      radio.addEventListener("change", () => this.#onchange({ recommendation: radio.value }));
      radio.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || !CLEARING.has(event.key)) return;
        event.preventDefault();
        this.#unsay();
      });
    }
    this.#clear.addEventListener("click", () => this.#unsay());
    this.#text.addEventListener("input", () => this.#onchange({ text: this.#text.value }));
  }

  #unsay() {
    if (this.#clear.hidden) return;
    this.#onchange({ recommendation: "" });
    this.#radios[0].focus();
  }

  /** Show what is said; `fixed` can be read only. */
  render({ recommendation, text }, fixed) {
    for (const radio of this.#radios) {
      radio.checked = radio.value === recommendation;
      radio.disabled = fixed;
    }
    show(this.#clear, Boolean(recommendation) && !fixed);
    if (document.activeElement !== this.#text || fixed) this.#text.value = text;
    this.#text.readOnly = fixed;
    show(this.#text.parentElement, !fixed || Boolean(text));
  }
}
