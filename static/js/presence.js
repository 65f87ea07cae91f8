/** Who else watches the interview now: initials in the top bar, names in a list. */

import { announce, byId, h, show } from "./dom.js";
import { t } from "./i18n.js";

const MOST = 3; // initials that are shown

export class People {
  #button = byId("people");
  #list = byId("people-list");
  #me;
  #known = null; // id -> name

  constructor(me) {
    this.#me = me;
  }

  render(people, quiet) {
    const others = people.filter(({ id }) => id !== this.#me);
    if (this.#known && !quiet) this.#announce(others);
    this.#known = new Map(others.map(({ id, name }) => [id, name]));
    const shown = others.length > MOST + 1 ? others.slice(0, MOST) : others;
    const more = others.length - shown.length;
    this.#button.replaceChildren(
      ...shown.map((person) => face(person)),
      ...(more ? [h("span", { class: "face", "aria-hidden": "true" }, `+${more}`)] : []),
    );
    this.#button.setAttribute("aria-label", t("people", { n: others.length }));
    this.#list.replaceChildren(...people.map((person) => this.#row(person)));
    show(this.#button, others.length > 0);
    if (!others.length && this.#list.parentElement.matches(":popover-open")) this.#list.parentElement.hidePopover();
  }

  #row(person) {
    const name = person.id === this.#me ? t("people_you", person) : person.name;
    return h("li", {}, face(person), h("span", {}, name));
  }

  #announce(others) {
    const come = others.filter(({ id }) => !this.#known.has(id));
    const gone = [...this.#known].filter(([id]) => !others.some((person) => person.id === id));
    const texts = [...come.map(({ name }) => t("people_came", { name })), ...gone.map(([, name]) => t("people_left", { name }))];
    if (texts.length) announce(texts.join(" "));
  }
}

function face({ id, name }) {
  const words = name.split(/[\s@.]+/).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => [...word][0] ?? "");
  return h("span", { class: "face", "aria-hidden": "true", dataset: { tint: String(id % 4) } }, letters.join("").toUpperCase());
}
