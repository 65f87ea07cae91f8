/**
 * Sound as plain samples that the server has not stored yet, by sample number; when it is full the
 * oldest goes.
 *
 * A ring that grows from 16 s to its limit, so that a good connection costs little memory.
 */

export const RATE = 16_000; // samples per second
export const FRAME = RATE / 10; // samples in a chunk of 100 ms
export const KEEP = 300 * RATE;
const BACKLOG_FRAME = RATE / 2; // samples in a chunk when catching up

export class PcmBuffer {
  #ring;
  #limit;
  #at = 0; // next sample to send
  start = 0; // first sample kept
  end = 0; // one past the last sample kept
  opening = { encoding: "pcm_s16le", sample_rate: RATE };

  constructor(limit = KEEP, first = 16 * RATE) {
    this.#limit = limit;
    this.#ring = new Int16Array(Math.min(first, limit));
  }

  get length() {
    return this.end - this.start;
  }

  /** The sample that `place` puts somewhere. */
  get begin() {
    return this.start;
  }

  /** Samples before which all were sent. */
  get sent() {
    return this.#at;
  }

  get unsent() {
    return this.end - Math.max(this.#at, this.start);
  }

  /** Number what is kept anew: its first sample is sample `at`; returns by how much it moved. */
  place(at) {
    const moved = at - this.start;
    const kept = this.slice(this.start, this.length);
    this.start = this.end = this.#at = at;
    this.#write(kept);
    return moved;
  }

  move(by) {
    this.place(this.start + by);
  }

  /** Go on sending from sample `from`. */
  resume(from) {
    if (from > this.end) this.place(from); // the server knows more than this page
    else this.trim(from);
    this.#at = from;
  }

  /** Append samples; return how many of the oldest were dropped. */
  append(samples) {
    const needed = this.length + samples.length;
    if (needed > this.#ring.length && this.#ring.length < this.#limit) this.#grow(needed);
    const dropped = Math.max(0, needed - this.#ring.length);
    this.start += dropped;
    this.#write(samples);
    return dropped;
  }

  #write(samples) {
    const size = this.#ring.length;
    const at = this.end % size;
    const head = Math.min(samples.length, size - at);
    this.#ring.set(samples.subarray(0, head), at);
    if (head < samples.length) this.#ring.set(samples.subarray(head), 0);
    this.end += samples.length;
  }

  #grow(needed) {
    const kept = this.slice(this.start, this.length);
    const start = this.start;
    let size = this.#ring.length;
    while (size < needed && size < this.#limit) size *= 2;
    this.#ring = new Int16Array(Math.min(size, this.#limit));
    this.start = this.end = start;
    this.#write(kept);
  }

  /** Keep silence in place of the last `count` samples. */
  silence(count) {
    const size = this.#ring.length;
    for (let at = Math.max(this.start, this.end - count); at < this.end; at += 1) this.#ring[at % size] = 0;
  }

  /** Forget everything before sample `to`. */
  trim(to) {
    this.start = Math.min(this.end, Math.max(this.start, to));
  }

  /** Return the next chunk to send, or null; `last`: no more will come, so a short one as well. */
  next(last) {
    const left = this.end - this.#at;
    if (left < (last ? 1 : FRAME)) return null;
    const size = left >= 2 * BACKLOG_FRAME ? BACKLOG_FRAME : FRAME;
    // Samples that had to be dropped are sent as silence: those after them keep their place.
    const chunk =
      this.#at < this.start
        ? new Int16Array(Math.min(size, this.start - this.#at))
        : this.slice(this.#at, size);
    this.#at += chunk.length;
    return chunk;
  }

  /** Copy up to `count` samples from sample `from` on. */
  slice(from, count) {
    const length = Math.max(0, Math.min(count, this.end - from));
    const size = this.#ring.length;
    const at = from % size;
    const head = Math.min(length, size - at);
    const copy = new Int16Array(length);
    copy.set(this.#ring.subarray(at, at + head));
    if (head < length) copy.set(this.#ring.subarray(0, length - head), head);
    return copy;
  }
}
