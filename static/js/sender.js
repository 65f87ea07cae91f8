/**
 * Sound of one role up to the server, whatever its source: keeps what is not durable yet, sends in
 * order, reconnects with backoff and goes on from the sample the server asks for.
 *
 * What is kept is a queue of buffers (PcmBuffer or WebmBuffer), one for each run of sound without a
 * hole: after a hole the stream is begun anew at its own sample, and the server knows what is missing.
 */

import { PcmBuffer, RATE } from "./pcm-buffer.js";

const IN_FLIGHT = 8 * RATE; // samples sent but not acknowledged
const NUDGE_MS = 1000; // a full window sends on this slowly: sound is what makes a server answer
const SOCKET_BYTES = 512 * 1024;
const STALL_MS = 6000; // acks come at least once a second
const DEAD_MS = 12_000; // pings are answered even while the recognizer is busy
const PING_MS = 3000;
const BACKOFF_MS = [250, 500, 1000, 2000, 4000, 6000];
const HOLE = 2 * RATE; // fewer missing samples are sent as silence

// After these, trying again by itself cannot help; a person has to do something first.
const FINAL = new Set([
  "no_consent", "not_live", "ended", "taken_over", "unsupported_encoding", "bad_sample_rate",
  "engine_unavailable", "bad_json", "bad_message", "odd_frame", "frame_too_large", "forbidden",
  "access_ended", "bad_webm",
]);
const BY_CLOSE = { 4403: "forbidden", 4409: "taken_over", 4410: "ended" };

export class AudioSender extends EventTarget {
  #url;
  #Buffer;
  #runs; // oldest first; the last one still grows
  #marks = []; // {role, at}: who speaks into a room's microphone from a sample on
  #socket = null;
  #taken = Date.now(); // when the last sound came, by the clock that goes on in sleep
  #hole = false; // what lies before the run was never captured, and the server was not told yet
  #placed = false; // the server has said which sample ours start at
  #received = 0;
  #attempt = 0;
  #retryAt = 0;
  #retry = 0;
  #heard = 0; // when the server last said anything
  #acked = 0; // when it last acknowledged sound
  #pinged = 0;
  #sent = 0; // when sound was last sent
  #watch = 0;
  #closing = false; // "stop" was sent on this connection
  #draining = null; // resolves once everything is stored after stop()
  state = "idle"; // idle connecting ready waiting busy failed stopped
  code = "";
  durable = 0;
  dropped = 0; // samples lost because the buffer was full

  constructor({ url, role, Buffer = PcmBuffer }) {
    super();
    this.#url = url;
    this.#Buffer = Buffer;
    this.#runs = [new Buffer()];
    this.role = role;
  }

  /** Seconds of sound not stored yet. */
  get kept() {
    return this.#seconds((run) => run.length);
  }

  /** Seconds of sound not sent yet. */
  get waiting() {
    return this.#seconds((run) => run.unsent);
  }

  #seconds(samplesOf) {
    return this.#runs.reduce((sum, run) => sum + samplesOf(run), 0) / RATE;
  }

  /** Seconds of sound the server has but has not written down yet. */
  get behind() {
    return Math.max(0, this.#received - this.durable) / RATE;
  }

  /** Samples that nobody captured since the last sound. */
  get #since() {
    return (Math.max(0, Date.now() - this.#taken) * RATE) / 1000;
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
    for (const type of ["online", "offline"]) window.addEventListener(type, this);
  }

  handleEvent({ type }) {
    if (type === "online" && this.state === "waiting") this.#connect();
    if (type === "offline" && this.#socket) this.#later("offline"); // its socket would notice late
  }

  /** Take what follows: samples (Int16Array, 16 kHz, mono), or bytes of a WebM. */
  push(data) {
    if (this.state === "failed" || this.state === "stopped") return;
    this.#taken = Date.now();
    const dropped = this.#runs.at(-1).append(data);
    if (dropped && this.#placed) this.dropped += dropped;
    // Timers of a hidden page are slowed down, arriving sound is not.
    if (this.#retryAt && performance.now() > this.#retryAt + 1500) this.#connect();
    this.#pump();
  }

  /** Keep silence in place of the last seconds. In a WebM the server finds and drops them. */
  silence(seconds) {
    let left = seconds * RATE;
    for (const run of this.#runs.toReversed()) {
      run.silence?.(left);
      left = Math.max(0, left - run.length);
    }
  }

  /** Count samples that reach the sender as bytes of a WebM. */
  elapse(samples) {
    this.#taken = Date.now();
    this.#runs.at(-1).elapse(samples);
  }

  /** Nothing was captured for so many samples: what comes after keeps its place on the clock. */
  skip(samples) {
    if (this.#Buffer === PcmBuffer && samples < HOLE) return this.push(new Int16Array(samples));
    const run = new this.#Buffer();
    run.place(this.#runs.at(-1).end + samples);
    this.#runs.push(run);
    return this.#pump();
  }

  /** Say who speaks into a room's microphone from the next sample on. */
  speaks(role) {
    const mark = { role, at: this.#runs.at(-1).end };
    this.#marks.push(mark);
    if (this.state === "ready") this.#tell(mark);
  }

  #tell({ role, at }) {
    this.#socket?.send(JSON.stringify({ type: "speaker", role, at }));
  }

  /** Send what is left and end the stream; resolves to true when the server stored all of it. */
  stop() {
    if (this.state === "idle" || this.state === "failed" || this.state === "stopped") {
      this.#end("stopped");
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      this.#draining = resolve;
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
    for (const type of ["online", "offline"]) window.removeEventListener(type, this);
    this.#retryAt = 0;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
    this.#set(state, code, detail);
    this.#draining?.(state === "stopped");
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
    this.#closing = false;
    let failed = "";
    socket.onopen = () => {
      const { opening, start, begin } = this.#runs[0];
      const speaker = this.#marks.findLast((mark) => mark.at <= start)?.role;
      // What is held already was captured before now, however long the way in took.
      const place = this.#placed
        ? { offset: start, gap: this.#hole ? "capture" : "connection" }
        : { kept: Math.round(this.#runs.at(-1).end - begin + this.#since) };
      socket.send(JSON.stringify({ type: "start", ...opening, ...place, speaker }));
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
        this.#resume(data.resume_from, data.begin ?? data.resume_from);
        this.dispatchEvent(new CustomEvent("engine", { detail: data.engine }));
        this.dispatchEvent(new CustomEvent("record", { detail: { off: data.off_record, seconds: 0 } }));
        break;
      case "record":
        this.dispatchEvent(new CustomEvent("record", { detail: data }));
        break;
      case "ack":
        this.#acked = performance.now();
        this.#received = data.received;
        this.durable = data.durable;
        this.#forget();
        this.#attempt = 0;
        this.#pump();
        break;
      case "busy":
        this.#later("busy", data.retry_after);
        break;
      case "stopped":
        this.durable = data.durable;
        this.#ran();
        break;
      case "error":
        if (FINAL.has(data.code)) this.#end("failed", data.code, data.detail);
        else if (data.code === "too_many") this.#later("busy", data.retry_after);
        break;
      default: // pong
    }
  }

  #resume(from, begin) {
    const [run, ...later] = this.#runs;
    if (!this.#placed) {
      const moved = run.place(begin);
      for (const other of later) other.move(moved);
      for (const mark of this.#marks) mark.at += moved;
    }
    this.#placed = true;
    this.#hole = false;
    this.durable = this.#received = from;
    const known = run.start;
    run.resume(from);
    this.#acked = performance.now();
    this.#set("ready");
    for (const mark of this.#marks) if (mark.at > known) this.#tell(mark);
    this.#pump();
  }

  /** Forget what the server has stored. */
  #forget() {
    this.#runs[0].trim(this.durable);
    while (this.#marks[1]?.at <= this.durable) this.#marks.shift();
  }

  #pump() {
    const socket = this.#socket;
    if (this.state !== "ready" || !socket) return;
    const [run] = this.#runs;
    const last = Boolean(this.#draining) || this.#runs.length > 1;
    while (
      socket.bufferedAmount < SOCKET_BYTES &&
      (run.sent - this.#received < IN_FLIGHT || performance.now() - this.#sent > NUDGE_MS)
    ) {
      const chunk = run.next(last);
      if (!chunk) break;
      socket.send(chunk);
      this.#sent = performance.now();
    }
    if (last && !this.#closing && !run.unsent) {
      this.#closing = true;
      socket.send('{"type":"stop"}');
    }
  }

  /** All of a run is stored: go on with the next one, or be done. */
  #ran() {
    if (this.#runs.length === 1) return this.#end("stopped");
    this.#runs.shift();
    this.#hole = true;
    this.#socket?.close(1000);
    return this.#connect();
  }

  #later(code, seconds) {
    clearTimeout(this.#retry);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
    const step = BACKOFF_MS[Math.min(this.#attempt, BACKOFF_MS.length - 1)];
    // Never before the server said, and not all who were sent away at the same moment.
    const wait = seconds ? seconds * (1000 + Math.random() * 250) : step * (0.75 + Math.random() / 2);
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
