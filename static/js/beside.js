/** What people write beside an interview: notes and bookmarks, saved and shown where they belong. */

import { Bookmarks } from "./bookmarks.js";
import { byId } from "./dom.js";
import { quoting } from "./line-menu.js";
import { NoteSaver } from "./note-saver.js";
import { Notes } from "./notes.js";

/**
 * `elapsed()` is the time on the interview's clock, null where it does not run; `onlines(ids)` shows
 * the first of these lines; `quiet()` tells that nothing is to be announced.
 */
export function setUpBeside({ base, store, transcript, elapsed, onlines, quiet }) {
  const { me, name } = byId("beside").dataset;
  const lineOf = (id) => store.segments.get(id);
  const saver = new NoteSaver(`${base}/notes/`);
  const shared = {
    saver,
    elapsed,
    me: me ? { id: Number(me), name } : null, // nobody: reads only
    onmoment: ({ segment, at_ms }) => onlines([segment, transcript.lineAt(at_ms)]),
  };
  const notes = new Notes(shared);
  const bookmarks = new Bookmarks({ ...shared, transcript, lineOf });
  notes.onfinish = () => bookmarks.show("notes");
  saver.listen((id, state, { note }) => note && store.addNote(note));
  store.addEventListener("note", ({ detail }) => {
    if (detail.kind === "bookmark") bookmarks.upsert(detail);
    else notes.upsert(detail, quiet());
  });
  store.addEventListener("segment", ({ detail }) => bookmarks.heard(detail));
  return { notes, bookmarks, acts: [bookmarks.act, notes.act, quoting()] };
}
