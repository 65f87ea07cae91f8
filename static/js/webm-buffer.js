/**
 * Sound as WebM/Opus that the server has not stored yet: the header, and Clusters from the one that
 * holds the first sample still wanted. For slow uplinks: an eighth of what plain samples take.
 */

import { KEEP, RATE } from "./pcm-buffer.js";

const TYPE = "audio/webm;codecs=opus";
const BITS_PER_SECOND = 32_000;
const PIECE_MS = 250;
const CLUSTER = [0x1f, 0x43, 0xb6, 0x75];
const TIMECODE = 0xe7;
const SAMPLES_PER_MS = RATE / 1000; // of a WebM's clock, which counts milliseconds

export const canCompress = () => Boolean(window.MediaRecorder?.isTypeSupported(TYPE));

export function slowUplink() {
  const { saveData, effectiveType } = navigator.connection ?? {};
  return Boolean(saveData) || ["slow-2g", "2g", "3g"].includes(effectiveType);
}

/** The length of an EBML number, told by its first byte. */
const width = (first) => Math.clz32(first) - 23;

/** Read the time of the Cluster at `at`: milliseconds, -1 for none, null where bytes are missing. */
function clusterTime(bytes, at) {
  for (let i = 0; i < CLUSTER.length; i += 1) {
    if (at + i >= bytes.length) return null;
    if (bytes[at + i] !== CLUSTER[i]) return -1;
  }
  let next = at + CLUSTER.length;
  if (next >= bytes.length) return null;
  next += width(bytes[next]);
  if (next + 1 >= bytes.length) return null;
  if (bytes[next] !== TIMECODE) return -1;
  const size = bytes[next + 1] & 0x7f;
  next += 2;
  if (next + size > bytes.length) return null;
  return bytes.subarray(next, next + size).reduce((time, byte) => time * 256 + byte, 0);
}

function joined(a, b) {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}

export class WebmBuffer {
  #origin = 0; // sample at which the WebM's time 0 lies
  #header = new Uint8Array();
  #carry = new Uint8Array(); // perhaps the beginning of a Cluster
  #pieces = []; // {bytes, end, from?}: `from` where a Cluster begins, its first sample
  #cursor = 0; // next piece to send
  #owing = true; // the header is to be sent first
  #placed = false;
  #heard = 0; // samples since time 0

  get opening() {
    return { encoding: "webm_opus", ...(this.#placed && { origin: this.#origin }) };
  }

  get begin() {
    return this.#origin;
  }

  get start() {
    return this.#pieces[0]?.from ?? this.#origin;
  }

  get end() {
    return this.#origin + this.#heard;
  }

  get length() {
    return this.end - this.start;
  }

  get sent() {
    return this.#pieces[this.#cursor - 1]?.end ?? this.start;
  }

  get unsent() {
    return this.#cursor < this.#pieces.length ? this.end - this.sent : 0;
  }

  place(at) {
    const moved = at - this.#origin;
    this.move(moved);
    return moved;
  }

  move(by) {
    this.#placed = true;
    this.#origin += by;
    for (const piece of this.#pieces) {
      piece.end += by;
      if (piece.from !== undefined) piece.from += by;
    }
  }

  resume(from) {
    this.trim(from);
    this.#cursor = 0;
    this.#owing = true;
  }

  /** Count samples that the bytes to come are made of. */
  elapse(samples) {
    this.#heard += samples;
  }

  append(bytes) {
    const data = joined(this.#carry, bytes);
    this.#carry = new Uint8Array();
    let begun = 0;
    let from;
    for (let at = data.indexOf(CLUSTER[0]); at >= 0; at = data.indexOf(CLUSTER[0], at + 1)) {
      const time = clusterTime(data, at);
      if (time === -1) continue;
      this.#keep(data.slice(begun, at), from);
      begun = at;
      if (time === null) {
        this.#carry = data.slice(at);
        return this.#overflow();
      }
      from = this.#origin + time * SAMPLES_PER_MS;
    }
    this.#keep(data.slice(begun), from);
    return this.#overflow();
  }

  #keep(bytes, from) {
    if (!bytes.length) return;
    if (from === undefined && !this.#pieces.length) this.#header = joined(this.#header, bytes);
    else this.#pieces.push({ bytes, from, end: this.end });
  }

  #overflow() {
    const before = this.start;
    while (this.length > KEEP) {
      const second = this.#pieces.findIndex((piece, i) => i > 0 && piece.from !== undefined);
      if (second < 0) break;
      this.#drop(second);
    }
    return this.start - before;
  }

  #drop(count) {
    this.#pieces.splice(0, count);
    this.#cursor = Math.max(0, this.#cursor - count);
  }

  /** Forget the Clusters that lie wholly before sample `to`. */
  trim(to) {
    this.#drop(Math.max(0, this.#pieces.findLastIndex((piece) => piece.from <= to)));
  }

  next(last) {
    if (last && this.#carry.length) {
      this.#keep(this.#carry);
      this.#carry = new Uint8Array();
    }
    if (this.#cursor >= this.#pieces.length) return null;
    if (this.#owing) {
      this.#owing = false;
      return this.#header;
    }
    this.#cursor += 1;
    return this.#pieces[this.#cursor - 1].bytes;
  }
}

/** Record a stream of the browser; `onpiece` gets its bytes in order. */
export class WebmRecorder {
  #recorder;
  #read = Promise.resolve();

  constructor(stream, onpiece) {
    this.#recorder = new MediaRecorder(stream, { mimeType: TYPE, audioBitsPerSecond: BITS_PER_SECOND });
    this.#recorder.ondataavailable = ({ data }) => {
      const bytes = data.arrayBuffer();
      this.#read = this.#read.then(async () => onpiece(new Uint8Array(await bytes)));
    };
    this.#recorder.start(PIECE_MS);
  }

  /** End, once the last bytes were given. */
  async stop() {
    if (this.#recorder.state !== "inactive")
      await new Promise((resolve) => {
        this.#recorder.onstop = resolve;
        this.#recorder.stop();
      });
    await this.#read;
  }
}
