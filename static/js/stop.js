/** Ending: asked once more, the last words first, then the interview is closed. */

import { act } from "./api.js";
import { byId, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { t } from "./i18n.js";

const LATE_MS = 8000;

export function setUpStop({ base, recording, onended }) {
  const dialog = byId("stop-dialog");
  if (!dialog) return { ask: () => false };
  const progress = byId("stop-progress");
  const confirm = byId("stop-confirm");
  const label = confirm.textContent;

  function say(text) {
    setText(progress, text);
    show(progress, Boolean(text));
  }

  function reset() {
    say("");
    confirm.disabled = byId("stop-cancel").disabled = false;
    setText(confirm, label);
  }

  function ask() {
    if (byId("stop-button").hidden) return false;
    reset();
    dialog.showModal();
    return true;
  }

  /** Wait for the last words; after a while the person may decide to end without them. */
  function flush() {
    const giveUp = new Promise((resolve) => {
      setTimeout(() => {
        if (!recording.active) return;
        say(t("stop_late", { seconds: Math.ceil(recording.kept) }));
        setText(confirm, t("stop_anyway"));
        confirm.disabled = false;
        confirm.addEventListener("click", () => (recording.abandon(), resolve()), { once: true });
      }, LATE_MS);
    });
    return Promise.race([recording.stop(), giveUp]);
  }

  async function end() {
    if (confirm.disabled || recording.stopping) return;
    confirm.disabled = byId("stop-cancel").disabled = true;
    if (recording.active) {
      say(t("stop_flushing"));
      await flush();
    }
    confirm.disabled = true;
    try {
      onended(await act(`${base}/end/`));
      dialog.close();
    } catch (error) {
      reset();
      say(t("stop_failed", { detail: sentence(error.code, error.detail) }));
    }
  }

  byId("stop-button").addEventListener("click", ask);
  confirm.addEventListener("click", end);
  dialog.addEventListener("cancel", (event) => byId("stop-cancel").disabled && event.preventDefault());
  return { ask };
}
