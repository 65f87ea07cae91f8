/** Before the recording: consent, sound check, start; also shown when a live one is not recorded here. */

import { act } from "./api.js";
import { byId, h, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { t } from "./i18n.js";
import { Capture, microphones } from "./recorder.js";
import { consentWords } from "./topbar.js";
import { canCompress, slowUplink } from "./webm-buffer.js";

const QUIET = 0.3;
const LISTEN_S = 2;

export class Setup {
  #root = byId("setup");
  #test = null; // the microphone of the sound check
  #timer = 0;
  #loud = 0;
  #heard = 0;
  #base;
  #busy = false;
  #shown = [];
  onconsent = () => {}; // (session JSON)
  onstart = async () => {}; // (source, {deviceId, microphone, compress})
  onsample = async () => {};

  constructor(base) {
    this.#base = base;
    if (!this.#root) return;
    byId("consent-form").addEventListener("submit", (event) => this.#consent(event));
    byId("sound-test").addEventListener("click", () => this.#toggleTest());
    byId("device").addEventListener("change", () => this.#reopen());
    byId("start-button").addEventListener("click", () => this.start());
    byId("sample-button")?.addEventListener("click", () => this.#run(byId("sample-button"), () => this.onsample()));
    // A phone's browser cannot share a tab: not offered where it cannot work.
    const shares = Boolean(navigator.mediaDevices?.getDisplayMedia);
    show(byId("source-tab"), shares);
    if (!shares) this.#root.querySelector('input[value="room"]').checked = true;
    show(byId("save-data"), canCompress());
    byId("compress").checked = canCompress() && slowUplink();
  }

  /** Let go of the microphone: the page goes. */
  close() {
    if (this.#root) this.#endTest();
    this.#root = null;
  }

  get exists() {
    return this.#root !== null;
  }

  render(session, recording) {
    if (!this.#root) return;
    this.#shown = [session, recording];
    const draft = session.status === "draft";
    const resume = session.status === "live" && !recording.active && !this.#busy;
    show(this.#root, draft || resume);
    if (!draft && !resume) this.#endTest();
    this.#root.classList.toggle("compact", resume);
    if (resume) setText(byId("setup-heading"), t("setup_resume"));
    const given = session.consent.given;
    byId("step-consent").classList.toggle("done", given);
    show(byId("consent-form"), !given);
    show(byId("consent-done"), given);
    if (given) setText(byId("consent-done"), t("consent_done", consentWords(session.consent)));
    byId("sound-fields").disabled = !given;
    for (const id of ["step-sound", "step-start"]) byId(id).classList.toggle("waiting", !given);
    for (const id of ["start-button", "sample-button"])
      if (byId(id) && !this.#busy) byId(id).disabled = !given;
    setText(byId("start-button").lastElementChild, t(resume ? "start_resume_button" : "start_button"));
    this.#note(session, given, resume);
  }

  #note(session, given, resume) {
    let key = "start_ready";
    if (!given) key = "start_need_consent";
    else if (resume) key = "start_resume";
    else if (session.sample) key = "start_sample";
    setText(byId("start-note"), t(key));
  }

  async #consent(event) {
    event.preventDefault();
    const form = byId("consent-form");
    const button = form.querySelector("button[type=submit]");
    const data = Object.fromEntries(new FormData(form));
    if (!data.name.trim()) delete data.name;
    show(byId("consent-error"), false);
    button.disabled = true;
    try {
      this.onconsent(await act(`${this.#base}/consent/`, data));
      byId("start-button").focus();
    } catch (error) {
      this.#fail("consent-error", error);
    } finally {
      button.disabled = false;
    }
  }

  #fail(id, error) {
    setText(byId(id), sentence(error.code, error.detail));
    show(byId(id), true);
  }

  fail(error) {
    this.#fail("start-error", error);
  }

  /** Start recording with what is chosen. */
  start() {
    return this.#run(byId("start-button"), async () => {
      const source = this.#root.querySelector('input[name="source"]:checked').value;
      const microphone = this.#test;
      this.#test = null; // it belongs to the recording from here on
      this.#endTest();
      try {
        const compress = byId("compress").checked;
        await this.onstart(source, { deviceId: byId("device").value, microphone, compress });
      } catch (error) {
        microphone?.stop().catch(() => {});
        throw error;
      }
    });
  }

  async #run(button, work) {
    if (this.#busy) return;
    this.#busy = true;
    const buttons = [byId("start-button"), byId("sample-button")].filter(Boolean);
    const label = button.lastElementChild;
    const before = label.textContent;
    show(byId("start-error"), false);
    for (const each of buttons) each.disabled = true;
    setText(label, t("start_starting"));
    try {
      await work();
    } catch (error) {
      this.fail(error);
    } finally {
      this.#busy = false;
      for (const each of buttons) each.disabled = false;
      if (label.textContent === t("start_starting")) setText(label, before);
      this.render(...this.#shown);
    }
  }

  // --- sound check -----------------------------------------------------------------------------

  async #toggleTest() {
    if (this.#test) return this.#endTest();
    return this.#openTest(byId("device").value);
  }

  async #openTest(deviceId) {
    const verdict = byId("sound-verdict");
    show(byId("sound-level"), true);
    try {
      const capture = await Capture.microphone(deviceId);
      if (!this.#root) return capture.stop();
      this.#test = capture;
    } catch (error) {
      verdict.dataset.state = "bad";
      setText(verdict, sentence(error.code));
      show(byId("sound-meter"), false);
      return;
    }
    show(byId("sound-meter"), true);
    verdict.dataset.state = "";
    setText(verdict, t("sound_listening"));
    setText(byId("sound-test").lastElementChild, t("sound_stop"));
    this.#loud = this.#heard = 0;
    this.#test.onchunk = () => this.#judge();
    this.#timer = setInterval(() => this.#show(), 100);
    await this.#listDevices();
  }

  #judge() {
    if (!this.#test) return;
    this.#loud = this.#test.clipped ? this.#loud + 1 : Math.max(0, this.#loud - 0.1);
    if (this.#test.level > QUIET) this.#heard += 0.1;
  }

  #show() {
    const { level, silentFor } = this.#test;
    const meter = byId("sound-meter");
    meter.firstElementChild.style.setProperty("--level", level.toFixed(2));
    meter.setAttribute("aria-valuenow", String(Math.round(level * 100)));
    const verdict = byId("sound-verdict");
    let [state, key] = ["", "sound_listening"];
    if (this.#loud > 3) [state, key] = ["bad", "sound_loud"];
    else if (this.#heard > LISTEN_S) [state, key] = ["good", "sound_good"];
    else if (silentFor > 5) [state, key] = ["bad", "sound_quiet"];
    verdict.dataset.state = state;
    setText(verdict, t(key));
    byId("step-sound").classList.toggle("done", state === "good");
  }

  async #listDevices() {
    const devices = await microphones();
    const select = byId("device");
    const options = devices.map((device, i) =>
      h("option", { value: device.id }, device.label || t("device_default", { n: i + 1 })),
    );
    select.replaceChildren(...options);
    if (this.#test?.deviceId) select.value = this.#test.deviceId;
    show(byId("device-field"), devices.length > 1);
  }

  async #reopen() {
    const { value } = byId("device");
    this.#endTest();
    await this.#openTest(value);
  }

  #endTest() {
    clearInterval(this.#timer);
    this.#test?.stop().catch(() => {});
    this.#test = null;
    show(byId("sound-level"), false);
    setText(byId("sound-test").lastElementChild, t("sound_test"));
  }
}
