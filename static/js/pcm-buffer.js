/**
 * Sound that the server has not stored yet, by sample number; the oldest goes when it is full.
 *
 * A ring that grows from 16 s to its limit, so that a good connection costs little memory.
 */
export class PcmBuffer {
  #ring;
  #limit;
  start = 0; // first sample kept
  end = 0; // one past the last sample kept

  constructor(limit, first = 16 * 16_000) {
    this.#limit = limit;
    this.#ring = new Int16Array(Math.min(first, limit));
  }

  get length() {
    return this.end - this.start;
  }

  /** Number what is kept anew: its first sample is sample `at` of the stream. */
  place(at) {
    const kept = this.slice(this.start, this.length);
    this.start = this.end = at;
    this.#write(kept);
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

  /** Forget everything before sample `to`. */
  trim(to) {
    this.start = Math.min(this.end, Math.max(this.start, to));
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
