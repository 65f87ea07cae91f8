/** Notes beside the interview: everybody who watches reads them, who may comment writes them. */

import { act } from "./api.js";
import { announce, byId, h, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { clock, moment, t } from "./i18n.js";

export class Notes {
  #list = byId("notes");
  #form = byId("note-form");
  #url;
  #store;

  constructor(url, store) {
    this.#url = url;
    this.#store = store;
    if (!this.#form) return;
    this.#form.addEventListener("submit", (event) => this.#send(event));
    byId("note-text").addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
  }

  add(note, quiet) {
    const date = new Date(note.created_at);
    const head = h(
      "p",
      { class: "note-head" },
      h("strong", {}, note.author),
      h("time", { datetime: note.created_at, title: moment(date) }, note.at_ms ? clock(note.at_ms) : moment(date)),
    );
    this.#list.append(h("li", { dataset: { testid: "note" } }, head, h("p", { class: "note-text" }, note.text)));
    show(byId("notes-empty"), false);
    if (!quiet) announce(t("announce_note", note));
  }

  async #send(event) {
    event.preventDefault();
    const text = byId("note-text");
    const button = event.target.querySelector("button");
    if (button.disabled || !text.value.trim()) return;
    const label = button.textContent;
    button.disabled = text.readOnly = true;
    setText(button, t("note_sending"));
    show(byId("note-error"), false);
    try {
      this.#store.addNote(await act(this.#url, { text: text.value.trim() }));
      text.value = "";
    } catch (error) {
      const code = error.status === 404 ? "note_refused" : error.code;
      setText(byId("note-error"), sentence(code, error.detail));
      show(byId("note-error"), true);
    } finally {
      button.disabled = text.readOnly = false;
      setText(button, label);
      text.focus();
    }
  }
}
