/** Signing the summary, taking a signed one up again, and having it made again as one chooses. */

import { act, read } from "./api.js";
import { announce, byId, h, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { languageName, moment, t } from "./i18n.js";

const texts = byId("versions-dialog").dataset; // of the page: few pages need them
const FINISHED = new Set(["draft", "edited", "failed"]); // states in which there may be something to sign

export class Signing {
  #url;
  #summary;
  #may;
  #onlines;
  #revision = 0; // of what somebody has read before they opened the dialog
  #chosen = false; // whether the choices of the dialog were fetched

  /** options: summary (see summary.js), may, onlines(ids) */
  constructor(url, { summary, may, onlines }) {
    this.#url = url;
    this.#summary = summary;
    this.#may = may;
    this.#onlines = onlines;
    summary.onshow = (shown) => this.#show(shown);
    byId("summary-versions").addEventListener("click", () => this.#versions());
    if (!byId("sign-dialog")) return;
    byId("summary-sign").addEventListener("click", () => this.#ask());
    byId("sign-form").addEventListener("submit", (event) => this.#sign(event));
    byId("summary-reopen").addEventListener("click", () => this.#open("reopen"));
    byId("reopen-form").addEventListener("submit", (event) => this.#reopen(event));
    byId("summary-again").addEventListener("click", () => this.#choose());
    byId("again-form").addEventListener("submit", (event) => this.#again(event));
    for (const button of document.querySelectorAll("dialog [data-close]"))
      button.addEventListener("click", () => button.closest("dialog").close());
  }

  #show({ state, made_at: made, version, signed, sections }) {
    const there = Boolean(made) && sections.some(({ sentences }) => sentences.length);
    const isSigned = state === "signed";
    show(byId("summary-sign"), FINISHED.has(state) && there);
    show(byId("summary-reopen"), isSigned);
    show(byId("summary-again"), state !== "making" && !isSigned);
    show(byId("summary-versions"), Boolean(this.#may.record ? version : signed));
    show(byId("summary-signed"), Boolean(signed));
    if (!signed) return;
    const values = { name: signed.by, when: moment(new Date(signed.at)), n: signed.version };
    const parts = [t(isSigned ? "sign_signed" : "sign_before", values)];
    if (signed.corrected) parts.push(texts.corrected);
    setText(byId("summary-signed-text"), parts.join(" "));
    byId("summary-signed").dataset.state = isSigned && !signed.corrected ? "signed" : "before";
  }

  #open(name) {
    this.#fail(name, "");
    byId(`${name}-dialog`).showModal();
  }

  #fail(name, text) {
    setText(byId(`${name}-error`), text);
    show(byId(`${name}-error`), Boolean(text));
  }

  /** Do what a dialog is about; close it, or say in it what is in the way. */
  async #act(event, name, run) {
    event.preventDefault();
    const button = byId(`${name}-button`);
    if (button.disabled) return;
    button.disabled = true;
    this.#fail(name, "");
    try {
      await run();
      byId(`${name}-dialog`).close();
    } catch (error) {
      const changed = name === "sign" && error.code === "summary_changed";
      this.#fail(name, changed ? texts.changed : sentence(error.code, error.detail));
      if (changed || error.code === "signed" || error.code === "not_signed") this.#summary.load();
    } finally {
      button.disabled = false;
    }
  }

  async #ask() {
    const saved = await this.#summary.settle();
    this.#revision = this.#summary.revision;
    this.#open("sign");
    byId("sign-button").disabled = !saved;
    if (!saved) this.#fail("sign", texts.unsaved);
  }

  #sign(event) {
    return this.#act(event, "sign", async () => {
      this.#summary.take(await act(`${this.#url}sign/`, { revision: this.#revision }));
      byId("sign-dialog").close();
      byId("summary-reopen").focus(); // what opened the dialog is gone
      announce(texts.done);
    });
  }

  #reopen(event) {
    return this.#act(event, "reopen", async () => {
      this.#summary.take(await act(`${this.#url}reopen/`));
      byId("reopen-dialog").close();
      byId("summary-sign").focus();
      announce(texts.reopened);
    });
  }

  // --- made again --------------------------------------------------------------------------------

  async #choose() {
    this.#open("again");
    if (this.#chosen) return;
    const languages = byId("again-language");
    for (const option of languages.options)
      if (option.dataset.code) setText(option, languageName(option.dataset.code));
    try {
      const { results } = await read("/api/v1/summary-templates/");
      const known = results.map(({ id, name }) => h("option", { value: id }, name));
      byId("again-template").append(...known);
      show(byId("again-template-field"), known.length > 0);
      this.#chosen = true;
    } catch {
      show(byId("again-template-field"), false); // it is made by the template it has
    }
  }

  #again(event) {
    return this.#act(event, "again", async () => {
      const { language, template } = event.target.elements;
      const given = { language: language.value };
      if (template.value) given.template = template.value;
      await this.#summary.again(given);
      byId("again-dialog").close();
      byId("summary-heading").focus({ preventScroll: true });
    });
  }

  // --- versions ----------------------------------------------------------------------------------

  async #versions() {
    const { Versions } = await import("./versions.js");
    const saved = await this.#summary.settle();
    const versions = new Versions(`${this.#url}versions/`, { summary: this.#summary, may: this.#may, onlines: this.#onlines, saved });
    versions.open(byId("summary-versions"));
  }
}
