/**
 * Keeps on the server what a person writes, while they write it: one request at a time, the newest
 * text last. What cannot be sent is kept in this page and tried again.
 */

import { act } from "./api.js";

const PAUSE_MS = 600; // in writing, after which it is sent
const APART_MS = 1000; // between two requests for what is still being written
const LONGEST_MS = 3000; // without a pause
const BACKOFF_MS = [1000, 2000, 4000, 8000, 15_000];

export class NoteSaver {
  #url;
  #jobs = new Map(); // id -> {text or null to remove it, about, soon, since, at}: not sent yet
  #stored = new Set(); // ids that the server knows
  #busy = false;
  #timer = 0;
  #sent = -Infinity;
  #failures = 0;
  #listeners = [];

  constructor(url) {
    this.#url = url;
    window.addEventListener("online", () => this.#hurry());
    window.addEventListener("pagehide", () => this.#leave());
    window.addEventListener("beforeunload", (event) => this.#failures && this.#jobs.size && event.preventDefault());
    document.addEventListener("visibilitychange", () => document.hidden && this.#hurry());
  }

  /** Be told (id, state, {note, error}): saving, saved, waiting for the connection, or refused. */
  listen(listener) {
    this.#listeners.push(listener);
  }

  #tell(id, state, about = {}) {
    for (const listener of this.#listeners) listener(id, state, about);
  }

  /** Return the text that is not on the server yet; null where it is to be removed there. */
  pending(id) {
    return this.#jobs.get(id)?.text;
  }

  /** The server has this note: from now on it is changed. */
  know(id) {
    this.#stored.add(id);
  }

  /** Keep a text; `about` is what a new note is about, `soon` means that no more is written. */
  write(id, text, { about = {}, soon = false, writing = false } = {}) {
    const now = performance.now();
    const known = this.#jobs.get(id);
    this.#jobs.set(id, { text, about, soon, writing, at: now, since: known?.since ?? now });
    this.#tell(id, this.#failures ? "waiting" : "saving");
    this.#plan();
  }

  remove(id) {
    if (this.#stored.has(id) || this.#busy === id) this.write(id, null, { soon: true });
    else this.#jobs.delete(id);
  }

  #hurry() {
    this.#failures = 0;
    for (const job of this.#jobs.values()) job.soon = true;
    this.#plan();
  }

  #due({ soon, at, since }) {
    if (this.#failures) return this.#sent + BACKOFF_MS[Math.min(this.#failures, BACKOFF_MS.length) - 1];
    if (soon) return at;
    return Math.max(Math.min(at + PAUSE_MS, since + LONGEST_MS), this.#sent + APART_MS);
  }

  #plan() {
    clearTimeout(this.#timer);
    if (this.#busy || !this.#jobs.size) return;
    const [first] = [...this.#jobs].sort(([, a], [, b]) => this.#due(a) - this.#due(b));
    this.#timer = setTimeout(() => this.#send(...first), this.#due(first[1]) - performance.now());
  }

  async #send(id, job) {
    this.#busy = id;
    try {
      const note = await this.#request(id, job);
      this.#failures = 0;
      if (job.text !== null) this.#stored.add(id);
      const isNewest = this.#jobs.get(id) === job;
      if (isNewest) this.#jobs.delete(id);
      this.#tell(id, isNewest ? "saved" : "saving", { note });
    } catch (error) {
      this.#fail(id, job, error);
    }
    this.#busy = false;
    this.#sent = performance.now();
    this.#plan();
  }

  #fail(id, job, error) {
    if (!error.status || error.status >= 500 || error.status === 429) {
      this.#failures += 1;
      for (const waiting of this.#jobs.keys()) this.#tell(waiting, "waiting");
      return;
    }
    const isNewest = this.#jobs.get(id) === job;
    if (error.more?.fields?.segment && job.about.segment) {
      // The line was taken off the record meanwhile: the note stands at its time.
      if (isNewest) this.#jobs.set(id, { ...job, about: { ...job.about, segment: undefined } });
      return;
    }
    if (isNewest) this.#jobs.delete(id);
    this.#tell(id, "refused", { error });
  }

  #request(id, { text, about, writing }, options) {
    const url = `${this.#url}${id}/`;
    if (text === null) return act(url, {}, "DELETE", options);
    if (this.#stored.has(id)) return act(url, { text, writing }, "PATCH", options);
    return act(this.#url, { id, text, ...about }, "POST", options);
  }

  /** Send what is left as the page goes. */
  #leave() {
    for (const [id, job] of this.#jobs) this.#request(id, job, { keepalive: true }).catch(() => {});
  }
}

/** Make the id of a note; where there is no https, browsers have no function for it. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
