/** Who analyses the interview at the moment and what keeps them; once more, when it is over. */

import { act } from "./api.js";
import { announce, byId, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { t } from "./i18n.js";

const PATIENCE_MS = 30_000; // nothing heard for so long: it may be asked for again

export class Analysis {
  #place = byId("analysis");
  #button = byId("analyse-again"); // only for who may record
  #session = null;
  #waiting = 0; // for the analysis that was asked for

  /** url: what to ask for another analysis; banner: where errors are told */
  constructor(url, banner) {
    this.#button?.addEventListener("click", () => this.#again(url, banner));
  }

  /** Show the state; `quiet` while the page catches up: nothing is announced then. */
  render(session, quiet) {
    const before = this.#session?.analysis;
    this.#session = session;
    if (before && before !== session.analysis) this.#wait(false);
    this.#show(quiet || !before);
    show(this.#button, session.status === "ended" && session.analysis.engine !== "off");
  }

  #show(quiet) {
    const { engine, detail } = this.#session.analysis;
    const off = engine === "off";
    const state = this.#waiting ? t("analysis_again") : (!off && detail) || t(`analysis_${engine}`);
    this.#place.classList.toggle("wide", Boolean(this.#waiting || (detail && !off)));
    setText(byId("analysis-tip"), off ? detail : t(`analysis_tip_${engine}`));
    const text = byId("analysis-text");
    if (text.textContent === state) return;
    setText(text, state);
    if (!quiet) announce(state);
  }

  async #again(url, banner) {
    this.#wait(true);
    this.#show(false);
    try {
      await act(url);
      banner.clear("analyse");
    } catch (error) {
      this.#wait(false);
      this.#show(true);
      const detail = sentence(error.code, error.detail);
      banner.set("analyse", { level: "error", text: t("analyse_failed", { detail }), dismissible: true });
    }
  }

  #wait(on) {
    clearTimeout(this.#waiting);
    const end = () => (this.#wait(false), this.#show(true));
    this.#waiting = on ? setTimeout(end, PATIENCE_MS) : 0;
    if (this.#button) this.#button.disabled = on;
  }
}
