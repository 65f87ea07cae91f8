/** Who analyses the interview at the moment and what keeps them; once more, when it is over. */

import { act } from "./api.js";
import { announce, byId, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { t } from "./i18n.js";

export class Analysis {
  #place = byId("analysis");
  #button = byId("analyse-again"); // only for who may record
  #known = false;

  /** url: what to ask for another analysis; banner: where errors are told */
  constructor(url, banner) {
    this.#button?.addEventListener("click", () => this.#again(url, banner));
  }

  /** Show the state; `quiet` while the page catches up: nothing is announced then. */
  render({ status, analysis: { engine, detail, reviewing } }, quiet) {
    const off = engine === "off";
    const state = reviewing ? t("analysis_again") : (!off && detail) || t(`analysis_${engine}`);
    this.#place.classList.toggle("wide", Boolean(reviewing || (detail && !off)));
    setText(byId("analysis-tip"), off ? detail : t(`analysis_tip_${engine}`));
    show(this.#button, status === "ended" && !off);
    this.#say(state, quiet || !this.#known);
    this.#known = true;
  }

  #say(state, quiet) {
    const text = byId("analysis-text");
    if (text.textContent === state) return;
    setText(text, state);
    if (!quiet) announce(state);
  }

  async #again(url, banner) {
    try {
      const { state } = await act(url);
      banner.clear("analyse");
      if (state === "done") this.#say(t("analyse_done"));
    } catch (error) {
      const detail = sentence(error.code, error.detail);
      banner.set("analyse", { level: "error", text: t("analyse_failed", { detail }), dismissible: true });
    }
  }
}
