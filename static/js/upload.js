/** Send a recording in parts. A part that did not arrive is sent again; the server says from where. */

import { act, put } from "./api.js";
import { announce, byId, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { span, t } from "./i18n.js";

const BASE = "/api/v1/uploads/";
const [LEAST, FIRST, MOST] = [64 * 1024, 512 * 1024, 8 * 1024 * 1024]; // bytes of a part
const PART_MS = 1500; // what a part should take
const WAIT_MS = [1000, 2000, 4000, 8000, 15_000];

const form = byId("upload-form");
const picker = byId("file");
const panel = byId("sending");
const bar = panel.querySelector("[role=progressbar]");
let file = null;
let sending = null; // the upload under way: {id, session, cancelled}

// --- choosing ------------------------------------------------------------------------------------

function size(bytes) {
  const mb = bytes / 1e6;
  return t("megabytes", { n: mb < 10 ? mb.toFixed(1) : Math.round(mb) });
}

function choose(chosen) {
  if (!chosen) return;
  file = chosen;
  setText(byId("file-name"), file.name);
  setText(byId("file-facts"), size(file.size));
  byId("drop").classList.add("chosen");
  complain("file-error", file.size > Number(form.dataset.most) ? t("error_too_large") : "");
}

picker.addEventListener("change", () => choose(picker.files[0]));
for (const type of ["dragenter", "dragover", "dragleave", "drop"])
  byId("drop").addEventListener(type, (event) => {
    event.preventDefault();
    byId("drop").classList.toggle("over", type === "dragenter" || type === "dragover");
    if (type === "drop") choose(event.dataTransfer.files[0]);
  });

// --- what is wrong -------------------------------------------------------------------------------

/** Say what is wrong at a place, and mark the control it is about; "" takes it back. */
function complain(id, text) {
  const place = typeof id === "string" ? byId(id) : id;
  setText(place, text);
  show(place, Boolean(text));
  const control = form.querySelector(`:is(input, select)[aria-describedby~="${place.id}"]`);
  control?.setAttribute("aria-invalid", String(Boolean(text)));
  control?.closest(".field")?.classList.toggle("invalid", Boolean(text));
  return Boolean(text);
}

for (const field of form.querySelectorAll("[data-field]")) {
  const control = field.querySelector("input, select");
  const described = [control.getAttribute("aria-describedby"), field.lastElementChild.id];
  control.setAttribute("aria-describedby", described.filter(Boolean).join(" "));
  control.addEventListener("input", () => complain(field.lastElementChild, ""));
}
byId("consent").addEventListener("change", () => complain("consent-error", ""));

/** The candidate is told in the language of the conversation. */
const language = form.querySelector('[data-field="language"] select');
function told() {
  for (const notice of form.querySelectorAll("[data-notice]")) show(notice, notice.dataset.notice === language.value);
}
language.addEventListener("change", told);
told(); // a browser that goes back fills the form in

/** Say what is missing, all of it, and go to the first; true when nothing is. */
function complete(given) {
  const title = form.querySelector('[data-field="title"]');
  const wrong = [
    complain("file-error", !file ? t("upload_no_file") : file.size > Number(form.dataset.most) ? t("error_too_large") : !file.size ? t("upload_empty") : "") && picker,
    complain(title.lastElementChild, given.title.trim() ? "" : t("upload_no_title")) && title.querySelector("input"),
    complain("consent-error", given.method ? "" : t("upload_no_consent")) && form.elements.method[0],
  ].filter(Boolean);
  wrong[0]?.focus();
  return !wrong.length;
}

function refuse(error) {
  const fields = error.more?.fields ?? {};
  let told = null;
  for (const [name, texts] of Object.entries(fields)) {
    const place = form.querySelector(`[data-field="${name}"]`);
    if (!place) continue;
    complain(place.lastElementChild, [texts].flat().join(" "));
    told ??= place.querySelector("input, select");
  }
  if (!told) complain("upload-error", sentence(error.code, error.detail));
  (told ?? byId("upload-error")).focus();
}

// --- sending -------------------------------------------------------------------------------------

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = Object.fromEntries(new FormData(form));
  complain("upload-error", "");
  if (sending || !complete(given)) return;
  const { method, roles, ...about } = given;
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  try {
    const upload = await act(BASE, { ...about, size: file.size, roles: roles.split(","), consent: { method } });
    sending = { id: upload.id, session: upload.session, cancelled: false };
    turn(true);
    await send(sending, file);
    setText(byId("sending-note"), t("upload_checking"));
    await patiently(sending, () => act(`${BASE}${upload.id}/finish/`));
    const { session } = sending;
    sending = null;
    location.assign(`/sessions/${session}/`);
  } catch (error) {
    const { cancelled } = sending ?? {};
    sending = null;
    turn(false);
    if (cancelled) picker.focus();
    else refuse(error);
  } finally {
    button.disabled = false;
  }
});

function turn(on) {
  show(form, !on);
  show(panel, on);
  if (on) panel.focus();
}

async function send(upload, file) {
  let offset = 0;
  let length = FIRST;
  let speed = 0; // bytes in a millisecond, smoothed
  upload.paused = () => progress(offset, file.size, 0);
  progress(0, file.size, 0);
  while (offset < file.size) {
    const rest = file.size - offset;
    const part = file.slice(offset, offset + (rest < length + LEAST ? Math.min(rest, MOST) : length));
    const from = performance.now();
    const before = offset;
    try {
      const url = `${BASE}${upload.id}/content/?offset=${offset}`;
      ({ received: offset } = await patiently(upload, () => put(url, part)));
    } catch (error) {
      if (error.code !== "wrong_offset") throw error;
      offset = error.more.received;
      continue;
    }
    const now = (offset - before) / Math.max(1, performance.now() - from);
    speed = speed ? 0.7 * speed + 0.3 * now : now;
    length = Math.round(Math.min(MOST, Math.max(LEAST, speed * PART_MS)));
    progress(offset, file.size, speed);
  }
}

/** Try until the server answers; what it refuses is thrown. */
async function patiently(upload, attempt) {
  for (let tries = 0; ; tries += 1) {
    if (upload.cancelled) throw { code: "cancelled" };
    try {
      const answer = await attempt();
      if (tries) show(byId("sending-pause"), false);
      if (upload.cancelled) throw { code: "cancelled" };
      return answer;
    } catch (error) {
      const passing = error.status === 0 || error.status === 429 || error.status >= 500;
      if (!passing || upload.cancelled) throw error;
      const text = t(navigator.onLine ? "upload_waiting" : "upload_offline");
      if (!tries) announce(text);
      upload.paused?.(); // what was measured says nothing now
      setText(byId("sending-pause"), text);
      show(byId("sending-pause"), true);
      await pause(upload, WAIT_MS[Math.min(tries, WAIT_MS.length - 1)]);
    }
  }
}

/** Wait, but not longer than until the network is back or somebody cancels. */
function pause(upload, ms) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    upload.wake = () => (clearTimeout(timer), resolve());
  });
}

window.addEventListener("online", () => sending?.wake?.());
window.addEventListener("beforeunload", (event) => sending && event.preventDefault());

byId("sending-cancel").addEventListener("click", () => {
  if (!sending) return;
  sending.cancelled = true;
  sending.wake?.();
  act(`${BASE}${sending.id}/`, {}, "DELETE").catch(() => {}); // else it is forgotten in a day
  announce(t("upload_cancelled"));
});

function progress(done, all, speed) {
  const percent = Math.floor((100 * done) / all);
  setText(byId("sending-heading"), t("upload_sending", { percent }));
  bar.setAttribute("aria-valuenow", String(percent));
  bar.firstElementChild.style.setProperty("--part", (done / all).toFixed(4));
  const values = { done: size(done), all: size(all), speed: `${size(speed * 1000)}/s` };
  const left = speed ? t("upload_left", { time: span((all - done) / speed / 1000) }) : "";
  setText(byId("sending-note"), `${t(speed ? "upload_speed" : "upload_done", values)} ${left}`.trim());
}
