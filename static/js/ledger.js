/** The claims ledger: every statement that can be checked, in the order it was said. */

import { byId, h, icon, setText, show } from "./dom.js";
import { clock, t } from "./i18n.js";

const ICONS = { conflicts: "triangle", supported: "check", unverifiable: "question" };

export class Ledger {
  #place = byId("ledger");
  #list = byId("claims");
  #filters = [...this.#place.querySelectorAll(".filter")];
  #rows = new Map(); // id -> {element, claim, start}
  #options;

  /** options: lineOf(id), onlines(ids), oncount(count) */
  constructor(options) {
    this.#options = options;
    for (const button of this.#filters) button.addEventListener("click", () => this.#filter(button.value));
  }

  upsert(claim) {
    const line = this.#options.lineOf(claim.segment);
    if (line?.echo) return;
    const known = this.#rows.get(claim.id);
    if (known) return this.#change(known, claim);
    const element = h("li", { class: "claim", dataset: { testid: "claim", id: claim.id } });
    const row = { element, claim, start: line?.start_ms ?? Infinity };
    this.#fill(row);
    const later = [...this.#list.children].findLast((one) => this.#rows.get(one.dataset.id).start <= row.start);
    this.#rows.set(claim.id, row);
    if (later) later.after(element);
    else this.#list.prepend(element);
    this.#count();
  }

  /** Take away what was claimed in a line that is none. */
  drop(segment) {
    for (const [id, { claim, element }] of this.#rows) {
      if (claim.segment !== segment) continue;
      element.remove();
      this.#rows.delete(id);
      this.#count();
    }
  }

  #change(row, claim) {
    const focused = row.element.contains(document.activeElement);
    row.claim = claim;
    this.#fill(row);
    if (focused) row.element.querySelector("button").focus({ preventScroll: true });
    this.#count();
  }

  #fill({ element, claim, start }) {
    const { onlines, lineOf } = this.#options;
    const go = () => onlines([claim.segment]);
    const at = start === Infinity ? t("claim_line") : clock(start);
    element.dataset.verdict = claim.verdict;
    element.replaceChildren(
      h(
        "div",
        { class: "claim-head" },
        h("button", { class: "time-link", type: "button", title: t("card_quote"), onclick: go }, at),
        h(
          "span",
          { class: "badge verdict", dataset: { verdict: claim.verdict } },
          icon(ICONS[claim.verdict]),
          t(`verdict_${claim.verdict}`),
        ),
      ),
      h("p", { class: "claim-statement" }, claim.statement),
      claim.reason && h("p", { class: "claim-reason" }, claim.reason),
      quoteButton(claim.quote, lineOf(claim.segment)?.role, go),
      claim.other_quote && this.#other(claim),
    );
  }

  /** What the claim was held against; a line of the interview leads there. */
  #other({ against, other_quote: quote, other_segment: segment }) {
    const label = h("span", { class: "quote-against" }, t(`against_${against || "other"}`));
    if (!segment) return h("p", { class: "quote" }, label, h("q", {}, quote));
    const button = quoteButton("", this.#options.lineOf(segment)?.role, () => this.#options.onlines([segment]));
    button.append(label, h("q", {}, quote));
    button.classList.add("labelled");
    return button;
  }

  #filter(verdict) {
    this.#list.dataset.only = verdict;
    for (const button of this.#filters)
      button.setAttribute("aria-pressed", String(button.value === verdict));
    this.#count();
  }

  #count() {
    const counts = { "": this.#rows.size, conflicts: 0, supported: 0, unverifiable: 0 };
    for (const { claim } of this.#rows.values()) counts[claim.verdict] += 1;
    for (const button of this.#filters) setText(button.lastElementChild, String(counts[button.value]));
    setText(this.#place.querySelector("summary span"), t("ledger", { n: this.#rows.size }));
    show(this.#place, this.#rows.size > 0);
    show(byId("ledger-none"), counts[this.#list.dataset.only ?? ""] === 0);
    this.#options.oncount(this.#rows.size);
  }
}

function quoteButton(text, role, run) {
  const properties = { class: "quote", type: "button", title: t("card_quote"), onclick: run };
  return h("button", { ...properties, dataset: { role: role ?? "" } }, text);
}
