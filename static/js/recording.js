/**
 * Everything this page sends up: one sender per role, fed by microphone, tab or the sample, with a
 * watch that says what is wrong and what is kept.
 */

import { Capture } from "./recorder.js";
import { SamplePlayer } from "./sample.js";
import { AudioSender } from "./sender.js";
import { sentence } from "./errors.js";
import { span, t } from "./i18n.js";

const WATCH_MS = 500;
const READY_MS = 30_000; // a model may have to be loaded first
const SILENT_S = 15;
const BEHIND_S = 45; // a long utterance alone can be half a minute
const BACKLOG_S = 12; // more than a stream keeps in ordinary running
const ROLES_OF = { mic: ["interviewer"], tab: ["interviewer", "candidate"], room: ["room"] };

export class Recording extends EventTarget {
  #urlOf;
  #banner;
  #senders = new Map(); // role -> AudioSender
  #captures = new Map(); // role -> Capture
  #player = null;
  #watch = 0;
  #lost = new Set(); // roles whose connection was away
  #lock = null;
  kind = ""; // "" | "capture" | "sample"
  stopping = false;

  constructor(urlOf, banner) {
    super();
    this.#urlOf = urlOf;
    this.#banner = banner;
  }

  get active() {
    return this.kind !== "";
  }

  get roles() {
    return [...this.#senders.keys()];
  }

  get kept() {
    return Math.max(0, ...[...this.#senders.values()].map((sender) => sender.kept));
  }

  get player() {
    return this.#player;
  }

  /** Some sound is on its way again and again, or waits for a connection. */
  get interrupted() {
    return [...this.#senders.values()].some(
      (sender) => sender.stalled || (this.#lost.has(sender.role) && sender.state !== "ready"),
    );
  }

  levelOf(role) {
    return this.#captures.get(role)?.level ?? this.#player?.levels[role] ?? 0;
  }

  /** Open the tab where one is wanted; the microphone may be open from the sound check already. */
  async open(source, { deviceId = "", microphone = null } = {}) {
    const opened = new Map();
    try {
      for (const role of ROLES_OF[source]) {
        const tab = role === "candidate";
        opened.set(role, tab ? await Capture.tab() : microphone ?? (await Capture.microphone(deviceId)));
      }
    } catch (error) {
      for (const capture of opened.values()) if (capture !== microphone) capture.stop();
      throw error;
    }
    return opened;
  }

  /** Send what the captures (role -> Capture) hear. */
  record(captures) {
    this.#begin("capture", [...captures.keys()]);
    this.#captures = captures;
    for (const [role, capture] of captures) this.#attach(role, capture);
  }

  #attach(role, capture) {
    capture.onchunk = (samples) => this.#senders.get(role)?.push(samples);
    capture.addEventListener("ended", () => this.#captureEnded(role, capture));
  }

  /** Play the sample once both streams are accepted, so that both roles share one clock. */
  async play(url, { muted }) {
    const player = new SamplePlayer(url);
    player.muted = muted;
    await player.load();
    return player;
  }

  async send(player) {
    this.#begin("sample", ["interviewer", "candidate"]);
    this.#player = player;
    player.onchunk = (role, samples) => this.#senders.get(role)?.push(samples);
    player.addEventListener("done", () => this.stop().then(() => this.#tell("sample-done")));
    await Promise.all([...this.#senders.values()].map(ready));
    if (this.#player === player) player.start();
  }

  #begin(kind, roles) {
    this.kind = kind;
    this.stopping = false;
    this.#banner.clear("failed");
    for (const role of roles) {
      const sender = new AudioSender({ url: this.#urlOf(role), role });
      this.#senders.set(role, sender);
      sender.addEventListener("state", (event) => this.#senderState(role, event.detail));
      sender.addEventListener("engine", (event) => this.#tell("engine", event.detail));
      sender.start();
    }
    this.#watch = setInterval(() => this.#look(), WATCH_MS);
    window.addEventListener("beforeunload", warnLeaving);
    navigator.wakeLock?.request("screen").then((lock) => (this.#lock = lock), () => {});
    this.#tell("change");
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** Send the last words and close; resolves to true when the server has stored all of them. */
  async stop() {
    if (!this.active) return true;
    this.stopping = true;
    this.#player?.stop();
    const captures = [...this.#captures.values()];
    await Promise.all(captures.map((capture) => capture.stop().catch(() => {})));
    const senders = [...this.#senders.values()];
    const stored = await Promise.all(senders.map((sender) => sender.stop()));
    this.#finish();
    return stored.every(Boolean);
  }

  /** Close without waiting for the server. */
  abandon() {
    this.#player?.stop();
    for (const capture of this.#captures.values()) capture.stop().catch(() => {});
    for (const sender of this.#senders.values()) sender.abandon();
    this.#finish();
  }

  #finish() {
    if (!this.active) return;
    clearInterval(this.#watch);
    window.removeEventListener("beforeunload", warnLeaving);
    this.#lock?.release().catch(() => {});
    this.#lock = null;
    this.#senders.clear();
    this.#captures.clear();
    this.#player = null;
    this.#lost.clear();
    this.kind = "";
    this.stopping = false;
    for (const key of ["audio", "capture", "tab"]) this.#banner.clear(key);
    this.#tell("change");
  }

  // --- what goes wrong -------------------------------------------------------------------------

  #senderState(role, { state, code, detail }) {
    if (state === "failed" && !this.stopping) {
      const act = {
        taken_over: { label: t("banner_take_over"), run: () => this.#tell("again") },
        engine_unavailable: { label: t("banner_retry"), run: () => this.#tell("again") },
        bad_json: { label: t("banner_reload"), run: () => location.reload() },
        unsupported_encoding: { label: t("banner_reload"), run: () => location.reload() },
      }[code];
      this.abandon();
      const text = sentence(code, detail);
      if (code !== "ended") this.#banner.set("failed", { level: "error", text, act, dismissible: true });
      return;
    }
    if (state === "waiting" || state === "busy") this.#lost.add(role);
    this.#look();
  }

  #look() {
    const senders = [...this.#senders.values()];
    const message = audioMessage(senders, this.#lost);
    if (message) this.#banner.set("audio", message);
    else if (this.#banner.has("audio")) this.#banner.clear("audio");
    if (this.#lost.size && senders.every((sender) => settled(sender))) {
      this.#lost.clear();
      this.#banner.clear("audio");
      this.#banner.set("back", caughtUp(senders));
    }
    if (!this.stopping) this.#lookAtCaptures();
    this.#tell("health");
  }

  #lookAtCaptures() {
    for (const [role, capture] of this.#captures) {
      const key = capture.kind === "tab" ? "tab" : "capture";
      if (capture.ended) continue; // said by its own event, with a way on
      if (capture.kind !== "tab" && capture.stalled)
        this.#banner.set(key, { level: "error", text: t("banner_capture_stalled"), act: this.#reopen(role) });
      else if (capture.silentFor > SILENT_S) {
        const text = t(capture.kind === "tab" ? "banner_candidate_silent" : "banner_capture_silent");
        this.#banner.set(key, { level: "warning", text });
      } else this.#banner.clear(key);
    }
  }

  #captureEnded(role, capture) {
    const tab = capture.kind === "tab";
    const text = t(tab ? "banner_tab_ended" : "banner_capture_ended");
    this.#banner.set(tab ? "tab" : "capture", { level: "error", text, act: this.#reopen(role) });
  }

  #reopen(role) {
    const old = this.#captures.get(role);
    const tab = old.kind === "tab";
    const run = async () => {
      try {
        const capture = await (tab ? Capture.tab() : Capture.microphone());
        old.onchunk = () => {};
        old.stop().catch(() => {});
        this.#captures.set(role, capture);
        this.#attach(role, capture);
        this.#banner.clear(tab ? "tab" : "capture");
      } catch (error) {
        const key = tab ? "tab" : "capture";
        this.#banner.set(key, { level: "error", text: sentence(error.code), act: { label: t("banner_retry"), run } });
      }
    };
    return { label: t(tab ? "banner_retry" : "banner_restart_mic"), run };
  }
}

function warnLeaving(event) {
  event.preventDefault();
  event.returnValue = t("leave_warning");
}

/** Resolve when the server has accepted the stream, will not, or takes too long. */
function ready(sender) {
  const over = ["ready", "failed", "stopped"];
  if (over.includes(sender.state)) return Promise.resolve();
  return new Promise((resolve) => {
    setTimeout(resolve, READY_MS);
    sender.addEventListener("state", () => over.includes(sender.state) && resolve());
  });
}

function settled(sender) {
  return sender.state === "ready" && !sender.stalled && sender.waiting < 2;
}

function audioMessage(senders, lost) {
  const keptBy = (list) => span(5 * Math.ceil(Math.max(...list.map((sender) => sender.kept)) / 5));
  const busy = senders.filter((sender) => sender.state === "busy");
  const away = senders.filter((sender) => lost.has(sender.role) && sender.state !== "ready");
  const stalled = senders.filter((sender) => sender.stalled);
  const dropped = Math.max(0, ...away.map((sender) => sender.dropped));
  if (busy.length) {
    const seconds = Math.ceil(Math.max(...busy.map((sender) => sender.retryIn)));
    return { level: "error", text: t("banner_busy", { kept: keptBy(busy), seconds }) };
  }
  if (dropped) return { level: "error", text: t("banner_audio_dropped", { dropped: span(dropped / 16_000) }) };
  if (away.length) return { level: "error", text: t("banner_audio_lost", { kept: keptBy(away) }) };
  if (stalled.length) return { level: "error", text: t("banner_audio_stalled", { kept: keptBy(stalled) }) };
  const backlog = senders.filter((sender) => sender.waiting > BACKLOG_S);
  if (backlog.length) return { level: "info", text: t("banner_catching_up", { kept: keptBy(backlog) }) };
  const behind = Math.max(0, ...senders.map((sender) => sender.behind));
  if (behind > BEHIND_S) return { level: "warning", text: t("banner_behind", { behind: span(behind) }) };
  return null;
}

function caughtUp(senders) {
  const dropped = Math.max(0, ...senders.map((sender) => sender.dropped));
  for (const sender of senders) sender.dropped = 0;
  if (!dropped) return { level: "success", text: t("banner_caught_up"), seconds: 5 };
  const text = t("banner_caught_up_gap", { dropped: span(dropped / 16_000) });
  return { level: "warning", text, dismissible: true };
}
