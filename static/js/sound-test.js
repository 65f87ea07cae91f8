/** The sound check before a recording: is the microphone there, and heard well. */

import { byId, h, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { t } from "./i18n.js";
import { Capture, microphones } from "./recorder.js";

const QUIET = 0.3;
const LISTEN_S = 2;

export class SoundTest {
  #capture = null;
  #closed = false;
  #timer = 0;
  #loud = 0;
  #heard = 0;

  constructor() {
    byId("device").addEventListener("change", () => this.#reopen());
  }

  async toggle() {
    if (this.#capture) return this.end();
    return this.#open(byId("device").value);
  }

  /** Let go of the microphone for good: the page goes. */
  close() {
    this.#closed = true;
    this.end();
  }

  /** Give the open microphone away; null where none is. */
  take() {
    const capture = this.#capture;
    this.#capture = null;
    this.end();
    return capture;
  }

  end() {
    clearInterval(this.#timer);
    this.#capture?.stop().catch(() => {});
    this.#capture = null;
    show(byId("sound-level"), false);
    setText(byId("sound-test")?.lastElementChild, t("sound_test"));
  }

  async #open(deviceId) {
    const verdict = byId("sound-verdict");
    show(byId("sound-level"), true);
    try {
      const capture = await Capture.microphone(deviceId);
      if (this.#closed) return capture.stop();
      this.#capture = capture;
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
    this.#capture.onchunk = () => this.#judge();
    this.#timer = setInterval(() => this.#show(), 100);
    await this.#listDevices();
  }

  #judge() {
    if (!this.#capture) return;
    this.#loud = this.#capture.clipped ? this.#loud + 1 : Math.max(0, this.#loud - 0.1);
    if (this.#capture.level > QUIET) this.#heard += 0.1;
  }

  #show() {
    const { level, silentFor } = this.#capture;
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
    if (this.#capture?.deviceId) select.value = this.#capture.deviceId;
    show(byId("device-field"), devices.length > 1);
  }

  async #reopen() {
    const { value } = byId("device");
    this.end();
    await this.#open(value);
  }
}
