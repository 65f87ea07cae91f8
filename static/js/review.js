/** The page after an interview: what it came to, beside what was said. */

import "./review-texts.js"; // before what says them
import { read } from "./api.js";
import { Banner } from "./banner.js";
import { setUpBeside } from "./beside.js";
import { correctingActs } from "./correcting.js";
import { byId, setText, show } from "./dom.js";
import { setUpExport } from "./export.js";
import { languageName, t } from "./i18n.js";
import { Ledger } from "./ledger.js";
import { LineMenu } from "./line-menu.js";
import { showLost } from "./lost.js";
import { setUpProgress } from "./progress.js";
import { OverallControl } from "./overall-control.js";
import { Panel } from "./panel.js";
import { setUpPrivacy } from "./privacy.js";
import { Ratings } from "./ratings.js";
import { fetchRest } from "./rest.js";
import { setUpRetention } from "./retention.js";
import { setUpShare } from "./share.js";
import { setUpShortcuts } from "./shortcuts.js";
import { Signing } from "./signing.js";
import { LiveSocket } from "./socket.js";
import { Store } from "./store.js";
import { Summary } from "./summary.js";
import { showTalk } from "./talk-chart.js";
import { Tone } from "./tone.js";
import { Transcript } from "./transcript.js";

const FEW = 12; // claims are shown at once, more of them when they are asked for
const SETTLE_MS = 500; // of lines coming, before the figures are asked for again

const boot = JSON.parse(byId("boot").textContent);
const base = `/api/v1/sessions/${boot.session.id}`;
const socketUrl = `${location.origin.replace(/^http/, "ws")}/ws/sessions/${boot.session.id}/live/`;
const desk = byId("main");
const { may } = boot.session;
const ended = boot.session.status === "ended";

const store = new Store(boot);
const banner = new Banner();
const transcript = new Transcript();
const live = new LiveSocket({ url: socketUrl, snapshotUrl: `${base}/snapshot/`, store });
const lineOf = (id) => store.line(id);
const summary = new Summary(`${base}/summary/`, { lineOf, onlines, may });
const ledger = new Ledger({ lineOf, onlines, oncount: (n) => show(byId("claims-empty"), n === 0) });
const tone = byId("tones") && new Tone(`${base}/tones/`, { lineOf, onlines, oncount: (n) => show(byId("tones"), n > 0) });
new Signing(`${base}/summary/`, { summary, may, onlines });
const panel = new Panel({ base, lineOf, onlines });
const ratings = new Ratings({ base, guide: boot.guide, may, lineOf, onlines });
const { notes, bookmarks, acts } = setUpBeside({
  base,
  store,
  transcript,
  onlines,
  elapsed: () => null, // nothing is said any more
  quiet: () => quiet,
});
notes.onabout = () => (view("document"), bookmarks.show("notes"));
const correcting = correctingActs({ base, banner, ondone: (segment) => store.take("segment", segment) });
const menu = new LineMenu({
  lineOf,
  may: () => store.session.may,
  acts: [...acts, ...ratings.acts, ...correcting],
});
const privacy = setUpPrivacy({ base, store, banner, leave });
const showRetention = setUpRetention({ base, store, openErase: privacy.openErase });
transcript.live = false;
transcript.onmenu = (...line) => menu.open(...line);

let quiet = true; // what was there before is not announced
let rest = Promise.resolve(); // what is fetched behind the first sight
let figures = 0; // timer of the figures
let left = false;

// --- views ---------------------------------------------------------------------------------------

function view(name) {
  desk.dataset.view = name;
  for (const button of document.querySelectorAll("[data-show]"))
    button.setAttribute("aria-pressed", String(button.dataset.show === name));
}

for (const button of document.querySelectorAll("[data-show]"))
  button.addEventListener("click", () => view(button.dataset.show));

/** Show the first of these lines that is there. */
function onlines(ids) {
  view("transcript");
  if (ids.some((id) => transcript.reveal(id))) return;
  rest.then(() => ids.some((id) => transcript.reveal(id))); // it is still on its way
}

// --- what comes from the server ------------------------------------------------------------------

store.addEventListener("session", ({ detail: { session, before } }) => {
  if (before === "processing" && session.status === "ended") location.reload();
  const changed = Object.keys(may).some((name) => session.may && session.may[name] !== may[name]);
  if (changed && !summary.unsaved) location.reload();
  tone?.allow(session.sentiment);
  privacy.render(session);
  showRetention(session);
});

store.addEventListener("segment", ({ detail: segment }) => {
  transcript.upsert(segment);
  if (segment.hidden) {
    ledger.drop(segment.id);
    tone?.drop(segment.id);
  }
  if (segment.corrected_at) summary.markStale();
  clearTimeout(figures);
  figures = setTimeout(renew, SETTLE_MS);
});

store.addEventListener("gap", ({ detail }) => transcript.gap(detail));
store.addEventListener("claim", ({ detail }) => ledger.upsert(detail));
store.addEventListener("tone", ({ detail }) => tone?.upsert(detail));
store.addEventListener("summary", ({ detail }) => ended && summary.heard(detail));
store.addEventListener("scorecard", () => ratings.heard());

const showProgress = setUpProgress();
store.addEventListener("upload", ({ detail }) => showProgress(detail));

/** Ask who spoke how long: when the lines have come, and when they changed. */
async function renew() {
  show(byId("transcript-empty"), transcript.length === 0);
  const answer = await read(`${base}/analytics/`).catch(() => null); // the page stands without it
  if (answer && !left) showTalk(answer);
}

live.addEventListener("state", ({ detail: { state, status } }) => {
  show(document.body, state !== "doubtful");
  if (state === "refused") leave(status === 401 ? "signed_out" : "gone");
  if (left) return;
  if (state === "open") banner.clear("live");
  else if (state === "waiting" || state === "offline") banner.set("live", { level: "warning", text: t("banner_review_lost") });
});

/** Take everything of the interview off the page. */
function leave(code) {
  if (left) return;
  left = true;
  live.close();
  showLost(code);
}

window.addEventListener("signed-out", () => leave("signed_out"));
window.addEventListener("beforeunload", (event) => summary.unsaved && !left && event.preventDefault());

// --- what the person does ------------------------------------------------------------------------

const exporting = setUpExport();
let sending = null; // comes when it is opened
byId("send-open")?.addEventListener("click", async () => {
  sending ??= import("./send.js").then(({ setUpSending }) => setUpSending(base));
  (await sending)();
});
setUpShare();

function press(id) {
  const button = byId(id);
  if (!button?.checkVisibility()) return false;
  button.click();
}

function go(name, id) {
  view(name);
  byId(id).scrollIntoView({ block: "start" });
  byId(id).focus({ preventScroll: true });
}

setUpShortcuts([
  { keys: ["t"], label: t("key_transcript"), group: "views", run: () => go("transcript", "transcript") },
  { keys: ["y"], label: t("key_summary"), group: "views", run: () => go("document", "summary-heading") },
]);
setUpShortcuts([{ keys: ["r"], label: t("key_ratings"), group: "views", run: () => go("document", "ratings-heading") }]);
if (may.comment) {
  const write = () => (notes.onabout(), notes.focus());
  setUpShortcuts([{ keys: ["i"], label: t("key_note"), group: "notes", run: write }]);
}
if (may.share)
  setUpShortcuts([{ keys: ["f"], label: t("key_share"), group: "page", run: () => press("share-open"), button: "share-open" }]);
if (byId("export-open"))
  setUpShortcuts([{ keys: ["x"], label: t("key_export"), group: "page", run: exporting, button: "export-open" }]);
if (may.record)
  setUpShortcuts([{ keys: ["z"], label: t("key_summary_again"), group: "page", run: () => press("summary-again"), button: "summary-again" }]);

// --- start ---------------------------------------------------------------------------------------

setText(byId("review-language"), languageName(boot.session.language));
store.applySnapshot(boot);
quiet = false;
transcript.toTop();
byId("ledger").open = store.claims.size <= FEW;
ratings.mountFull(byId("ratings-full"), { Overall: OverallControl, onothers: () => panel.load() });
ratings.load();
rest = fetchRest(base, store, boot.more);
live.connect();
if (ended) summary.load();
else byId("summary").hidden = true;
renew();
