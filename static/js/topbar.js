/** The top bar: what is recorded, with whose consent, how long, how well it is heard. */

import { announce, byId, setIcon, setText, show } from "./dom.js";
import { clock, has, languageName, moment, t } from "./i18n.js";

const SLOW_MS = 1500;
const LATE_MS = 4000;
const STALE_MS = 30_000; // a delay measured longer ago says nothing

export class Topbar {
  #session = null;
  #measured = 0;
  #elapsed = byId("timer-elapsed");
  now = () => Date.now();

  constructor() {
    setInterval(() => this.#tick(), 1000);
  }

  /** Stop counting: the page goes. */
  close() {
    this.#session = null;
  }

  render(session, recording) {
    this.#session = session;
    this.#recordState(session, recording);
    this.#consent(session.consent);
    this.#engine(session);
    show(byId("timer"), Boolean(session.started_at));
    const planned = session.planned_minutes;
    setText(byId("timer-planned"), planned ? t("timer_planned", { minutes: planned }) : "");
    show(byId("edit-open"), session.status === "draft");
    show(byId("stop-button"), session.status === "live" || session.status === "paused");
    this.#tick();
  }

  #recordState(session, recording) {
    let state = session.status;
    if (state === "live" && session.may.record && !recording.active) state = "live_elsewhere";
    else if (state === "live" && recording.kind === "sample") state = "playing";
    else if (state === "live" && recording.active) state = "recording";
    if (session.off_record) state = "off_record";
    const element = byId("record-state");
    const before = element.dataset.state;
    if (before !== "idle" && before !== state) announce(t(`state_${state}`, { at: clock(session.off_record?.since_ms ?? 0) }));
    element.dataset.state = state;
    setText(element.lastElementChild, t(`state_${state}`, { at: clock(session.off_record?.since_ms ?? 0) }));
  }

  #consent(consent) {
    const element = byId("consent-state");
    const state = consentState(consent);
    element.dataset.state = state;
    show(element, true);
    setIcon(element.querySelector(".icon"), { given: "check", missing: "alert" }[state] ?? "cross");
    setText(element.querySelector(".icon + span"), t(`consent_${state}`));
    setText(byId("consent-tip"), t(`consent_tip_${state}`, consentWords(consent)));
  }

  #engine({ engine, language }) {
    const name = engine && (has(`engine_${engine.name}`) ? t(`engine_${engine.name}`) : engine.name);
    const values = { language: languageName(language), engine: name };
    setText(byId("engine-text"), t(engine ? "engine" : "engine_pending", values));
    setText(byId("engine-tip"), engine?.reason || t("engine_tip_pending"));
  }

  #tick() {
    if (performance.now() - this.#measured > STALE_MS) show(byId("word-delay"), false);
    const session = this.#session;
    if (!session?.started_at) return;
    const end = session.ended_at ? Date.parse(session.ended_at) : this.now();
    const elapsed = end - Date.parse(session.started_at);
    setText(this.#elapsed, clock(elapsed));
    const part = session.planned_minutes ? elapsed / (session.planned_minutes * 60_000) : 0;
    byId("timer-bar").style.setProperty("--part", Math.max(0, Math.min(1, part)).toFixed(3));
    byId("timer").classList.toggle("over", part > 1 && session.status !== "ended");
  }

  connection(state) {
    const element = byId("connection");
    if (element.dataset.state !== state) element.dataset.state = state;
    setText(byId("connection-text"), t(`connection_${state}`));
  }

  latency({ word_ms, final_ms }) {
    if (word_ms === null && final_ms === null) return;
    const element = byId("word-delay");
    this.#measured = performance.now();
    const word = word_ms === null ? null : seconds(word_ms);
    const shown = word_ms ?? final_ms;
    element.dataset.state = shown > LATE_MS ? "late" : shown > SLOW_MS ? "slow" : "good";
    setText(byId("word-delay-text"), t("delay", { seconds: seconds(shown) }));
    const whole = word !== null && final_ms !== null;
    const values = { word: word ?? seconds(shown), final: whole ? seconds(final_ms) : "" };
    setText(byId("delay-tip"), t(whole ? "delay_tip" : "delay_tip_word", values));
    show(element, true);
  }
}

function seconds(ms) {
  return (Math.max(0, ms) / 1000).toFixed(ms < 10_000 ? 1 : 0);
}

/** Name how a consent stands: given, refused, withdrawn, or missing. */
export function consentState({ given, answer }) {
  return given ? "given" : (answer ?? "missing");
}

/** The values for a sentence about a consent: when, and how. */
export function consentWords({ at, method, notice }) {
  if (!at) return {};
  return { when: moment(new Date(at)), method: t(`consent_method_${method}`), notice };
}
