/** Before the recording: consent, sound check, start; also shown when a live one is not recorded here. */

import { act } from "./api.js";
import { byId, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { t } from "./i18n.js";
import { consentState, consentWords } from "./topbar.js";
import { canCompress, slowUplink } from "./webm-buffer.js";

export class Setup {
  #root = byId("setup");
  #sound = null; // the test of the microphone
  #base;
  #busy = false;
  #shown = [];
  #asked = ""; // when they said no, where they are asked again
  desk = null; // {base, store, now} for the link to the candidate's page
  onconsent = () => {}; // (session JSON)
  onstart = async () => {}; // (source, {deviceId, microphone, compress})
  onsample = async () => {};

  constructor(base) {
    this.#base = base;
    if (!this.#root) return;
    byId("consent-form").addEventListener("submit", (event) => this.#consent(event));
    byId("consent-form").addEventListener("change", () => this.render(...this.#shown));
    byId("consent-dialog").addEventListener("left", () => this.render(...this.#shown)); // the link comes back
    byId("consent-again").addEventListener("click", () => this.#askAgain());
    byId("sound-test").addEventListener("click", () => this.#toggleTest());
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
    this.#root = null;
    this.#sound?.close();
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
    if (!draft && !resume) this.#sound?.end();
    this.#root.classList.toggle("compact", resume);
    if (resume) setText(byId("setup-heading"), t("setup_resume"));
    const given = session.consent.given;
    byId("step-consent").classList.toggle("done", given);
    const no = this.#answer(session.consent);
    show(byId("consent-form"), !given && !no);
    show(byId("consent-done"), given);
    if (given) setText(byId("consent-done"), t("consent_done", consentWords(session.consent)));
    this.#link(draft && !given && !no);
    for (const id of ["step-sound", "step-start"]) show(byId(id), !no);
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

  /** Show a no, unless they are asked again; returns whether it stands. */
  #answer(consent) {
    const state = consentState(consent);
    const no = state === "refused" || state === "withdrawn";
    if (!no || this.#asked !== consent.at) this.#asked = "";
    const stands = no && !this.#asked;
    for (const part of byId("consent-refused").querySelectorAll("[data-answer]")) show(part, part.dataset.answer === state);
    show(byId("consent-refused"), stands);
    return stands;
  }

  #askAgain() {
    const [session, recording] = this.#shown;
    this.#asked = session.consent.at;
    this.render(session, recording);
    byId("consent-form").elements.method[0].focus();
  }

  /** Give the link to the candidate's page its place here, where that is how they answer. */
  async #link(asked) {
    const form = byId("consent-form");
    const wanted = asked && form.elements.method.value === "link";
    show(byId("consent-noted"), !wanted);
    show(byId("consent-link"), wanted);
    if (!wanted || byId("consent-dialog").open) return;
    const { mountLink } = await import("./candidate-link.js").catch((error) => (this.#fail("consent-error", error), {}));
    mountLink?.(byId("consent-link"), this.desk);
  }

  async #consent(event) {
    event.preventDefault();
    const form = byId("consent-form");
    const button = event.submitter;
    const { name, method } = Object.fromEntries(new FormData(form));
    const refused = button.value === "refused";
    show(byId("consent-error"), false);
    button.disabled = true;
    try {
      const url = `${this.#base}/consent/${refused ? "refused/" : ""}`;
      this.onconsent(await act(url, { method, given_by: name.trim() }));
      byId(refused ? "consent-refused" : "start-button").focus();
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
      const microphone = this.#sound?.take() ?? null; // it belongs to the recording from here on
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

  /** Test the microphone, or end that; what it needs is loaded with the first test. */
  async #toggleTest() {
    try {
      this.#sound ??= new (await import("./sound-test.js")).SoundTest();
    } catch {
      return this.fail({ code: "unreachable" });
    }
    if (this.#root) await this.#sound.toggle();
  }
}
