/**
 * The summary: its sentences with the lines they rest on, and what a person makes of them.
 *
 * Changes go out one after another, each on the revision that the one before answered. What was
 * typed stays in its field until it is kept.
 */

import { act, read } from "./api.js";
import { announce, byId, h, icon, setText, show } from "./dom.js";
import { sentence as problem } from "./errors.js";
import { clock, moment, t } from "./i18n.js";
import { SentenceEditor } from "./sentence-editor.js";

const LOOK_MS = 4000; // to look again for a summary that is being made
const OWN = ["strengths", "concerns"]; // sections that whoever edits sees without a sentence, too

export class Summary {
  #url;
  #may;
  #lineOf;
  #onlines;
  #shown = null; // what is on the page
  #queue = Promise.resolve();
  #looking = 0;
  #editor = null;
  #byRules = byId("summary-note-text").textContent;
  #waiting = 0; // changes that are not kept yet

  /** options: lineOf(id), onlines(ids), may */
  constructor(url, { lineOf, onlines, may }) {
    this.#url = url;
    this.#may = may;
    this.#lineOf = lineOf;
    this.#onlines = onlines;
  }

  /** Called with what is shown whenever that is another summary than before. */
  onshow = () => {};

  /** The revision of what is shown. */
  get revision() {
    return this.#shown?.revision ?? 0;
  }

  get state() {
    return this.#shown?.state;
  }

  get #mayEdit() {
    return this.#may.record && this.state !== "signed";
  }

  /** Wait until what was typed is kept; false where something is not. */
  async settle() {
    this.#editor?.close();
    await this.#queue;
    return !this.unsaved;
  }

  /** Take an answer of the server that has the summary. */
  take(summary) {
    this.#show(summary);
  }

  /** Whether something that was typed would be lost now. */
  get unsaved() {
    return this.#waiting > 0 || Boolean(this.#editor?.changed);
  }

  /** Take the news of the snapshot or of an event: look where it is another one than is shown. */
  heard(mark) {
    if (this.#shown && mark && mark.revision <= this.#shown.revision) return;
    this.load();
  }

  async load() {
    try {
      this.#show(await read(this.#url));
    } catch (error) {
      if (this.#shown) return;
      show(byId("summary-making"), false);
      // The page's own sentence about a missing consent is one about recording.
      this.#say(error.code === "no_consent" ? error.detail : problem(error.code, error.detail));
    }
  }

  /** Have it drafted again as is chosen; what a person did stays. */
  async again(chosen) {
    await this.settle();
    this.#show(await act(this.#url, chosen));
    announce(t("summary_making"));
  }

  #say(text) {
    setText(byId("summary-problem"), text);
    show(byId("summary-problem"), Boolean(text));
  }

  // --- what is shown ---------------------------------------------------------------------------

  #show(summary) {
    clearTimeout(this.#looking);
    if (summary.state === "making") this.#looking = setTimeout(() => this.load(), LOOK_MS);
    if (this.#shown && summary.revision <= this.#shown.revision) return; // an answer and its event
    const first = this.#shown?.state === "making" && summary.state !== "making";
    this.#shown = summary;
    const { state, made_at: made, sections } = summary;
    const making = state === "making";
    show(byId("summary-making"), making);
    setText(byId("summary-making").querySelector("p"), t(sections.length ? "summary_again" : "summary_making"));
    show(byId("summary-state"), !making && Boolean(made));
    setText(byId("summary-state"), t(`summary_${state}`));
    byId("summary-state").dataset.state = state;
    byId("summary-state").title = made ? t("summary_made", { when: moment(new Date(made)) }) : "";
    show(byId("summary-note"), Boolean(made));
    setText(byId("summary-note-text"), summary.source === "llm" ? t("summary_note_llm") : this.#byRules);
    this.#say(state === "failed" ? t(this.#may.record ? "summary_broken" : "summary_broken_read") : "");
    if (!this.#editor) this.#build();
    this.onshow(summary);
    if (first) announce(t("summary_ready"));
  }

  #build() {
    const { sections } = this.#shown;
    const wanted = sections.filter(
      ({ key, sentences }) => sentences.length || key.startsWith("competency:") || (this.#mayEdit && OWN.includes(key)),
    );
    const focused = byId("summary-sections").contains(document.activeElement) && document.activeElement.dataset.keep;
    byId("summary-sections").replaceChildren(...wanted.map((section) => this.#section(section)));
    if (focused) byId("summary-sections").querySelector(`[data-keep="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    this.markStale();
  }

  #section({ key, title, sentences }) {
    const id = `summary-${key.replace(":", "-")}`;
    const rows = sentences.map((one) => this.#row(one));
    const list = h("ul", { class: "sentences" }, ...rows);
    const quiet = !sentences.length;
    const nothing = quiet && h("p", { class: "muted" }, t(key.startsWith("competency:") ? "summary_nothing" : "summary_none"));
    const adder = this.#mayEdit && this.#adder(key, title, list);
    const head = h("div", { class: "summary-head" }, h("h3", { id }, title), adder);
    return h("section", { class: "summary-part", "aria-labelledby": id, dataset: { key } }, head, nothing, list);
  }

  #adder(key, title, list) {
    const label = t("summary_add_to", { title });
    const button = h(
      "button",
      { class: "act summary-add", type: "button", "aria-label": label, dataset: { keep: `add ${key}` } },
      icon("plus"),
      t("summary_add"),
    );
    button.addEventListener("click", () => {
      const row = h("li", { class: "sentence" });
      list.append(row);
      this.#edit(row, { id: null, text: "", section: key }, button);
    });
    return button;
  }

  #row(sentence) {
    const row = h("li", { class: "sentence", dataset: { testid: "sentence", id: sentence.id } });
    this.#fill(row, sentence);
    return row;
  }

  #fill(row, sentence) {
    const { id, text, segments, by, own } = sentence;
    row.dataset.by = by ? "person" : "machine";
    const places = segments.map((line) => this.#place(line));
    const whose = Boolean(by) && h("span", { class: "badge whose" }, t(own ? "summary_added" : "summary_edited_by", { name: by }));
    const stale = h("span", { class: "badge stale", hidden: true }, t("summary_stale"));
    const foot = h("p", { class: "sentence-foot" }, ...places, whose, stale);
    row.replaceChildren(h("div", { class: "sentence-body" }, h("p", { class: "sentence-text" }, text), " ", foot));
    if (!this.#mayEdit) return;
    const button = (name, label, run) =>
      h("button", { class: "icon-button", type: "button", "aria-label": label, title: label, onclick: run, dataset: { keep: `${name} ${id}` } }, icon(name));
    row.append(
      h(
        "div",
        { class: "sentence-acts" },
        button("pencil", t("summary_edit"), (event) => this.#edit(row, sentence, event.currentTarget)),
        button("trash", t("summary_remove"), () => this.#remove(row, sentence)),
      ),
    );
  }

  /** A line a sentence rests on: its words on a glance, the line itself on a click. */
  #place(id) {
    const at = this.#shown.lines[id];
    const tip = h("span", { class: "tip", role: "tooltip", id: `tip-${crypto.getRandomValues(new Uint32Array(1))[0]}` });
    const button = h(
      "button",
      { class: "time-link tipped", type: "button", "aria-describedby": tip.id, dataset: { testid: "sentence-line", keep: `line ${id}` } },
      h("span", { class: "visually-hidden" }, t("summary_line")),
      clock(at ?? 0),
      tip,
    );
    const fill = () => setText(tip, this.#lineOf(id)?.text ?? t("card_quote"));
    for (const type of ["pointerenter", "focus"]) button.addEventListener(type, fill);
    button.addEventListener("click", () => this.#onlines([id]));
    return button;
  }

  /** Mark the sentences that rest on a line that was corrected after they got their words. */
  markStale() {
    let any = false;
    for (const { sentences } of this.#shown?.sections ?? [])
      for (const { id, at, segments } of sentences) {
        const stale = segments.some((line) => this.#lineOf(line)?.corrected_at > at);
        any ||= stale;
        show(document.querySelector(`.sentence[data-id="${id}"] .stale`), stale);
      }
    show(byId("summary-stale"), any);
  }

  // --- what a person does ----------------------------------------------------------------------

  #edit(row, sentence, opener) {
    if (this.#editor) this.#editor.close();
    const editor = new SentenceEditor(row, sentence, {
      onsave: (text) => this.#keep(editor, text),
      onclose: () => {
        if (this.#editor !== editor) return;
        this.#editor = null;
        const keep = opener.dataset.keep;
        this.#build();
        byId("summary-sections").querySelector(`[data-keep="${CSS.escape(keep)}"]`)?.focus({ preventScroll: true });
      },
    });
    this.#editor = editor;
    editor.open();
  }

  async #keep(editor, text) {
    const { id, section } = editor.sentence;
    const answer = await this.#send(id ? { sentence: id, text } : { section, text });
    if (answer.added) editor.sentence.id = answer.added;
  }

  async #remove(row, sentence) {
    const { key } = row.closest(".summary-part").dataset;
    try {
      await this.#send({ sentence: sentence.id, removed: true });
    } catch (error) {
      return this.#say(t("summary_not_saved", { detail: problem(error.code, error.detail) }));
    }
    const undo = h("button", { class: "button small", type: "button" }, t("summary_undo"));
    const gone = h("li", { class: "sentence removed" }, h("p", { class: "muted" }, t("summary_removed")), undo);
    const part = byId("summary-sections").querySelector(`[data-key="${key}"] .sentences`);
    (part ?? byId("summary-sections")).append(gone);
    undo.focus({ preventScroll: true });
    announce(t("summary_removed"));
    undo.addEventListener("click", async () => {
      undo.disabled = true;
      try {
        await this.#send({ sentence: sentence.id, removed: false });
        byId("summary-sections").querySelector(`[data-keep="trash ${sentence.id}"]`)?.focus({ preventScroll: true });
      } catch (error) {
        undo.disabled = false;
        this.#say(t("summary_not_saved", { detail: problem(error.code, error.detail) }));
      }
    });
  }

  /** Send one change after those before it; the answer is what is shown from then on. */
  #send(change) {
    this.#waiting += 1;
    setText(byId("summary-saved"), t("summary_saving"));
    const sent = this.#queue.then(async () => {
      try {
        const answer = await act(this.#url, { revision: this.#shown.revision, ...change }, "PATCH");
        this.#show(answer);
        this.#say("");
        setText(byId("summary-saved"), t("summary_saved"));
        return answer;
      } catch (error) {
        setText(byId("summary-saved"), "");
        if (["summary_changed", "signed"].includes(error.code)) await this.load(); // the next one is based on that
        throw error;
      } finally {
        this.#waiting -= 1;
      }
    });
    this.#queue = sent.catch(() => {});
    return sent;
  }
}
