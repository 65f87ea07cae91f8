/**
 * The claims ledger: every statement that can be checked, in the order it was said.
 *
 * Rows are made when it is opened; until then it only counts.
 */

import { byId, h, icon, setText, show } from "./dom.js";
import { clock, t } from "./i18n.js";

const ICONS = { conflicts: "triangle", supported: "check", unverifiable: "question" };

export class Ledger {
  #place = byId("ledger");
  #list = byId("claims");
  #filters = [...this.#place.querySelectorAll(".filter")];
  #rows = new Map(); // id -> {element (once it was open), claim, start}
  #order = []; // rows by start
  #counts = { "": 0, conflicts: 0, supported: 0, unverifiable: 0 };
  #due = false;
  #options;

  /** options: lineOf(id), onlines(ids), oncount(count) */
  constructor(options) {
    this.#options = options;
    for (const button of this.#filters) button.addEventListener("click", () => this.#filter(button.value));
    this.#place.addEventListener("toggle", () => this.#build());
  }

  upsert(claim) {
    const line = this.#options.lineOf(claim.segment);
    if (claim.kind === "withdrawn") return this.#remove(claim.id); // its line was corrected
    if (line?.hidden) return;
    const known = this.#rows.get(claim.id);
    if (known) return this.#change(known, claim);
    const row = { element: null, claim, start: line?.start_ms ?? Infinity };
    const at = this.#after(row.start);
    this.#rows.set(claim.id, row);
    this.#order.splice(at, 0, row);
    if (this.#place.open) this.#list.insertBefore(this.#made(row), this.#order[at + 1]?.element ?? null);
    this.#counts[claim.verdict] += 1;
    this.#counted();
  }

  /** Take away what was claimed in a line that is none. */
  drop(segment) {
    for (const [id, { claim }] of this.#rows) if (claim.segment === segment) this.#remove(id);
  }

  #remove(id) {
    const row = this.#rows.get(id);
    if (!row) return;
    row.element?.remove();
    this.#rows.delete(id);
    this.#order.splice(this.#order.indexOf(row), 1);
    this.#counts[row.claim.verdict] -= 1;
    this.#counted();
  }

  /** Return where a row goes that starts then: behind those that start no later. */
  #after(start) {
    let at = this.#order.length; // nearly always the last
    while (at > 0 && this.#order[at - 1].start > start) at -= 1;
    return at;
  }

  #build() {
    if (!this.#place.open) return;
    for (const row of this.#order) if (!row.element) this.#list.append(this.#made(row));
  }

  #made(row) {
    row.element = h("li", { class: "claim", dataset: { testid: "claim", id: row.claim.id } });
    this.#fill(row);
    return row.element;
  }

  #change(row, claim) {
    this.#counts[row.claim.verdict] -= 1;
    this.#counts[claim.verdict] += 1;
    row.claim = claim;
    this.#counted();
    if (!row.element) return;
    const focused = row.element.contains(document.activeElement);
    this.#fill(row);
    if (focused) row.element.querySelector("button").focus({ preventScroll: true });
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
        claim.stale && h("span", { class: "badge stale" }, t("stale")),
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

  /** Count once for all that came at a time. */
  #counted() {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => this.#count());
  }

  #count() {
    this.#due = false;
    this.#counts[""] = this.#rows.size;
    for (const button of this.#filters)
      setText(button.lastElementChild, String(this.#counts[button.value]));
    setText(this.#place.querySelector("summary span"), t("ledger", { n: this.#rows.size }));
    show(this.#place, this.#rows.size > 0);
    show(byId("ledger-none"), this.#counts[this.#list.dataset.only ?? ""] === 0);
    this.#options.oncount(this.#rows.size);
  }
}

function quoteButton(text, role, run) {
  const properties = { class: "quote", type: "button", title: t("card_quote"), onclick: run };
  return h("button", { ...properties, dataset: { role: role ?? "" } }, text);
}
