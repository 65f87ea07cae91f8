/**
 * What everybody submitted, side by side: people beside each other, competencies below each other.
 *
 * Where people differ is said in words, to be talked about; nothing is added up or ranked.
 */

import { read } from "./api.js";
import { byId, h, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { clock, t } from "./i18n.js";

const texts = byId("panel").dataset; // of the page: few pages need them
let made = 0;

export class Panel {
  #url;
  #lineOf;
  #onlines;

  /** `lineOf(id)` gives a line of the transcript, `onlines([id])` shows it. */
  constructor({ base, lineOf, onlines }) {
    this.#url = `${base}/scorecards/panel/`;
    this.#lineOf = lineOf;
    this.#onlines = onlines;
  }

  /** Fetch what may be seen and show it; what is shown already stays where that fails. */
  async load() {
    try {
      this.#show(await read(this.#url));
      show(byId("panel-problem"), false);
    } catch (error) {
      setText(byId("panel-problem"), t("panel_not_loaded", { detail: sentence(error.code, error.detail) }));
      show(byId("panel-problem"), true);
    }
  }

  #show({ people, competencies }) {
    const compared = people.length > 1 || people.some(({ mine }) => !mine);
    show(byId("panel"), compared);
    if (!compared) return;
    const focused = byId("panel-table").contains(document.activeElement) && document.activeElement.dataset.keep;
    const head = h("tr", {}, h("td", {}), ...people.map((person) => this.#person(person)));
    const rows = [this.#overall(people), ...competencies.map((one) => this.#competency(one, people))];
    byId("panel-table").replaceChildren(h("thead", {}, head), h("tbody", {}, ...rows));
    if (focused) byId("panel-table").querySelector(`[data-keep="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  #person({ name, mine }) {
    return h("th", { scope: "col" }, name, mine && h("span", { class: "muted" }, ` ${texts.you}`));
  }

  #overall(people) {
    const cells = people.map(({ overall: { recommendation, text } }) =>
      h(
        "td",
        {},
        recommendation
          ? h("span", { class: "badge", dataset: { recommendation } }, t(`overall_${recommendation}`))
          : h("span", { class: "muted" }, texts.unsaid),
        text && h("p", { class: "panel-comment" }, text),
      ),
    );
    return h("tr", { dataset: { testid: "panel-overall" } }, h("th", { scope: "row" }, texts.overall), ...cells);
  }

  #competency({ id, name, anchors, ratings, difference }, people) {
    const apart = difference !== null && difference > 1;
    const told = difference === null ? null : h("span", { class: apart ? "badge apart" : "muted" }, this.#difference(difference));
    const cells = people.map((person) => {
      const rating = ratings.find((one) => one.person === person.id);
      return h("td", {}, ...this.#rating(rating, anchors, `${id} ${person.id}`));
    });
    const head = h("th", { scope: "row" }, h("span", {}, name), told);
    return h("tr", { dataset: { testid: "panel-row", apart: apart ? "yes" : "no" } }, head, ...cells);
  }

  #difference(steps) {
    if (steps === 0) return texts.same;
    return steps === 1 ? texts.near : t("panel_apart", { n: steps });
  }

  #rating({ value, comment, segments }, anchors, keep) {
    const lines = segments.filter((line) => this.#lineOf(line)).map((line) => this.#line(line, keep));
    return [
      value ? this.#value(value, anchors[value - 1] ?? "", keep) : h("span", { class: "muted" }, t("rating_unrated")),
      comment && h("p", { class: "panel-comment" }, comment),
      lines.length > 0 && h("ul", { class: "panel-lines", "aria-label": t("rating_lines") }, ...lines),
    ];
  }

  /** A value; what it means is shown on a glance, where the guide says it. */
  #value(value, anchor, keep) {
    const label = h("span", { class: "visually-hidden" }, texts.value);
    if (!anchor) return h("span", { class: "rating-number" }, label, String(value));
    const tip = h("span", { class: "tip", role: "tooltip", id: `panel-tip-${(made += 1)}` }, anchor);
    const attributes = { class: "rating-number tipped", type: "button", "aria-describedby": tip.id, dataset: { keep: `value ${keep}` } };
    return h("button", attributes, label, String(value), tip);
  }

  #line(id, keep) {
    const { start_ms: start, text } = this.#lineOf(id);
    const button = h(
      "button",
      { class: "rating-line", type: "button", onclick: () => this.#onlines([id]), dataset: { keep: `line ${id} ${keep}` } },
      h("span", {}, clock(start)),
      " ",
      h("q", {}, text),
    );
    return h("li", {}, button);
  }
}
