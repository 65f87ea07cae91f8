/** The views of the page, one at a time where there is no room for three, and what came unseen. */

import { byId, setText, show } from "./dom.js";

export class Views {
  #desk = byId("main");
  #columns;
  #cards = new Set(); // that came while another view was shown
  #notes = 0; // that did
  onshow = () => {}; // (name)

  constructor(columns) {
    this.#columns = columns;
    columns.onfold = (name) => {
      if (name === "copilot") this.#cards.clear();
      this.#count();
    };
    for (const button of document.querySelectorAll("[data-show]"))
      button.addEventListener("click", () => this.show(button.dataset.show));
  }

  show(name) {
    this.#desk.dataset.view = name;
    if (name !== "transcript") this.#columns.need(name);
    for (const button of document.querySelectorAll("[data-show]"))
      button.setAttribute("aria-pressed", String(button.dataset.show === name));
    if (name === "copilot") this.#cards.clear();
    if (name === "guide") this.#notes = 0;
    this.#count();
    this.onshow(name);
  }

  /** Count a card that came while the copilot was not looked at. */
  cardCame(id) {
    if (this.#desk.dataset.view === "copilot" && !this.#columns.folded("copilot")) return;
    this.#cards.add(id);
    this.#count();
  }

  cardWent(id) {
    if (this.#cards.delete(id)) this.#count();
  }

  noteCame() {
    if (this.#desk.dataset.view === "guide") return;
    this.#notes += 1;
    this.#count();
  }

  #count() {
    const counts = [["dock-count", this.#cards.size], ["fold-count", this.#cards.size], ["dock-notes", this.#notes]];
    for (const [id, count] of counts) {
      setText(byId(id), String(count));
      show(byId(id), count > 0);
    }
  }
}
