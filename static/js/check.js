/** The device check: is the microphone heard, is what is said understood, what can this browser do? */

import { put } from "./api.js";
import { byId, h, icon, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { languageName, t } from "./i18n.js";
import { RATE } from "./pcm-buffer.js";
import { Capture, microphones } from "./recorder.js";
import { canCompress } from "./webm-buffer.js";

const LONGEST_S = 8;
const AUDIBLE = 0.3; // level of a voice that comes through
const FAINT = 0.12; // level of something at least
const SPOKEN_S = 1; // of voice that make it good
const CLIPPED = 3; // chunks in a row, about
const SILENT_S = 4;
const UNDERSTOOD = 0.8;
const PARTLY = 0.5;
const SLOW = 0.75; // of the time that it took to say

let capture = null;
let heard = { good: 0, loud: 0 };
let samples = null; // chunks of the sentence while it is recorded

// --- microphone ------------------------------------------------------------------------------------

async function open(deviceId) {
  await capture?.stop();
  capture = null;
  tell("mic-verdict", "", t("check_opening"));
  try {
    capture = await Capture.microphone(deviceId);
  } catch (error) {
    tell("mic-verdict", "bad", sentence(error.code));
    show(byId("mic"), false);
    ready(false);
    byId("mic-verdict").focus();
    return;
  }
  heard = { good: 0, loud: 0 };
  capture.onchunk = take;
  capture.addEventListener("ended", lost);
  show(byId("mic"), true);
  show(byId("mic-open"), false);
  await list();
  ready(true);
}

function lost() {
  capture = null;
  samples = null;
  tell("mic-verdict", "bad", t("check_lost"));
  show(byId("mic-open"), true);
  ready(false);
}

async function list() {
  const found = await microphones();
  const options = found.map(({ id, label }, i) =>
    h("option", { value: id, selected: id === capture.deviceId }, label || t("device_default", { n: i + 1 })),
  );
  byId("device").replaceChildren(...options);
}

function take(chunk) {
  if (!capture) return;
  const { level, clipped } = capture;
  const seconds = chunk.length / RATE;
  heard.loud = clipped ? heard.loud + 1 : Math.max(0, heard.loud - 0.1);
  if (level > AUDIBLE) heard.good += seconds;
  if (level > FAINT) heard.faint = performance.now();
  samples?.push(chunk);
}

function draw() {
  if (!capture) return;
  const meter = byId("level");
  meter.firstElementChild.style.setProperty("--level", capture.level.toFixed(2));
  meter.setAttribute("aria-valuenow", String(Math.round(capture.level * 100)));
  const { silentFor } = capture;
  const faint = performance.now() - (heard.faint ?? -Infinity) < SILENT_S * 1000;
  if (heard.loud > CLIPPED) tell("mic-verdict", "bad", t("check_loud"));
  else if (heard.good > SPOKEN_S) tell("mic-verdict", "good", t("check_good"));
  else if (silentFor > SILENT_S) tell("mic-verdict", "bad", t(faint ? "check_quiet" : "check_nothing"));
  else if (byId("mic-verdict").dataset.state !== "bad") tell("mic-verdict", "", t("check_listening"));
}

function tell(id, state, text) {
  byId(id).dataset.state = state;
  setText(byId(id), text);
}

function ready(yes) {
  byId("say").disabled = !yes;
  show(byId("say-note"), !yes);
}

// --- sentence --------------------------------------------------------------------------------------

async function say() {
  if (samples) return stopSaying();
  samples = [];
  show(byId("understood"), false);
  setText(byId("say").lastElementChild, t("check_done"));
  show(byId("say-progress"), true);
  const began = performance.now();
  const timer = setInterval(() => {
    const seconds = (performance.now() - began) / 1000;
    byId("say-progress").value = seconds;
    if (seconds < LONGEST_S && samples) return;
    clearInterval(timer);
    stopSaying();
  }, 100);
}

async function stopSaying() {
  const said = samples;
  samples = null;
  show(byId("say-progress"), false);
  setText(byId("say").lastElementChild, t("check_again"));
  if (!said) return;
  const length = said.reduce((sum, chunk) => sum + chunk.length, 0);
  const pcm = new Int16Array(length);
  let at = 0;
  for (const chunk of said) {
    pcm.set(chunk, at);
    at += chunk.length;
  }
  byId("say").disabled = true;
  show(byId("understood"), true);
  for (const id of ["understood-sentence", "understood-text"]) byId(id).replaceChildren();
  setText(byId("understood-engine"), "");
  tell("understood-verdict", "", t("check_recognizing"));
  try {
    const answer = await put(`/api/v1/sound-check/?language=${language()}`, pcm, "POST");
    showAnswer(answer, length / RATE);
  } catch (error) {
    tell("understood-verdict", "bad", sentence(error.code, error.detail));
  }
  byId("say").disabled = !capture;
  byId("understood").focus();
}

function showAnswer(answer, seconds) {
  const { matched, text, words, took_ms } = answer;
  tell("understood-verdict", ...verdict(matched, text, took_ms / 1000 / seconds));
  const said = answer.sentence.map(({ t: word, heard: was }) => (was ? word : missed(word)));
  byId("understood-sentence").replaceChildren(...said.flatMap((node) => [node, " "]));
  byId("understood-sentence").lang = byId("understood-text").lang = language();
  setText(byId("understood-text"), words.map((word) => word.t).join(" ") || t("check_no_words"));
  const values = { engine: answer.engine, seconds: (took_ms / 1000).toFixed(1), reason: answer.reason };
  setText(byId("understood-engine"), t("check_engine", values));
}

function missed(word) {
  return h("mark", { class: "missed", title: t("check_missed") }, word, h("span", { class: "visually-hidden" }, ` (${t("check_missed")})`));
}

function verdict(matched, text, pace) {
  if (!text) return ["bad", t(heard.good > SPOKEN_S ? "check_not_understood" : "check_not_heard")];
  if (matched !== null && matched < PARTLY) return ["bad", t("check_not_understood")];
  if (matched !== null && matched < UNDERSTOOD) return ["fair", t("check_partly")];
  if (pace > SLOW) return ["fair", t("check_slow")];
  return ["good", t(matched === null ? "check_free" : "check_understood")];
}

function language() {
  return byId("language")?.value ?? document.querySelector("[data-language]").dataset.language;
}

// --- loudspeaker and browser -----------------------------------------------------------------------

function playTone() {
  const context = new AudioContext();
  const volume = new GainNode(context, { gain: 0 });
  const tone = new OscillatorNode(context, { frequency: 440 });
  tone.connect(volume).connect(context.destination);
  volume.gain.linearRampToValueAtTime(0.2, context.currentTime + 0.05);
  volume.gain.setValueAtTime(0.2, context.currentTime + 1);
  volume.gain.linearRampToValueAtTime(0, context.currentTime + 1.2);
  tone.onended = () => {
    setText(byId("tone-note"), t("check_tone_played"));
    context.close();
  };
  setText(byId("tone-note"), t("check_tone_playing"));
  tone.start();
  tone.stop(context.currentTime + 1.25);
}

function fact(key, works) {
  const text = t(`check_${key}_${works ? "yes" : "no"}`);
  return h("li", { class: "fact", dataset: { state: works ? "good" : "fair" } }, icon(works ? "check" : "alert"), h("span", {}, text));
}

byId("browser-facts").append(
  fact("secure", window.isSecureContext),
  fact("capture", Boolean(navigator.mediaDevices?.getUserMedia && window.AudioWorkletNode)),
  fact("tab", Boolean(navigator.mediaDevices?.getDisplayMedia)),
  fact("compress", canCompress()),
);
for (const option of byId("language")?.options ?? []) setText(option, languageName(option.value));
byId("language")?.addEventListener("change", () => {
  for (const one of document.querySelectorAll("[data-language]")) show(one, one.dataset.language === language());
  show(byId("understood"), false);
});
byId("mic-open").addEventListener("click", () => open());
byId("device").addEventListener("change", () => open(byId("device").value));
byId("say").addEventListener("click", say);
byId("tone-play").addEventListener("click", playTone);
window.addEventListener("pagehide", () => capture?.stop());
setInterval(draw, 100);
