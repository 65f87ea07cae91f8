/** The versions of a summary: a list, the words of one, and bringing one back. */

import { act, read } from "./api.js";
import { announce, byId, h, icon, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { clock, moment, t } from "./i18n.js";

const texts = byId("versions-dialog").dataset; // of the page: few pages need them

export class Versions {
  #url;
  #summary;
  #may;
  #onlines;
  #saved;
  #body = byId("versions-body");
  #list = []; // of the server, the newest first

  /** options: summary (see summary.js), may, onlines(ids), saved: whether nothing typed would be lost */
  constructor(url, { summary, may, onlines, saved }) {
    this.#url = url;
    this.#summary = summary;
    this.#may = may;
    this.#onlines = onlines;
    this.#saved = saved;
  }

  open() {
    this.#body.replaceChildren(h("p", { class: "muted" }, texts.loading));
    this.#fail("");
    byId("versions-dialog").showModal();
    return this.#load();
  }

  #fail(text) {
    setText(byId("versions-error"), text);
    show(byId("versions-error"), Boolean(text));
  }

  async #load() {
    try {
      const { results } = await read(this.#url);
      this.#list = results;
      this.#showList();
    } catch (error) {
      this.#body.replaceChildren();
      this.#fail(t("version_not_loaded", { detail: sentence(error.code, error.detail) }));
    }
  }

  #showList(focus = null) {
    const rows = this.#list.map((version) => this.#row(version));
    const nothing = h("p", { class: "muted" }, texts.none);
    this.#body.replaceChildren(rows.length ? h("ol", { class: "versions" }, ...rows) : nothing);
    this.#body.querySelector(`[data-number="${focus}"] button`)?.focus();
  }

  #row(version) {
    const { number } = version;
    const read = h("button", { class: "button small", type: "button", "aria-label": t("version_read_of", { n: number }), onclick: () => this.#read(version) }, texts.read);
    return h("li", { dataset: { number, testid: "version" } }, this.#about(version), read);
  }

  #about({ number, why, by, at }) {
    const said = t(`version_${why}`, { name: by || texts.program });
    const badge = why === "signed" && h("span", { class: "badge signed" }, icon("check"), t("summary_signed"));
    const when = h("span", { class: "muted" }, moment(new Date(at)));
    return h("div", {}, h("strong", {}, t("version", { n: number })), " ", badge, h("p", {}, said, " · ", when));
  }

  async #read(version) {
    this.#fail("");
    try {
      this.#showOne(await read(`${this.#url}${version.number}/`));
    } catch (error) {
      this.#fail(t("version_not_loaded", { detail: sentence(error.code, error.detail) }));
    }
  }

  #showOne(version) {
    const { number, content, lines, withheld, statement } = version;
    const back = h("button", { class: "button small", type: "button", onclick: () => this.#showList(number) }, icon("back"), texts.back);
    const parts = content.sections.filter(({ sentences }) => sentences.length).map((section) => this.#section(section, lines));
    const shown = h(
      "div",
      { class: "stack" },
      h("div", { class: "acts" }, back, this.#restorer(version)),
      this.#about(version),
      withheld > 0 && h("p", { class: "note" }, icon("info"), h("span", {}, t("version_withheld", { n: withheld }))),
      h("div", { class: "version-text", tabindex: "0", role: "group", "aria-label": t("version", { n: number }) }, ...parts),
      statement !== null && this.#proof(number, statement),
    );
    this.#body.replaceChildren(shown);
    back.focus();
  }

  #section({ title, sentences }, lines) {
    const rows = sentences.map(({ text, segments, by }) =>
      h("li", {}, text, " ", ...segments.map((id) => this.#place(id, lines[id])), by && h("span", { class: "badge whose" }, t("version_by", { name: by }))),
    );
    return h("section", {}, h("h3", {}, title), h("ul", {}, ...rows));
  }

  #place(id, at) {
    const show = () => (byId("versions-dialog").close(), this.#onlines([id]));
    return h("button", { class: "time-link", type: "button", onclick: show }, h("span", { class: "visually-hidden" }, t("summary_line")), clock(at ?? 0));
  }

  #proof(number, { digest, public_key: key }) {
    const file = h("a", { href: `${this.#url}${number}/`, download: `summary-version-${number}.json` }, texts.file);
    const row = (name, value) => [h("dt", {}, name), h("dd", {}, h("code", {}, value))];
    return h(
      "details",
      { class: "version-proof" },
      h("summary", {}, texts.proof),
      h("p", { class: "muted" }, texts.proofText),
      h("dl", {}, ...row(texts.digest, digest), ...row(texts.key, key)),
      file,
    );
  }

  /** A button that brings a version back; pressed once it asks. */
  #restorer({ number }) {
    if (!this.#may.record || this.#summary.state === "signed") return null;
    const ask = h("button", { class: "button small", type: "button", dataset: { testid: "version-restore" } }, icon("undo"), texts.restore);
    ask.addEventListener("click", () => {
      if (!this.#saved) return this.#fail(texts.unsaved);
      const sure = h("button", { class: "button primary small", type: "button", onclick: () => this.#restore(number, sure), dataset: { testid: "version-sure" } }, texts.restoreSure);
      ask.replaceWith(h("span", { class: "version-ask" }, texts.restoreText, " ", sure));
      sure.focus();
    });
    return ask;
  }

  async #restore(number, button) {
    button.disabled = true;
    try {
      const answer = await act(`${this.#url}${number}/restore/`, { revision: this.#summary.revision });
      this.#summary.take(answer);
      byId("versions-dialog").close();
      announce(t("version_restored", { n: number }));
    } catch (error) {
      button.disabled = false;
      this.#fail(sentence(error.code, error.detail));
      if (error.code === "summary_changed" || error.code === "signed") this.#summary.load();
    }
  }
}
