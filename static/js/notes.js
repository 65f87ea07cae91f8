/** Notes beside the interview: saved while they are written; everybody who watches reads along. */

import { announce, byId, setText, show } from "./dom.js";
import { clock, t } from "./i18n.js";
import { NoteList, aboutOf, stateOf } from "./note-list.js";
import { newId } from "./note-saver.js";

const CALM_MS = 2500; // others' notes are announced once they are not being written any more

export class Notes {
  #saver;
  #me;
  #elapsed;
  #list;
  #field = byId("note-text"); // missing for who may not write
  #state = byId("note-state");
  #draft = null; // {id, kind, at_ms, segment, created_at}: what is being written
  #calming = new Map(); // id -> timer

  /** `elapsed()` is the time on the interview's clock, null where it does not run. */
  constructor({ saver, me, elapsed, onmoment }) {
    this.#saver = saver;
    this.#me = me;
    this.#elapsed = elapsed;
    this.#list = new NoteList({ list: "notes", empty: "notes-empty", saver, me });
    this.#list.onmoment = onmoment;
    if (!this.#field) return;
    saver.listen((id, state, about) => this.#told(id, state, about));
    this.#field.addEventListener("input", () => this.#write());
    byId("note-form").addEventListener("submit", (event) => (event.preventDefault(), this.finish()));
    this.#field.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Enter" && !event.shiftKey) {
        event.preventDefault();
        this.finish();
      } else if (event.key === "Escape") this.#field.blur();
    });
    byId("note-about-clear").addEventListener("click", () => this.#begin(null));
  }

  upsert(note, quiet) {
    const fresh = !this.#list.has(note.id);
    this.#list.upsert(note);
    if (quiet || note.removed || note.author_id === this.#me?.id) return;
    if (fresh || this.#calming.has(note.id)) this.#announce(note);
  }

  #announce(note) {
    clearTimeout(this.#calming.get(note.id));
    const say = () => {
      this.#calming.delete(note.id);
      announce(t("announce_note", note));
    };
    this.#calming.set(note.id, setTimeout(say, CALM_MS));
  }

  focus() {
    this.#field?.focus();
  }

  /** Begin a note about a line. */
  about(segment) {
    this.finish();
    this.#begin(segment);
    this.focus();
  }

  #begin(segment) {
    const text = this.#field.value;
    if (this.#draft) this.#saver.remove(this.#draft.id); // it becomes another one
    this.#draft = {
      id: newId(),
      kind: "note",
      author: this.#me.name,
      author_id: this.#me.id,
      at_ms: segment?.start_ms ?? this.#elapsed() ?? undefined,
      segment: segment?.id ?? null,
      created_at: new Date().toISOString(),
    };
    this.#list.hold(this.#draft.id);
    show(byId("note-about"), Boolean(segment));
    if (segment)
      setText(byId("note-about-text"), t("note_about", { speaker: t(`speaker_${segment.role}`), at: clock(segment.start_ms) }));
    if (text.trim()) this.#write();
  }

  #write() {
    const text = this.#field.value.trim();
    if (!this.#draft) this.#begin(null);
    if (text) this.#saver.write(this.#draft.id, text, { about: aboutOf(this.#draft), writing: true });
    else {
      this.#saver.remove(this.#draft.id);
      setText(this.#state, "");
      if (!this.#draft.segment) this.#draft = null;
    }
  }

  /** Leave the note as it is written, and make room for the next. */
  finish() {
    const text = this.#field.value.trim();
    const draft = this.#draft;
    if (!text || !draft) return;
    this.#draft = null;
    this.#field.value = "";
    show(byId("note-about"), false);
    this.#list.hold(null);
    this.#list.put({ ...draft, text });
    this.#saver.write(draft.id, text, { about: aboutOf(draft), soon: true, writing: true });
    setText(this.#state, "");
    this.onfinish();
  }

  #told(id, state, { error }) {
    if (id !== this.#draft?.id) return;
    setText(this.#state, stateOf(state, error));
    this.#state.dataset.state = state;
    if (state === "refused") announce(this.#state.textContent, true);
  }

  /** The act of writing about a line, for its menu. */
  get act() {
    return {
      key: "note",
      icon: "note",
      needs: "comment",
      label: () => t("line_note"),
      run: (segment) => (this.onabout(), this.about(segment)),
    };
  }

  onfinish = () => {}; // the list has to be in sight
  onabout = () => {}; // the place where notes are written has to be in sight
}
