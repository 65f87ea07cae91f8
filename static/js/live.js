/** The page of one interview: wires what it knows, hears and shows. */

import { Analysis } from "./analysis.js";
import { act } from "./api.js";
import { Banner } from "./banner.js";
import { setUpBeside } from "./beside.js";
import { Cards } from "./cards.js";
import { correctingActs } from "./correcting.js";
import { byId, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { Guide, mountRatings } from "./guide.js";
import { ago, moment, span, t } from "./i18n.js";
import { setUpKeys } from "./keys.js";
import { Ledger } from "./ledger.js";
import { LineMenu } from "./line-menu.js";
import { showLost } from "./lost.js";
import { Meters } from "./meters.js";
import { setUpNoRecorder } from "./no-recorder.js";
import { People } from "./presence.js";
import { setUpPrivacy } from "./privacy.js";
import { setUpOffRecord } from "./off-record.js";
import { setUpProgress } from "./progress.js";
import { Ratings } from "./ratings.js";
import { fetchRest, inTurn } from "./rest.js";
import { Columns, setUpSettings } from "./settings.js";
import { setUpShare } from "./share.js";
import { LiveSocket } from "./socket.js";
import { Store } from "./store.js";
import { Tone } from "./tone.js";
import { Topbar } from "./topbar.js";
import { Transcript } from "./transcript.js";
import { Verbosity } from "./verbosity.js";
import { Views } from "./views.js";

const LATE_MS = 4000;
const FEW = 40; // cards that an opening builds at once, whichever tab they belong to
const CHANGED = "copilot.access"; // how one's access has changed, told once the page is there again

const boot = JSON.parse(byId("boot").textContent);
const sampleUrl = byId("live-script").dataset.sample;
const base = `/api/v1/sessions/${boot.session.id}`;
const socketBase = `${location.origin.replace(/^http/, "ws")}/ws/sessions/${boot.session.id}`;
const records = boot.session.may.record && boot.session.status !== "ended";
const setUpRecorder = records ? (await import("./recorder-desk.js")).setUpRecorder : setUpNoRecorder;

const store = new Store(boot);
const banner = new Banner();
const topbar = new Topbar();
const meters = new Meters();
const transcript = new Transcript();
const live = new LiveSocket({ url: `${socketBase}/live/`, snapshotUrl: `${base}/snapshot/`, store });
const analysis = new Analysis(`${base}/analyse/`, banner);
const lineOf = (id) => store.line(id);
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
const verbosity = new Verbosity();
const cards = new Cards(boot.session, {
  verbosity,
  lineOf,
  onlines,
  onselect: () => tone.renew(),
  onarrive: (insight) => views.cardCame(insight.id),
  onfeedback: (insight, value) => feedback(insight, value),
  onpresence: (insight, present) => transcript.mark(insight, present),
});
const columns = new Columns();
const views = new Views(columns);
views.onshow = (name) => {
  if (name === "transcript") transcript.settle();
  if (name === "copilot") tone.renew();
};
const now = () => Date.now() + live.skew;
const recorder = setUpRecorder({ base, socketBase, sampleUrl, store, banner, meters, now, left: () => left });
const { recording, setup } = recorder;
topbar.now = cards.now = now;
const me = Number(document.querySelector('meta[name="person"]').content);
const people = new People(me);
const beside = setUpBeside({
  base,
  store,
  transcript,
  onlines,
  elapsed: () => (store.session.status === "live" ? now() - Date.parse(store.session.started_at) : null),
  quiet: () => catchingUp,
});
const { notes, bookmarks, acts } = beside;
notes.onabout = () => (views.show("guide"), bookmarks.show("notes"));
const guide = new Guide(byId("view-guide"), { base, store, now, banner, onlines });
const ratings = new Ratings({ base, guide: boot.guide, may: boot.session.may, lineOf, onlines });
acts.push(...ratings.acts);
const correcting = correctingActs({ base, banner, ondone: (segment) => store.take("segment", segment) });
const menu = new LineMenu({ lineOf, may: () => store.session.may, acts: [...acts, ...correcting] });
const offRecord = setUpOffRecord({ base, banner, recording, transcript, onchange: (session) => store.setSession(session) });
const privacy = setUpPrivacy({ base, store, banner, now, pause: offRecord.pause, leave });
transcript.onmenu = (...line) => menu.open(...line);
meters.soundOf = (role) => recording.soundOf(role);
transcript.onmark = (id) => (views.show("copilot"), cards.reveal(id));

let catchingUp = true; // a snapshot is shown as it is: nothing slides in, nothing is announced
let left = false; // access has ended
const corrected = new Set(); // lines that may have been said by somebody else before
const heard = new Set(); // roles whose sound the server tells of
const unbuilt = new Set(); // cards of a long interview in tabs that are not looked at: built after it is painted

// --- what the page shows ---------------------------------------------------------------------

function render() {
  const { session } = store;
  document.body.dataset.status = session.status;
  topbar.render(session, recording);
  offRecord.render(session);
  privacy.render(session);
  setup.render(session, recording);
  cards.setSession(session);
  guide.render(true);
  analysis.render(session, catchingUp);
  tone.allow(session.sentiment);
  show(byId("waiting"), session.status === "draft");
  show(byId("transcript-frame"), session.status !== "draft");
  const empty = transcript.length === 0 && session.status !== "draft" && !setupFills();
  show(byId("transcript-empty"), empty);
  setText(byId("transcript-empty").querySelector("p"), t(`transcript_empty_${session.status}`));
  const role = session.may.comment ? "comment" : "read_only";
  setText(byId("transcript-note"), session.may.record ? "" : t(`transcript_note_${role}`, session));
  show(byId("bookmark-button"), session.status === "live");
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
  const held = session.retention?.hold;
  const deleted = held ? t("retention_held_tip") : due ? t("ended_deleted", { when: `${ago(due, now(), true)} (${moment(due)})` }) : "";
  const withdrawn = session.consent.answer === "withdrawn";
  if (withdrawn) banner.clear("failed"); // why the recorder was stopped is said here
  const text = `${t(withdrawn ? "ended_withdrawn" : "ended_banner")} ${deleted}`.trim();
  const acts = [{ label: t("banner_review"), href: "review/" }];
  if (withdrawn && privacy.openErase && !held) acts.unshift({ label: t("ended_erase"), run: privacy.openErase });
  banner.set("ended", { level: withdrawn ? "warning" : "info", text, acts });
}

// --- what comes from the server ----------------------------------------------------------------

store.addEventListener("session", ({ detail }) => {
  if (detail.before !== "ended" && detail.session.status === "ended" && recording.active && !recording.stopping)
    recording.abandon(); // ended elsewhere: the server has kept the last words
  render();
  followAccess(detail.session.may);
});

/** What a person may do decides what is on their page: where it has changed, the page comes anew. */
function followAccess(may) {
  if (left || JSON.stringify(may) === JSON.stringify(boot.session.may)) return;
  const change = may.comment === boot.session.may.comment ? "changed" : may.comment ? "raised" : "lowered";
  if (recording.active) return banner.set("access", { level: "warning", text: t("access_changed") });
  sessionStorage.setItem(CHANGED, change);
  location.reload();
}

store.addEventListener("segment", ({ detail: segment }) => {
  transcript.upsert(segment);
  if (segment.corrected_at) corrected.add(segment.id);
  if (corrected.has(segment.id) && segment.role !== "candidate") tone.drop(segment.id);
  if (segment.hidden) {
    ledger.drop(segment.id);
    tone.drop(segment.id);
    if (!catchingUp) recorder.hintAtEcho();
    return;
  }
  show(byId("transcript-empty"), false);
});

store.addEventListener("gap", ({ detail: gap }) => {
  transcript.gap(gap);
  show(byId("transcript-empty"), false);
});

store.addEventListener("level", ({ detail: level }) => {
  verbosity.heard(level.level);
  if (!heard.has(level.role)) {
    heard.add(level.role);
    renderRoles();
  }
  meters.heard(level);
});

store.addEventListener("insight", ({ detail: insight }) => {
  if (insight.state === "superseded") views.cardWent(insight.id);
  if (catchingUp && boot.insights.length > FEW && insight.tab !== cards.selected) {
    unbuilt.add(insight.id);
    return;
  }
  const old = unbuilt.delete(insight.id); // it has changed before its turn came
  cards.upsert(insight, { quiet: catchingUp || old });
});

/** Build the cards that were left out at first, as they are by now. */
async function buildCards() {
  await inTurn(unbuilt, (id) => cards.upsert(store.insights.get(id), { quiet: true }));
  unbuilt.clear();
}

store.addEventListener("claim", ({ detail }) => ledger.upsert(detail));
store.addEventListener("tone", ({ detail }) => tone.upsert(detail));

const read = new Set(); // notes that were counted

store.addEventListener("note", ({ detail: note }) => {
  const known = read.has(note.id) || note.removed || note.author_id === me;
  read.add(note.id);
  if (!known && !catchingUp) views.noteCame();
});

store.addEventListener("presence", ({ detail }) => people.render(detail.people, catchingUp));

const showProgress = setUpProgress();
store.addEventListener("upload", ({ detail }) => showProgress(detail));

store.addEventListener("guide", () => guide.render(catchingUp));
store.addEventListener("scorecard", () => ratings.heard());

store.addEventListener("partial", ({ detail: partial }) => {
  if (store.session.status === "ended" || (partial.text && store.session.off_record)) return;
  if (partial.text) verbosity.heard();
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
  if (code === "pause_asked" && store.session.may.record) return; // a banner asks for the answer
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
  if (left) return;
  left = true;
  live.close();
  recording.abandon();
  setup.close();
  topbar.close();
  privacy.close();
  showLost(code);
}

window.addEventListener("signed-out", () => leave("signed_out"));

// --- what the person does ------------------------------------------------------------------------

/** Show the first of these lines that is there. */
function onlines(ids) {
  views.show("transcript");
  if (ids.some((id) => transcript.reveal(id))) return;
  rest.then(() => ids.some((id) => transcript.reveal(id))); // it is still on its way
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

recording.addEventListener("change", () => (render(), recorder.lookForSilence()));
recording.addEventListener("health", () => (showConnection(), recorder.lookForSilence()));
setUpShare();
const settings = setUpSettings(verbosity);
setUpKeys({ boot, views, columns, settings, transcript, cards, guide, beside, offRecord, recorder });

// --- start ---------------------------------------------------------------------------------------

topbar.connection("connecting");
store.applySnapshot(boot);
catchingUp = false;
mountRatings(byId("view-guide"), ratings);
if (boot.session.may.comment) ratings.load();
render();
const change = sessionStorage.getItem(CHANGED);
if (change) banner.set("access", { level: "info", text: t(`access_${change}`), dismissible: true });
sessionStorage.removeItem(CHANGED);
live.connect();
if (store.session.status === "ended") transcript.toTop();
const painted = new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
const rest = painted.then(buildCards).then(() => fetchRest(base, store, boot.more));
