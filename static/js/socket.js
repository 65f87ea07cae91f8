/**
 * Events down: opens the live socket, then asks for what happened since the cursor, then applies
 * what arrived meanwhile. Reconnecting and filling a hole are the same steps, so nothing is missed.
 */

import { read } from "./api.js";

const PING_MS = 15_000;
const SILENCE_MS = 25_000;
const HOLE_MS = 250; // commits may broadcast out of order: give the missing one this long
const ACCESS_ENDED = 4403;
const BACKOFF_MS = [300, 800, 1500, 3000, 5000, 8000];

export class LiveSocket extends EventTarget {
  #url;
  #snapshotUrl;
  #store;
  #socket = null;
  #held = null; // events that arrived before the snapshot; null once they flow through
  #attempt = 0;
  #retry = 0;
  #pulse = 0;
  #heard = 0;
  #holeTimer = 0;
  #wanted = false;
  #skew = -Infinity;
  #pause = 0; // seconds to wait because too many windows are open
  state = "connecting";

  constructor({ url, snapshotUrl, store }) {
    super();
    this.#url = url;
    this.#snapshotUrl = snapshotUrl;
    this.#store = store;
    store.addEventListener("hole", () => this.#noticeHole());
    window.addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
  }

  connect() {
    this.#wanted = true;
    this.#open();
  }

  close() {
    this.#wanted = false;
    clearTimeout(this.#retry);
    clearInterval(this.#pulse);
    this.#socket?.close(1000);
  }

  #set(state, about = {}) {
    if (this.state === state) return;
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: { state, ...about } }));
  }

  #open() {
    clearTimeout(this.#retry);
    const socket = new WebSocket(this.#url, "copilot.live.v1");
    this.#socket = socket;
    this.#held = [];
    socket.onopen = () => {
      this.#heard = performance.now();
      clearInterval(this.#pulse);
      this.#pulse = setInterval(() => this.#beat(socket), PING_MS);
      this.#catchUp(socket);
    };
    socket.onmessage = (message) => {
      this.#heard = performance.now();
      const event = JSON.parse(message.data);
      if (event.type === "pong") return;
      if (event.type === "error") {
        this.#pause = event.retry_after ?? 0;
        return;
      }
      this.#readClock(event.at);
      if (this.#held) this.#held.push(event);
      else this.#store.apply(event);
    };
    socket.onclose = ({ code }) => {
      if (socket !== this.#socket) return;
      clearInterval(this.#pulse);
      if (this.#wanted) this.#later(code === ACCESS_ENDED);
    };
  }

  /** Learn the server's clock from when it says things; the quickest event tells it best. */
  #readClock(at) {
    const skew = Date.parse(at) - Date.now();
    if (skew > this.#skew) this.#skew = skew;
  }

  /** Milliseconds to add to this device's clock to get the server's. */
  get skew() {
    return this.#skew === -Infinity ? 0 : this.#skew;
  }

  #beat(socket) {
    if (performance.now() - this.#heard > SILENCE_MS) {
      socket.close();
      if (socket === this.#socket) this.#later();
    } else if (socket.readyState === WebSocket.OPEN) {
      socket.send('{"type":"ping"}');
    }
  }

  async #catchUp(socket) {
    try {
      await this.#snapshot();
    } catch (error) {
      if ([401, 403, 404].includes(error.status)) this.#refuse(error);
      socket.close();
      return;
    }
    if (socket !== this.#socket || socket.readyState !== WebSocket.OPEN) return;
    const held = this.#held;
    this.#held = null;
    for (const event of held) this.#store.apply(event);
    this.#attempt = 0;
    this.#set("open");
  }

  async #snapshot() {
    this.#store.applySnapshot(await read(`${this.#snapshotUrl}?after=${this.#store.cursor}`));
  }

  #noticeHole() {
    if (this.#holeTimer || this.#held) return;
    this.#holeTimer = setTimeout(async () => {
      this.#holeTimer = 0;
      if (!this.#store.ahead.size) return;
      await this.#snapshot().catch(() => this.#socket?.close());
    }, HOLE_MS);
  }

  /** Connect again after a while; `doubtful`: show nothing before the server has said yes. */
  async #later(doubtful = false) {
    this.#socket = null;
    this.#held = null;
    const seconds = this.#pause;
    this.#pause = 0;
    const away = navigator.onLine === false ? "offline" : "waiting";
    this.#set(doubtful ? "doubtful" : seconds ? "crowded" : away, { seconds });
    // A refused handshake looks like a broken network: the snapshot tells which of the two it is.
    if (doubtful || this.#attempt >= 1) {
      const error = await this.#snapshot().then(() => null, (problem) => problem);
      if (error && (doubtful || [401, 403, 404].includes(error.status))) return this.#refuse(error);
      if (doubtful) this.#set("waiting"); // the sign-in was renewed, or the access given back
    }
    if (!this.#wanted || this.#socket) return;
    const wait = BACKOFF_MS[Math.min(this.#attempt, BACKOFF_MS.length - 1)];
    this.#attempt += 1;
    const spread = wait * (0.75 + Math.random() / 2);
    this.#retry = setTimeout(() => this.#open(), seconds * 1000 || spread);
  }

  #refuse(error) {
    this.#wanted = false;
    this.#set("refused", { status: error.status });
  }

  #hurry() {
    if (!this.#wanted || this.#socket || this.state === "doubtful") return;
    this.#attempt = 0;
    this.#open();
  }
}
