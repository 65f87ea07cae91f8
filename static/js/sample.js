/** The bundled recording, left interviewer and right candidate, sent at the pace it was spoken. */

import { levelOf } from "./recorder.js";
import { FRAME, RATE } from "./pcm-buffer.js";

const ROLES = ["interviewer", "candidate"];
const TAIL = RATE; // a second of silence after the last word lets the recognizer close it

function toPcm(channel) {
  const pcm = new Int16Array(channel.length + TAIL);
  channel.forEach((value, i) => {
    const clipped = Math.max(-1, Math.min(1, value));
    pcm[i] = clipped < 0 ? clipped * 0x8000 : clipped * 0x7fff;
  });
  return pcm;
}

export class SamplePlayer extends EventTarget {
  #url;
  #sound;
  #channels;
  #context = null;
  #gain = null;
  #timer = 0;
  #began = 0;
  #sent = 0;
  muted = false;
  levels = { interviewer: 0, candidate: 0 };
  onchunk = () => {}; // (role, samples)

  constructor(url) {
    super();
    this.#url = url;
  }

  /** Fetch and decode; throws when either fails. */
  async load() {
    const response = await fetch(this.#url);
    if (!response.ok) throw new Error(`sample: ${response.status}`);
    // Decoding in a context of 16 kHz resamples whatever rate the file has.
    const decoder = new OfflineAudioContext(ROLES.length, 1, RATE);
    this.#sound = await decoder.decodeAudioData(await response.arrayBuffer());
    this.#channels = ROLES.map((_, i) =>
      toPcm(this.#sound.getChannelData(Math.min(i, this.#sound.numberOfChannels - 1))),
    );
  }

  get seconds() {
    return this.#sound.duration;
  }

  get at() {
    return Math.min(this.seconds, this.#sent / RATE);
  }

  start() {
    this.#began = performance.now();
    this.#sent = 0;
    this.#listen();
    this.#timer = setInterval(() => this.#step(), 100);
  }

  #listen() {
    this.#context = new AudioContext();
    const source = new AudioBufferSourceNode(this.#context, { buffer: this.#sound });
    const merge = new GainNode(this.#context, {
      channelCount: 1,
      channelCountMode: "explicit",
      gain: this.muted ? 0 : 1,
    });
    this.#gain = merge.gain;
    source.connect(merge).connect(this.#context.destination);
    source.start();
  }

  mute(muted) {
    this.muted = muted;
    this.#gain?.setTargetAtTime(muted ? 0 : 1, this.#context.currentTime, 0.02);
  }

  #step() {
    const [first] = this.#channels;
    const due = Math.min(first.length, Math.floor(((performance.now() - this.#began) / 1000) * RATE));
    while (due - this.#sent >= FRAME || (due === first.length && this.#sent < due)) {
      const end = Math.min(this.#sent + FRAME, due);
      ROLES.forEach((role, i) => {
        const chunk = this.#channels[i].subarray(this.#sent, end);
        this.levels[role] = levelOf(chunk);
        this.onchunk(role, chunk);
      });
      this.#sent = end;
    }
    this.dispatchEvent(new Event("progress"));
    if (this.#sent >= first.length) {
      this.stop();
      this.dispatchEvent(new Event("done"));
    }
  }

  stop() {
    clearInterval(this.#timer);
    this.levels = { interviewer: 0, candidate: 0 };
    this.#context?.close();
    this.#context = null;
    this.#gain = null;
  }
}
