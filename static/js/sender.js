/**
 * Sound of one role up to the server, whatever its source: keeps what is not durable yet, sends in
 * order, reconnects with backoff and goes on from the sample the server asks for.
 */

import { PcmBuffer } from "./pcm-buffer.js";

export const RATE = 16_000; // samples per second
export const FRAME = RATE / 10; // samples in a chunk of 100 ms
const KEEP = 300 * RATE;
const BACKLOG_FRAME = RATE / 2; // samples in a chunk when catching up
const IN_FLIGHT = 8 * RATE; // samples sent but not acknowledged
const NUDGE_MS = 1000; // a full window sends on this slowly: sound is what makes a server answer
const SOCKET_BYTES = 512 * 1024;
const STALL_MS = 6000; // acks come at least once a second
const DEAD_MS = 12_000; // pings are answered even while the recognizer is busy
const PING_MS = 3000;
const BACKOFF_MS = [250, 500, 1000, 2000, 4000, 6000];

// After these, trying again by itself cannot help; a person has to do something first.
const FINAL = new Set([
  "no_consent", "not_live", "ended", "taken_over", "unsupported_encoding", "bad_sample_rate",
  "engine_unavailable", "bad_json", "bad_message", "odd_frame", "frame_too_large", "forbidden",
  "access_ended",
]);
const BY_CLOSE = { 4403: "forbidden", 4409: "taken_over", 4410: "ended" };

export class AudioSender extends EventTarget {
  #url;
  #socket = null;
  #buffer = new PcmBuffer(KEEP);
  #placed = false; // the server has said which sample ours start at
  #next = 0; // next sample to send
  #received = 0;
  #attempt = 0;
  #retryAt = 0;
  #retry = 0;
  #heard = 0; // when the server last said anything
  #acked = 0; // when it last acknowledged sound
  #pinged = 0;
  #sent = 0; // when sound was last sent
  #watch = 0;
  #draining = null; // resolves once everything is stored after stop()
  state = "idle"; // idle connecting ready waiting busy failed stopped
  code = "";
  durable = 0;
  dropped = 0; // samples lost because the buffer was full

  constructor({ url, role }) {
    super();
    this.#url = url;
    this.role = role;
  }

  get kept() {
    return this.#buffer.length / RATE;
  }

  /** Seconds of sound not sent yet. */
  get waiting() {
    return (this.#buffer.end - Math.max(this.#next, this.#buffer.start)) / RATE;
  }

  /** Seconds of sound the server has but has not written down yet. */
  get behind() {
    return Math.max(0, this.#received - this.durable) / RATE;
  }

  get stalled() {
    return this.state === "ready" && performance.now() - this.#acked > STALL_MS;
  }

  get retryIn() {
    return Math.max(0, this.#retryAt - performance.now()) / 1000;
  }

  start() {
    this.#connect();
    this.#watch = setInterval(() => this.#check(), 1000);
    this.online = () => this.state === "waiting" && this.#connect();
    window.addEventListener("online", this.online);
  }

  /** Take the next samples (Int16Array, 16 kHz, mono). */
  push(samples) {
    if (this.state === "failed" || this.state === "stopped") return;
    const dropped = this.#buffer.append(samples);
    if (dropped && this.#placed) this.dropped += dropped;
    // Timers of a hidden page are slowed down, arriving sound is not.
    if (this.#retryAt && performance.now() > this.#retryAt + 1500) this.#connect();
    this.#pump();
  }

  /** Send what is left and end the stream; resolves to true when the server stored all of it. */
  stop() {
    if (this.state === "idle" || this.state === "failed" || this.state === "stopped") {
      this.#end("stopped");
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      this.#draining = { resolve, sent: false };
      this.#pump();
    });
  }

  /** Close at once and forget what was kept. */
  abandon() {
    this.#end("stopped");
  }

  #set(state, code = "", detail = "") {
    this.state = state;
    this.code = code;
    this.dispatchEvent(new CustomEvent("state", { detail: { state, code, detail } }));
  }

  #end(state, code, detail) {
    clearTimeout(this.#retry);
    clearInterval(this.#watch);
    window.removeEventListener("online", this.online);
    this.#retryAt = 0;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
    this.#set(state, code, detail);
    this.#draining?.resolve(state === "stopped");
    this.#draining = null;
  }

  #connect() {
    clearTimeout(this.#retry);
    this.#retryAt = 0;
    this.#set("connecting");
    const socket = new WebSocket(this.#url, "copilot.audio.v1");
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#heard = performance.now();
    let failed = "";
    socket.onopen = () => {
      const start = { type: "start", encoding: "pcm_s16le", sample_rate: RATE };
      if (this.#placed) start.offset = this.#buffer.start;
      socket.send(JSON.stringify(start));
    };
    socket.onmessage = (message) => {
      if (socket !== this.#socket) return;
      this.#heard = performance.now();
      const data = JSON.parse(message.data);
      if (data.type === "error") failed = data.code;
      this.#answer(data);
    };
    socket.onclose = (event) => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      const code = failed || BY_CLOSE[event.code] || "";
      if (FINAL.has(code)) this.#end("failed", code);
      else this.#later(code);
    };
  }

  #answer(data) {
    switch (data.type) {
      case "ready":
        this.#resume(data.resume_from);
        this.dispatchEvent(new CustomEvent("engine", { detail: data.engine }));
        break;
      case "ack":
        this.#acked = performance.now();
        this.#received = data.received;
        this.durable = data.durable;
        this.#buffer.trim(data.durable);
        this.#attempt = 0;
        this.#pump();
        break;
      case "busy":
        this.#later("busy", data.retry_after);
        break;
      case "stopped":
        this.durable = data.durable;
        this.#end("stopped");
        break;
      case "error":
        if (FINAL.has(data.code)) this.#end("failed", data.code, data.detail);
        else if (data.code === "too_many") this.#later("busy", data.retry_after);
        break;
      default: // pong
    }
  }

  #resume(from) {
    if (!this.#placed) this.#buffer.place(from);
    this.#placed = true;
    this.durable = this.#received = from;
    if (from > this.#buffer.end) this.#buffer.place(from); // the server knows more than this page
    else this.#buffer.trim(from);
    this.#next = from;
    this.#acked = performance.now();
    this.#set("ready");
    this.#pump();
  }

  #pump() {
    const socket = this.#socket;
    if (this.state !== "ready" || !socket) return;
    const buffer = this.#buffer;
    while (
      socket.bufferedAmount < SOCKET_BYTES &&
      (this.#next - this.#received < IN_FLIGHT || performance.now() - this.#sent > NUDGE_MS) &&
      (buffer.end - this.#next >= FRAME || (this.#draining && buffer.end > this.#next))
    ) {
      const backlog = buffer.end - this.#next >= 2 * BACKLOG_FRAME;
      const size = backlog ? BACKLOG_FRAME : FRAME;
      // Samples that had to be dropped are sent as silence: those after them keep their place.
      const chunk =
        this.#next < buffer.start
          ? new Int16Array(Math.min(size, buffer.start - this.#next))
          : buffer.slice(this.#next, size);
      socket.send(chunk);
      this.#next += chunk.length;
      this.#sent = performance.now();
    }
    if (this.#draining && !this.#draining.sent && this.#next >= buffer.end) {
      this.#draining.sent = true;
      socket.send('{"type":"stop"}');
    }
  }

  #later(code, seconds) {
    clearTimeout(this.#retry);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
    if (this.#draining) this.#draining.sent = false;
    const step = BACKOFF_MS[Math.min(this.#attempt, BACKOFF_MS.length - 1)];
    const wait = seconds ? seconds * 1000 : step * (0.75 + Math.random() / 2);
    this.#attempt += 1;
    this.#retryAt = performance.now() + wait;
    this.#retry = setTimeout(() => this.#connect(), wait);
    this.#set(code === "busy" ? "busy" : "waiting", code);
  }

  #check() {
    const now = performance.now();
    const open = this.state === "ready" || this.state === "connecting";
    if (open && now - this.#heard > DEAD_MS) {
      this.#later("stalled");
      return;
    }
    if (this.#socket?.readyState === WebSocket.OPEN && now - this.#pinged > PING_MS) {
      this.#pinged = now;
      this.#socket.send('{"type":"ping"}');
    }
    this.#pump();
  }
}
