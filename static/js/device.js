/** A device that joined by a code: it records one channel and shows how that goes, nothing else. */

import { byId, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { t } from "./i18n.js";
import { Capture } from "./recorder.js";
import { Recording } from "./recording.js";
import { canCompress, slowUplink } from "./webm-buffer.js";

const LOOK_MS = 100;
const TRY_MS = 3000;
const ENDS = { ended: "ended", gone: "ended", forbidden: "removed", access_ended: "removed" };
const NOT_YET = new Set(["not_live", "no_consent"]);

const page = byId("main");
const { socket, channel } = page.dataset;
const meter = byId("device-meter");
let state = "ready";
let muted = false;
let retry = 0;
let recorded = false; // the server has taken its sound
let held = false; // the focus is on the buttons, whichever is shown

/** What is wrong, in place of a banner: the page has room for one sentence and one button. */
const trouble = {
  messages: new Map(),
  set(key, message) {
    this.messages.set(key, message);
    this.show();
  },
  clear(key) {
    if (this.messages.delete(key)) this.show();
  },
  has(key) {
    return this.messages.has(key);
  },
  show() {
    // The state itself says what the connection does; the rest is about the microphone.
    const said = [...this.messages].filter(([key]) => !["audio", "back", "failed"].includes(key));
    const text = said.map(([, message]) => message.text).join(" ");
    setText(byId("device-error"), text);
    show(byId("device-error"), Boolean(text));
  },
};

const recording = new Recording(() => `${location.origin.replace(/^http/, "ws")}${socket}`, trouble);

function become(next, values = {}) {
  const acts = document.querySelector(".device-acts");
  held ||= acts.contains(document.activeElement);
  state = next;
  page.dataset.state = next;
  setText(byId("device-state"), t(`device_${next}`));
  setText(byId("device-detail"), t(`device_${values.detail ?? next}_detail`, values));
  const running = recording.active;
  show(byId("device-start"), !running && !["starting", "waiting", "ended", "removed", "withdrawn"].includes(next));
  show(byId("device-mute"), running && next !== "off_record");
  show(byId("device-stop"), running || next === "waiting");
  show(meter, running);
  if (next === "starting") byId("device-notice").open = false; // read before, in the way after
  byId("device-mute").setAttribute("aria-pressed", String(muted));
  setText(byId("device-mute").lastElementChild, t(muted ? "device_unmute" : "device_mute"));
  const button = acts.querySelector("button:not([hidden])");
  if (!held || !button) return;
  held = false;
  if (document.activeElement === document.body || document.activeElement.hidden) button.focus();
}

async function start() {
  clearTimeout(retry);
  trouble.messages.clear();
  trouble.show();
  become("starting");
  try {
    const capture = await Capture.microphone();
    muted = false;
    recording.record(new Map([[channel, capture]]), { compress: canCompress() && slowUplink() });
    look();
  } catch (error) {
    setText(byId("device-start").lastElementChild, t("device_again"));
    become("ready");
    setText(byId("device-error"), sentence(error.code));
    show(byId("device-error"), true);
  }
}

function look() {
  if (!recording.active || recording.stopping) return;
  if (recording.interrupted) become("lost", { seconds: Math.ceil(recording.kept) });
  else become(recording.off ? "off_record" : muted ? "muted" : "recording");
}

async function stop() {
  clearTimeout(retry);
  const stored = await recording.stop();
  setText(byId("device-start").lastElementChild, t("device_again"));
  become("stopped", { detail: stored ? "stopped" : "unsent" });
}

recording.addEventListener("engine", () => (recorded = true));
recording.addEventListener("health", look);
recording.addEventListener("record", look);
recording.addEventListener("failed", ({ detail: code }) => {
  if (code === "no_consent" && recorded) become("withdrawn");
  else if (NOT_YET.has(code)) {
    become("waiting");
    retry = setTimeout(start, TRY_MS);
  } else if (ENDS[code]) become(ENDS[code]);
  else {
    setText(byId("device-start").lastElementChild, t("device_again"));
    become("stopped", { detail: "unsent" });
    setText(byId("device-error"), sentence(code));
    show(byId("device-error"), true);
  }
});
byId("device-start").addEventListener("click", start);
byId("device-stop").addEventListener("click", stop);
byId("device-mute").addEventListener("click", () => {
  muted = !muted;
  recording.mute(muted);
  look();
});
setInterval(() => {
  const { level = 0 } = recording.soundOf(channel) ?? {};
  meter.firstElementChild.style.setProperty("--level", level.toFixed(2));
  meter.setAttribute("aria-valuenow", String(Math.round(level * 100)));
}, LOOK_MS);

become(["ended", "processing"].includes(page.dataset.status) ? "ended" : "ready");
