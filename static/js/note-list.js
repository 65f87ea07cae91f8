/** A list of notes or bookmarks, in the order they were made; one's own can be changed there. */

import { announce, byId, h, icon, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { clock, moment, t } from "./i18n.js";

const UNDO_MS = 8000;

export class NoteList {
  #list;
  #empty;
  #saver;
  #me;
  #rows = new Map(); // id -> {element, note}
  #held = null; // id of the note that is still being written elsewhere on the page
  onmoment = () => {}; // (note) show where it was

  /** `me` is null for who may not write. */
  constructor({ list, empty, saver, me }) {
    this.#list = byId(list);
    this.#empty = byId(empty);
    this.#saver = saver;
    this.#me = me;
    saver.listen((id, state, about) => this.#told(id, state, about));
  }

  get length() {
    return this.#rows.size;
  }

  get notes() {
    return [...this.#rows.values()].map(({ note }) => note);
  }

  has(id) {
    return this.#rows.has(id);
  }

  /** Leave a note out of the list while it is written elsewhere on the page. */
  hold(id) {
    this.#held = id;
  }

  upsert(note) {
    this.#saver.know(note.id);
    const newer = this.#saver.pending(note.id);
    if (newer === undefined && note.removed) return this.drop(note.id);
    if (newer === null || note.id === this.#held) return;
    this.put(newer === undefined ? note : { ...note, text: newer });
  }

  /** Show a note: as the server has it, or one's own before. */
  put(note) {
    const known = this.#rows.get(note.id);
    const element = known?.element ?? h("li", { class: "note-item", dataset: { testid: note.kind, id: note.id } });
    const row = { element, note };
    this.#rows.set(note.id, row);
    if (!known || order(known.note) !== order(note)) this.#place(row);
    this.#fill(row);
    show(this.#empty, false);
  }

  #place({ element, note }) {
    const others = [...this.#rows.values()].filter((row) => row.element !== element);
    const before = others.filter((row) => order(row.note) <= order(note)).sort((a, b) => (order(a.note) < order(b.note) ? -1 : 1));
    const last = before.at(-1)?.element;
    if (last && last.nextElementSibling !== element) last.after(element);
    else if (!last && this.#list.firstElementChild !== element) this.#list.prepend(element);
  }

  drop(id) {
    this.#rows.get(id)?.element.remove();
    this.#rows.delete(id);
    show(this.#empty, !this.#rows.size);
  }

  #fill({ element, note }) {
    if (element.querySelector("textarea")) return; // it is being changed here
    const mine = this.#me?.id === note.author_id;
    const at = note.at_ms ? clock(note.at_ms) : moment(new Date(note.created_at));
    // What looks as before stays: who is pressing one of its buttons must not lose it.
    const look = JSON.stringify([mine, at, note.author, note.text, note.line, note.edited_at, Boolean(note.segment)]);
    if (element.dataset.look === look && element.firstElementChild) return;
    element.dataset.look = look;
    const time = h("time", { datetime: note.created_at, title: moment(new Date(note.created_at)) }, at);
    const go = () => this.onmoment(this.#rows.get(note.id).note);
    const head = h(
      "p",
      { class: "note-head" },
      note.kind === "bookmark" && icon("bookmark"),
      h("strong", {}, note.author),
      Boolean(note.edited_at) && h("span", { class: "muted", title: moment(new Date(note.edited_at)) }, t("note_edited")),
      note.at_ms || note.segment
        ? h("button", { class: "note-time", type: "button", "aria-label": t("note_show", { at }), onclick: go }, time)
        : time,
      mine && this.#button("edit", "pencil", t("note_edit"), () => this.#edit(note.id)),
      mine && this.#button("remove", "trash", t("note_remove"), () => this.remove(note.id)),
    );
    const words = note.text || note.line;
    const text = words && h("p", { class: note.text ? "note-text" : "note-text muted" }, words);
    const focused = element.contains(document.activeElement) && document.activeElement.dataset.act;
    element.replaceChildren(head, ...(text ? [text] : []), h("p", { class: "note-state", hidden: true }));
    if (focused) element.querySelector(`[data-act="${focused}"]`)?.focus();
  }

  #button(act, name, label, onclick) {
    return h("button", { class: "note-act", type: "button", title: label, "aria-label": label, dataset: { act }, onclick }, icon(name));
  }

  #told(id, state, { error }) {
    const place = this.#rows.get(id)?.element.querySelector(".note-state");
    if (!place) return;
    setText(place, stateOf(state, error));
    place.dataset.state = state;
    show(place, state !== "saved");
    if (state === "refused") announce(place.textContent, true);
  }

  // --- changing one's own ----------------------------------------------------------------------

  #edit(id) {
    const { element, note } = this.#rows.get(id);
    if (element.querySelector("textarea")) return;
    const field = h("textarea", { class: "note-field", rows: "1", maxlength: "2000", "aria-label": t("note_edit") });
    field.value = note.text;
    delete element.dataset.look;
    element.querySelector(".note-text")?.remove();
    element.querySelector(".note-head").after(field);
    let over = false;
    const end = (text) => {
      if (over) return;
      over = true;
      field.remove();
      if (text || note.kind === "bookmark") {
        if (text !== this.#rows.get(id)?.note.text) this.#saver.write(id, text, { soon: true });
        this.put({ ...(this.#rows.get(id)?.note ?? note), text });
      } else this.remove(id);
      element.querySelector('[data-act="edit"]')?.focus();
    };
    field.addEventListener("input", () => field.value.trim() && this.#saver.write(id, field.value.trim()));
    field.addEventListener("blur", () => end(field.value.trim()));
    field.addEventListener("keydown", (event) => {
      if (event.isComposing || event.shiftKey || !["Enter", "Escape"].includes(event.key)) return;
      event.preventDefault();
      if (event.key === "Escape") this.#saver.write(id, note.text, { soon: true });
      end(event.key === "Escape" ? note.text : field.value.trim());
    });
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  }

  /** Take a note away at once, and offer for a while to write it again. */
  remove(id) {
    const row = this.#rows.get(id);
    if (!row) return;
    const { element, note } = row;
    const undo = h("button", { class: "button ghost small", type: "button" }, icon("undo"), h("span", {}, t("note_undo")));
    const gone = t(`${note.kind}_removed`);
    const place = h("li", { class: "note-undo", dataset: { testid: "note-undo" } }, h("span", {}, gone), undo);
    element.before(place);
    this.#saver.remove(id);
    this.drop(id);
    this.ondrop(note);
    announce(gone);
    undo.focus();
    const end = () => {
      clearTimeout(timer);
      if (place.contains(document.activeElement)) this.#list.focus();
      place.remove();
    };
    const timer = setTimeout(end, UNDO_MS);
    undo.addEventListener("click", () => {
      this.put(note);
      this.onput(note);
      this.#saver.write(id, note.text, { about: aboutOf(note), soon: true, writing: true });
      this.#rows.get(id).element.querySelector('[data-act="remove"]')?.focus();
      end();
    });
  }

  ondrop = () => {}; // (note) that this page has removed
  onput = () => {}; // (note) that this page shows before the server has it
}

/** By when the server has them; what it has not yet comes last. */
function order({ revision, created_at }) {
  return revision ? created_at : `~${created_at}`;
}

export function aboutOf({ kind, at_ms, segment }) {
  return { kind, at_ms, ...(segment ? { segment } : {}) };
}

export function stateOf(state, error) {
  if (state !== "refused") return t(`note_${state}`);
  const code = error.status === 404 ? "note_refused" : error.code;
  return t("note_not_saved", { detail: sentence(code, error.detail) });
}
