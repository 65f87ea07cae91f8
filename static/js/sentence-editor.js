/** The field for one sentence: kept as one types; Enter or leaving it ends, Escape puts it back. */

import { h, setText, show } from "./dom.js";
import { sentence as problem } from "./errors.js";
import { t } from "./i18n.js";

const PAUSE_MS = 800; // of typing, after which it is kept

export class SentenceEditor {
  #row;
  #field;
  #error;
  #onsave;
  #onclose;
  #timer = 0;
  #kept; // what the server has
  #saving = Promise.resolve(true);
  #closed = false;

  /** sentence: {id, text, section}; onsave(text) keeps it or rejects; onclose() */
  constructor(row, sentence, { onsave, onclose }) {
    this.#row = row;
    this.sentence = { ...sentence };
    this.#kept = sentence.text;
    this.#onsave = onsave;
    this.#onclose = onclose;
  }

  get changed() {
    return !this.#closed && this.#text !== this.#kept;
  }

  get #text() {
    return this.#field.value.trim();
  }

  open() {
    const { id, text } = this.sentence;
    const label = t(id ? "summary_edit" : "summary_own");
    this.#field = h("textarea", { class: "sentence-field", rows: "2", maxlength: "1000", "aria-label": label, dataset: { testid: "sentence-field" } });
    this.#field.value = text;
    this.#error = h("p", { class: "field-error", role: "alert", hidden: true });
    const done = h("button", { class: "button small", type: "button", onclick: () => this.#finish() }, t("summary_done"));
    const hint = h("span", { class: "muted" }, t("summary_keys"));
    this.#row.replaceChildren(this.#field, this.#error, h("div", { class: "acts" }, done, hint));
    this.#row.classList.add("editing");
    this.#field.addEventListener("input", () => this.#later());
    this.#field.addEventListener("keydown", (event) => this.#key(event));
    this.#row.addEventListener("focusout", ({ relatedTarget }) => {
      if (!this.#row.contains(relatedTarget) && document.hasFocus()) this.#finish();
    });
    this.#field.focus();
  }

  /** End now; what was typed is kept behind it. */
  close() {
    if (this.changed && this.#text) this.#save();
    this.#end();
  }

  #end() {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#onclose();
  }

  #later() {
    clearTimeout(this.#timer);
    // A new sentence is kept when it is done: half of one belongs to nobody.
    if (this.sentence.id) this.#timer = setTimeout(() => this.#text && this.#save(), PAUSE_MS);
  }

  #key(event) {
    if (event.isComposing) return;
    if (event.key === "Escape") this.#field.value = this.sentence.text;
    else if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.#finish();
  }

  /** Keep what is there and close; stay open where that fails. */
  async #finish() {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    if (!this.#text && this.sentence.id) return this.#fail(t("summary_empty"));
    if (this.#text && !(await this.#save())) return;
    this.#end();
  }

  #save() {
    const text = this.#text;
    this.#saving = this.#saving.then(() => this.#keep(text));
    return this.#saving;
  }

  async #keep(text) {
    if (text === this.#kept) return true;
    try {
      await this.#onsave(text);
      this.#kept = text;
      show(this.#error, false);
      return true;
    } catch (error) {
      this.#fail(t("summary_not_saved", { detail: problem(error.code, error.detail) }));
      return false;
    }
  }

  #fail(text) {
    setText(this.#error, text);
    show(this.#error, true);
  }
}
