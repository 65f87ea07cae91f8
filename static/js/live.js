/** The page of one interview: wires what it knows, hears and shows. */

import { Analysis } from "./analysis.js";
import { act } from "./api.js";
import { Banner } from "./banner.js";
import { Cards } from "./cards.js";
import { setUpDevices } from "./devices.js";
import { byId, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { renderGuide } from "./guide.js";
import { ago, clock, moment, span, t } from "./i18n.js";
import { Ledger } from "./ledger.js";
import { showLost } from "./lost.js";
import { Meters } from "./meters.js";
import { Notes } from "./notes.js";
import { setUpProgress } from "./progress.js";
import { Recording } from "./recording.js";
import { setUpRoom } from "./room.js";
import { Setup } from "./setup.js";
import { setUpShare } from "./share.js";
import { setUpShortcuts } from "./shortcuts.js";
import { LiveSocket } from "./socket.js";
import { setUpStop } from "./stop.js";
import { Store } from "./store.js";
import { Tone } from "./tone.js";
import { Topbar } from "./topbar.js";
import { Transcript } from "./transcript.js";

const QUIET_S = { candidate: 10, interviewer: 30, room: 30 }; // silence that may be a fault
const LATE_MS = 4000;
const MUTED = "copilot.sample-muted";

const boot = JSON.parse(byId("boot").textContent);
const sampleUrl = byId("live-script").dataset.sample;
const base = `/api/v1/sessions/${boot.session.id}`;
const socketBase = `${location.origin.replace(/^http/, "ws")}/ws/sessions/${boot.session.id}`;
const desk = byId("main");

const store = new Store(boot);
const banner = new Banner();
const topbar = new Topbar();
const meters = new Meters();
const transcript = new Transcript();
const recording = new Recording((role) => `${socketBase}/audio/${role}/`, banner);
const setup = new Setup(base);
const notes = new Notes(`${base}/notes/`, store);
const live = new LiveSocket({ url: `${socketBase}/live/`, snapshotUrl: `${base}/snapshot/`, store });
const analysis = new Analysis(`${base}/analyse/`, banner);
const lineOf = (id) => store.segments.get(id);
const ledger = new Ledger({
  lineOf,
  onlines,
  oncount: (n) => cards.accompany("fact_check", n && "ledger_no_cards"),
});
const tone = new Tone(`${base}/tones/`, {
  lineOf,
  onlines,
  oncount: (n) => cards.accompany("sentiment", n && "tone_no_cards"),
});
const cards = new Cards(boot.session, {
  lineOf,
  onlines,
  onselect: () => tone.renew(),
  onfeedback: (insight, value) => feedback(insight, value),
  onpresence: (insight, present) => transcript.mark(insight, present),
});
const now = () => Date.now() + live.skew;
topbar.now = cards.now = now;
meters.soundOf = (role) => recording.soundOf(role);
transcript.onmark = (id) => (view("copilot"), cards.reveal(id));

let catchingUp = true; // a snapshot is shown as it is: nothing slides in, nothing is announced
let left = false; // access has ended
const unseen = new Set(); // cards that came while another view was shown
let unread = 0; // notes that did
let echoed = false; // the hint about headphones was given
const quiet = new Set(); // roles whose silence was told
const heard = new Set(); // roles whose sound the server tells of

// --- what the page shows ---------------------------------------------------------------------

function render() {
  const { session } = store;
  document.body.dataset.status = session.status;
  topbar.render(session, recording);
  setup.render(session, recording);
  cards.setSession(session);
  analysis.render(session, catchingUp);
  tone.allow(session.sentiment);
  show(byId("waiting"), session.status === "draft");
  show(byId("transcript-frame"), session.status !== "draft");
  const empty = transcript.length === 0 && session.status !== "draft" && !setupFills();
  show(byId("transcript-empty"), empty);
  setText(byId("transcript-empty").querySelector("p"), t(`transcript_empty_${session.status}`));
  setText(byId("transcript-note"), session.may.record ? "" : t("transcript_note_read_only"));
  transcript.live = session.status !== "ended";
  show(byId("sample-tools"), recording.kind === "sample");
  renderRoles();
  if (session.status === "ended") renderEnd(session);
}

function setupFills() {
  return setup.exists && !byId("setup").hidden;
}

function renderRoles() {
  const running = store.session.status === "live";
  meters.roles(running ? [...new Set([...recording.roles, ...heard])] : []);
}

function renderEnd(session) {
  topbar.connection("ended");
  transcript.clearPartials();
  show(byId("word-delay"), false);
  const due = session.expires_at && new Date(session.expires_at);
  const deleted = due
    ? t("ended_deleted", { when: `${ago(due, now(), true)} (${moment(due)})` })
    : "";
  banner.set("ended", { level: "info", text: `${t("ended_banner")} ${deleted}`.trim() });
}

function view(name) {
  desk.dataset.view = name;
  for (const button of document.querySelectorAll("[data-show]"))
    button.setAttribute("aria-pressed", String(button.dataset.show === name));
  if (name === "copilot") unseen.clear();
  if (name === "guide") unread = 0;
  showUnseen();
  if (name === "transcript") transcript.settle();
  if (name === "copilot") tone.renew();
}

function showUnseen() {
  for (const [id, count] of [["dock-count", unseen.size], ["dock-notes", unread]]) {
    setText(byId(id), String(count));
    show(byId(id), count > 0);
  }
}

// --- what comes from the server ----------------------------------------------------------------

store.addEventListener("session", ({ detail }) => {
  if (detail.before !== "ended" && detail.session.status === "ended" && recording.active && !recording.stopping)
    recording.abandon(); // ended elsewhere: the server has kept the last words
  render();
});

store.addEventListener("segment", ({ detail: segment }) => {
  transcript.upsert(segment);
  if (segment.echo) {
    ledger.drop(segment.id);
    tone.drop(segment.id);
    return hintAtEcho();
  }
  show(byId("transcript-empty"), false);
});

store.addEventListener("gap", ({ detail: gap }) => {
  transcript.gap(gap);
  show(byId("transcript-empty"), false);
});

store.addEventListener("level", ({ detail: level }) => {
  if (!heard.has(level.role)) {
    heard.add(level.role);
    renderRoles();
  }
  meters.heard(level);
});

function hintAtEcho() {
  if (echoed || catchingUp || !recording.roles.includes("interviewer")) return;
  echoed = true;
  banner.set("echo", { level: "info", text: t("banner_echo"), dismissible: true });
}

/** Say once when a channel has fallen silent, and take it back when it is heard again. */
function lookForSilence() {
  for (const role of Object.keys(QUIET_S)) {
    const silent = recording.active && meters.silentFor(role) >= QUIET_S[role];
    if (silent === quiet.has(role)) continue;
    const key = `quiet-${role}`;
    if (!silent) {
      quiet.delete(role);
      banner.clear(key);
      continue;
    }
    quiet.add(role);
    const tab = recording.roles.includes(role);
    const check = role !== "candidate" ? "microphone" : tab ? "tab" : "device";
    const text = t(`banner_quiet_${check}`, { seconds: span(QUIET_S[role]) });
    banner.set(key, { level: "warning", text, dismissible: true });
  }
}

store.addEventListener("insight", ({ detail: insight }) => {
  const fresh = !catchingUp && desk.dataset.view !== "copilot" && !cards.has(insight.id);
  if (insight.state === "superseded") unseen.delete(insight.id);
  else if (fresh) unseen.add(insight.id);
  showUnseen();
  cards.upsert(insight, { quiet: catchingUp });
});

store.addEventListener("claim", ({ detail }) => ledger.upsert(detail));
store.addEventListener("tone", ({ detail }) => tone.upsert(detail));

store.addEventListener("note", ({ detail }) => {
  notes.add(detail, catchingUp);
  if (catchingUp || desk.dataset.view === "guide") return;
  unread += 1;
  showUnseen();
});

const showProgress = setUpProgress();
store.addEventListener("upload", ({ detail }) => showProgress(detail));

store.addEventListener("guide", ({ detail }) => renderGuide(detail));

store.addEventListener("partial", ({ detail: partial }) => {
  if (store.session.status === "ended") return;
  transcript.partial(partial);
  show(byId("transcript-empty"), false);
});

store.addEventListener("latency", ({ detail }) => {
  topbar.latency(detail);
  const late = detail.word_ms > LATE_MS && store.session.status === "live";
  if (late) banner.set("late", { level: "info", text: t("banner_late"), dismissible: true, seconds: 30 });
  else if (detail.word_ms !== null) banner.clear("late");
});

store.addEventListener("notice", ({ detail }) => {
  const { code, level, role, seconds } = detail;
  if (code === "no_audio") return; // the meters show it, and the recording page says what to check
  const gap = code === "gap" && t("notice_gap", { seconds: span(seconds), speaker: t(`speaker_${role}`) });
  const text = gap || detail.text || sentence(code);
  banner.set(`notice-${code}`, { level: level ?? "info", text, dismissible: true, seconds: 20 });
});

live.addEventListener("state", ({ detail: { state, status, seconds } }) => {
  show(document.body, state !== "doubtful");
  if (state === "refused") leave(status === 401 ? "signed_out" : "gone");
  if (left) return;
  if (store.session.status === "ended") return;
  showConnection();
  if (state === "open") {
    banner.clear("live");
    return;
  }
  transcript.clearPartials();
  if (state === "crowded") banner.set("live", { level: "warning", text: t("banner_crowded", { seconds }) });
  else if (!recording.active) banner.set("live", { level: "warning", text: t("banner_live_lost") });
});

function showConnection() {
  if (store.session.status === "ended") return;
  const away = live.state === "open" && recording.interrupted;
  topbar.connection(away ? "waiting" : live.state);
}

/** Take everything of the interview off the page, and stop listening. */
function leave(code) {
  left = true;
  live.close();
  recording.abandon();
  setup.close();
  topbar.close();
  showLost(code);
}

window.addEventListener("signed-out", () => leave("signed_out"));

// --- what the person does ------------------------------------------------------------------------

/** Show the first of these lines that is there. */
function onlines(ids) {
  view("transcript");
  ids.some((id) => transcript.reveal(id));
}

async function feedback(insight, value) {
  store.patchInsight(insight.id, { feedback: value });
  try {
    await act(`${base}/insights/${insight.id}/feedback/`, { feedback: value });
    banner.clear("feedback");
  } catch (error) {
    store.patchInsight(insight.id, { feedback: insight.feedback });
    const text = t("feedback_failed", { detail: sentence(error.code, error.detail) });
    banner.set("feedback", { level: "error", text, dismissible: true });
  }
}

async function ensureStarted() {
  if (left) throw { code: "gone" };
  if (store.session.status !== "draft") return;
  store.setSession(await act(`${base}/start/`));
}

setup.onconsent = (session) => store.setSession(session);

setup.onstart = async (source, { deviceId, microphone, compress }) => {
  const captures = await recording.open(source, { deviceId, microphone });
  try {
    await ensureStarted();
  } catch (error) {
    for (const capture of captures.values()) if (capture !== microphone) capture.stop();
    throw error;
  }
  recording.record(captures, { compress });
  if (source === "device") devices.open({ channel: "candidate" });
};

setup.onsample = async () => {
  const muted = localStorage.getItem(MUTED) === "yes";
  const player = await recording.play(sampleUrl, { muted }).catch(() => {
    throw { code: "sample_failed" };
  });
  await ensureStarted();
  showMuted(muted);
  player.addEventListener("progress", () => {
    const values = { at: clock(player.at * 1000), length: clock(player.seconds * 1000) };
    setText(byId("sample-progress"), t("sample_progress", values));
  });
  recording.send(player);
};

function showMuted(muted) {
  const button = byId("sample-mute");
  button.setAttribute("aria-pressed", String(muted));
  setText(button.lastElementChild, t(muted ? "sample_unmute" : "sample_mute"));
}

function toggleMute() {
  if (!recording.player) return false;
  const muted = !recording.player.muted;
  recording.player.mute(muted);
  localStorage.setItem(MUTED, muted ? "yes" : "no");
  showMuted(muted);
  return true;
}

byId("sample-mute").addEventListener("click", toggleMute);

recording.addEventListener("change", () => (render(), lookForSilence()));
recording.addEventListener("health", () => (showConnection(), lookForSilence()));
recording.addEventListener("engine", ({ detail }) => detail && store.setSession({ engine: detail }));
recording.addEventListener("again", () => setup.start());
recording.addEventListener("sample-done", () => {
  banner.set("sample", { level: "success", text: t("sample_done"), dismissible: true });
});

for (const button of document.querySelectorAll("[data-show]"))
  button.addEventListener("click", () => view(button.dataset.show));

const stop = setUpStop({ base, recording, onended: (session) => store.setSession(session) });
setUpShare();
const devices = setUpDevices({ base, recording, now });
const turn = setUpRoom(recording);

function go(name, focus) {
  view(name);
  focus();
}

setUpShortcuts({
  1: () => (view("copilot"), cards.select("insights", true)),
  2: () => (view("copilot"), cards.select("questions", true)),
  3: () => (view("copilot"), cards.select("fact_check", true)),
  4: () => (view("copilot"), cards.select("sentiment", true)),
  j: () => go("transcript", () => transcript.jump()),
  t: () => go("transcript", () => byId("transcript").focus()),
  g: () => go("guide", () => byId("view-guide").focus()),
  c: () => go("copilot", () => cards.move(0)),
  ArrowDown: () => byId("view-copilot").contains(document.activeElement) && cards.move(1),
  ArrowUp: () => byId("view-copilot").contains(document.activeElement) && cards.move(-1),
  u: () => cards.act("used"),
  n: () => cards.act("not_now"),
  w: () => cards.act("wrong"),
  p: () => cards.act("pinned"),
  m: toggleMute,
  s: turn,
  e: () => stop.ask(),
});

// --- start ---------------------------------------------------------------------------------------

topbar.connection("connecting");
store.applySnapshot(boot);
catchingUp = false;
renderGuide(boot.guide);
render();
live.connect();
if (store.session.status === "ended") transcript.toTop();
