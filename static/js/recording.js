/**
 * Everything this page sends up: one sender per role, fed by microphone, tab or the sample, with a
 * watch that says what is wrong and what is kept.
 */

import { stayAwake } from "./awake.js";
import { Capture } from "./recorder.js";
import { AudioSender } from "./sender.js";
import { sentence } from "./errors.js";
import { span, t } from "./i18n.js";
import { PcmBuffer, RATE } from "./pcm-buffer.js";
import { WebmBuffer } from "./webm-buffer.js";

const WATCH_MS = 500;
const READY_MS = 30_000; // a model may have to be loaded first
const BEHIND_S = 45; // a long utterance alone can be half a minute
const BACKLOG_S = 12; // more than a stream keeps in ordinary running
const NO_WEBM = new Set(["unsupported_encoding", "bad_webm"]);
const GAP_S = 2; // shorter ones only keep the clock
// The tab first: browsers share one only right after a click.
const ROLES_OF = {
  tab: ["candidate", "interviewer"],
  device: ["interviewer"],
  room: ["room"],
  mic: ["interviewer"],
};

export class Recording extends EventTarget {
  #urlOf;
  #banner;
  #senders = new Map(); // role -> AudioSender
  #captures = new Map(); // role -> Capture
  #player = null;
  #watch = 0;
  #lost = new Set(); // roles whose connection was away
  #sleep = null; // lets the screen go dark again
  #compress = false;
  kind = ""; // "" | "capture" | "sample"
  #muted = false;
  off = false; // off the record: silence is sent
  speaker = ""; // who speaks into the room's microphone, as somebody said
  stopping = false;

  constructor(urlOf, banner) {
    super();
    this.#urlOf = urlOf;
    this.#banner = banner;
    document.addEventListener("visibilitychange", () => this.active && this.#look());
    navigator.mediaDevices?.addEventListener?.("devicechange", () => this.#replug());
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

  /** What this page itself hears of a role: {level, clipped, silentFor}; null where it does not. */
  soundOf(role) {
    const capture = this.#captures.get(role);
    if (capture || !this.#player) return capture ?? null;
    return { level: this.#player.levels[role] ?? 0 };
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

  /** Send what the captures (role -> Capture) hear, as WebM where the uplink is slow. */
  record(captures, { compress = false } = {}) {
    this.#compress = compress;
    this.#begin("capture", [...captures.keys()]);
    this.#captures = captures;
    for (const [role, capture] of captures) this.#attach(role, capture);
  }

  #attach(role, capture) {
    const sender = () => this.#senders.get(role);
    capture.ongap = (samples) => {
      sender()?.skip(samples);
      const seconds = samples / RATE;
      if (seconds < GAP_S) return;
      const text = t("banner_not_captured", { seconds: span(seconds) });
      this.#banner.set("slept", { level: "warning", text, dismissible: true, seconds: 30 });
    };
    capture.onchunk = (samples) => {
      if (this.#compress) sender()?.elapse(samples.length);
      else sender()?.push(this.#meant(samples));
    };
    this.#silence(capture);
    capture.onpiece = (bytes) => this.#compress && sender()?.push(bytes);
    if (this.#compress) capture.compress();
    capture.addEventListener("ended", () => this.#captureEnded(role, capture));
  }

  get #microphone() {
    return [...this.#captures].find(([, capture]) => capture.kind === "microphone");
  }

  /** Go on with another microphone; the stream stays the same. */
  async useMicrophone(deviceId) {
    await this.#microphone?.[1].reopen(deviceId);
  }

  get deviceId() {
    return this.#microphone?.[1].deviceId;
  }

  mute(muted) {
    this.#muted = muted;
    for (const capture of this.#captures.values()) this.#silence(capture);
  }

  /** Send silence from now on, also for the last seconds as far as they are kept; or sound again. */
  withhold(off, seconds = 0) {
    if (off) for (const sender of this.#senders.values()) sender.silence(seconds);
    if (off === this.off) return;
    this.off = off;
    for (const capture of this.#captures.values()) this.#silence(capture);
    this.#tell("record", off);
  }

  #silence(capture) {
    capture.mute(this.#muted || this.off);
  }

  #meant(samples) {
    return this.off ? new Int16Array(samples.length) : samples;
  }

  /** Say who speaks into the room's microphone from now on. */
  speaks(role) {
    if (!this.#senders.has("room") || this.speaker === role) return;
    this.speaker = role;
    this.#senders.get("room").speaks(role);
    this.#tell("speaker", role);
  }

  /** Play the sample once both streams are accepted, so that both roles share one clock. */
  async play(url, { muted }) {
    const { SamplePlayer } = await import("./sample.js");
    const player = new SamplePlayer(url);
    player.muted = muted;
    await player.load();
    return player;
  }

  async send(player) {
    this.#compress = false;
    this.#begin("sample", ["interviewer", "candidate"]);
    this.#player = player;
    player.onchunk = (role, samples) => this.#senders.get(role)?.push(this.#meant(samples));
    player.addEventListener("done", () => this.stop().then(() => this.#tell("sample-done")));
    await Promise.all([...this.#senders.values()].map(ready));
    if (this.#player === player) player.start();
  }

  #begin(kind, roles) {
    this.kind = kind;
    this.stopping = false;
    this.#muted = false;
    this.#banner.clear("failed");
    this.speaker = "";
    for (const role of roles) this.#open(role);
    this.#watch = setInterval(() => this.#look(), WATCH_MS);
    window.addEventListener("beforeunload", warnLeaving);
    this.#sleep = stayAwake();
    this.#tell("change");
  }

  #open(role) {
    const Buffer = this.#compress ? WebmBuffer : PcmBuffer;
    const sender = new AudioSender({ url: this.#urlOf(role), role, Buffer });
    this.#senders.set(role, sender);
    sender.addEventListener("state", (event) => this.#senderState(role, event.detail));
    sender.addEventListener("record", ({ detail }) => this.withhold(Boolean(detail.off), detail.seconds));
    sender.addEventListener("engine", (event) => this.#tell("engine", event.detail));
    sender.start();
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
    this.#sleep();
    this.#senders.clear();
    this.#captures.clear();
    this.#player = null;
    this.#lost.clear();
    this.kind = "";
    this.stopping = false;
    for (const key of ["audio", "capture", "tab", "slept"]) this.#banner.clear(key);
    this.#tell("change");
  }

  // --- what goes wrong -------------------------------------------------------------------------

  #senderState(role, { state, code, detail }) {
    if (state === "failed" && NO_WEBM.has(code) && this.#compress) {
      this.#compress = false; // an older server, or a browser's own WebM: plain samples everywhere
      for (const capture of this.#captures.values()) capture.plain();
      for (const each of this.#senders.keys()) {
        this.#senders.get(each).abandon();
        this.#open(each);
      }
      return;
    }
    if (state === "failed" && !this.stopping) {
      const act = {
        taken_over: { label: t("banner_take_over"), run: () => this.#tell("again") },
        engine_unavailable: { label: t("banner_retry"), run: () => this.#tell("again") },
        bad_json: { label: t("banner_reload"), run: () => location.reload() },
        unsupported_encoding: { label: t("banner_reload"), run: () => location.reload() },
      }[code];
      this.abandon();
      this.#tell("failed", code);
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
      if (capture.ended) continue; // said by its own event, with a way on
      if (!capture.stalled) this.#banner.clear(keyOf(capture));
      else {
        capture.revive().catch(() => {});
        this.#trouble(role, capture, t(`banner_${keyOf(capture)}_stalled`));
      }
    }
  }

  #trouble(role, capture, text) {
    const act = {
      label: t(capture.kind === "tab" ? "banner_share_again" : "banner_restart_mic"),
      run: () => this.#reopen(role, capture),
    };
    this.#banner.set(keyOf(capture), { level: "error", text, act });
  }

  #captureEnded(role, capture) {
    if (capture.kind === "tab") this.#trouble(role, capture, t("banner_tab_ended"));
    else this.#reopen(role, capture, "banner_capture_ended");
  }

  /** A microphone that was unplugged may be back, or another one there. */
  #replug() {
    for (const [role, capture] of this.#captures)
      if (capture.kind === "microphone" && capture.ended) this.#reopen(role, capture, "banner_capture_ended");
  }

  async #reopen(role, capture, failure = "") {
    try {
      await capture.reopen();
    } catch (error) {
      this.#trouble(role, capture, t(failure || error.code));
      return;
    }
    this.#banner.clear(keyOf(capture));
    if (!failure) return;
    const text = t("banner_mic_changed", { name: capture.label });
    this.#banner.set("changed", { level: "info", text, dismissible: true, seconds: 15 });
  }
}

function keyOf(capture) {
  return capture.kind === "tab" ? "tab" : "capture";
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
