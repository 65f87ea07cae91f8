/** Bookmarks: moments that somebody marked, on their lines and in a list beside the notes. */

import { announce, byId, h, icon, setText, show } from "./dom.js";
import { clock, t } from "./i18n.js";
import { NoteList, aboutOf } from "./note-list.js";
import { newId } from "./note-saver.js";

const BACK_MS = 10_000; // what is worth a bookmark is noticed when it has been said
const WORDS_MS = 6000; // in which some words may be begun

export class Bookmarks {
  #saver;
  #me;
  #elapsed;
  #transcript;
  #lineOf;
  #list;
  #lines = new Map(); // bookmark id -> id of the line it is shown on
  #form = null;

  constructor({ saver, me, elapsed, transcript, lineOf, onmoment }) {
    this.#saver = saver;
    this.#me = me;
    this.#elapsed = elapsed;
    this.#transcript = transcript;
    this.#lineOf = lineOf;
    this.#list = new NoteList({ list: "bookmarks", empty: "bookmarks-empty", saver, me });
    this.#list.onmoment = onmoment;
    this.#list.ondrop = (note) => this.#unplace(note.id);
    this.#list.onput = (note) => this.#place(note);
    for (const button of document.querySelectorAll("[data-notes]"))
      button.addEventListener("click", () => this.show(button.dataset.notes));
    byId("bookmark-button")?.addEventListener("click", () => this.mark());
  }

  /** Show the list of notes or that of bookmarks. */
  show(which) {
    for (const button of document.querySelectorAll("[data-notes]"))
      button.setAttribute("aria-pressed", String(button.dataset.notes === which));
    for (const name of ["notes", "bookmarks"]) show(byId(`${name}-panel`), name === which);
  }

  upsert(note) {
    if (note.removed) this.#unplace(note.id);
    else this.#place(note);
    this.#list.upsert(this.#withLine(note));
    this.#count();
  }

  #count() {
    setText(byId("bookmarks-count"), this.#list.length ? String(this.#list.length) : "");
  }

  // --- on the lines ----------------------------------------------------------------------------

  /** Look again where bookmarks lie, as a line has come, changed or gone. */
  heard(segment) {
    for (const note of this.#list.notes) {
      const at = this.#lines.get(note.id);
      const nearer = segment.start_ms <= note.at_ms && !(this.#lineOf(at)?.start_ms > segment.start_ms);
      if (segment.id !== note.segment && segment.id !== at && !nearer) continue;
      this.#place(note);
      this.#list.put(this.#withLine(note));
    }
  }

  #place(note) {
    const own = this.#lineOf(note.segment);
    const line = own && !own.hidden ? own.id : this.#transcript.lineAt(note.at_ms);
    const before = this.#lines.get(note.id);
    if (line) this.#lines.set(note.id, line);
    if (before && before !== line) this.#flag(before);
    if (line) this.#flag(line, note);
  }

  #unplace(id) {
    const line = this.#lines.get(id);
    this.#lines.delete(id);
    if (line) this.#flag(line);
    this.#count();
  }

  #flag(line, added = null) {
    const notes = this.#list.notes.filter((note) => note.id !== added?.id && this.#lines.get(note.id) === line);
    if (added) notes.push(added);
    const texts = notes.map(({ author, text }) => (text ? t("bookmark_with", { author, text }) : t("bookmark_of", { author })));
    this.#transcript.flag(line, texts);
  }

  /** What was said there stands for the words that nobody added. */
  #withLine(note) {
    return { ...note, line: this.#lineOf(this.#lines.get(note.id))?.text ?? "" };
  }

  // --- marking ---------------------------------------------------------------------------------

  /** Mark what was said some seconds ago; some words can be added. */
  mark() {
    const now = this.#elapsed();
    if (now === null || !this.#me) return false;
    const note = this.#add({ at_ms: Math.max(0, now - BACK_MS), segment: null });
    this.#ask(note);
    return true;
  }

  #add(about) {
    const note = {
      id: newId(),
      kind: "bookmark",
      author: this.#me.name,
      author_id: this.#me.id,
      text: "",
      created_at: new Date().toISOString(),
      ...about,
    };
    this.#place(note);
    this.#list.put(this.#withLine(note));
    this.#count();
    this.#saver.write(note.id, "", { about: aboutOf(note), soon: true, writing: true });
    announce(t("bookmarked", { at: clock(note.at_ms) }));
    return note;
  }

  /** Offer a field for some words; one that is left empty goes by itself. */
  #ask(note) {
    this.#form?.remove();
    const before = document.activeElement;
    const field = h("input", { type: "text", maxlength: "200", "aria-label": t("bookmark_words"), placeholder: t("bookmark_words") });
    const text = h("span", {}, t("bookmarked", { at: clock(note.at_ms) }));
    const form = h("form", { class: "bookmark-form", dataset: { testid: "bookmark-form" } }, icon("bookmark"), text, field);
    const end = () => {
      if (this.#form !== form) return;
      this.#form = null;
      clearTimeout(timer);
      const focused = form.contains(document.activeElement);
      form.remove();
      if (focused && before?.isConnected) before.focus({ preventScroll: true });
    };
    const keep = (soon) => {
      const words = field.value.trim();
      this.#saver.write(note.id, words, { about: aboutOf(note), soon, writing: true });
      this.#list.put({ ...this.#withLine(note), text: words });
      this.#flag(this.#lines.get(note.id) ?? "", { ...note, text: words });
    };
    const timer = setTimeout(end, WORDS_MS);
    field.addEventListener("input", () => (clearTimeout(timer), keep(false)));
    field.addEventListener("blur", end);
    form.addEventListener("submit", (event) => (event.preventDefault(), field.value.trim() && keep(true), end()));
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      if (field.value) (field.value = ""), keep(true);
      end();
    });
    byId("transcript-frame").append(form);
    this.#form = form;
    field.focus({ preventScroll: true });
  }

  #own(segment) {
    return this.#list.notes.find((note) => note.author_id === this.#me?.id && this.#lines.get(note.id) === segment.id);
  }

  /** The act of marking a line, for its menu. */
  get act() {
    return {
      key: "bookmark",
      icon: "bookmark",
      needs: "comment",
      label: (segment) => t(this.#own(segment) ? "line_unbookmark" : "line_bookmark"),
      run: (segment) => {
        const own = this.#own(segment);
        if (!own) return this.#add({ at_ms: segment.start_ms, segment: segment.id });
        this.#saver.remove(own.id);
        this.#list.drop(own.id);
        this.#unplace(own.id);
        return announce(t("bookmark_removed"));
      },
    };
  }
}
