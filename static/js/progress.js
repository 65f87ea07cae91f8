/** How far an uploaded recording is written down, and what became of it. */

import { act } from "./api.js";
import { byId, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { clock, has, span, t } from "./i18n.js";

const SHOWN = ["receiving", "waiting", "processing", "failed", "cancelled"];
const MEASURE_MS = 4000; // before time left is guessed

/** Return what shows an upload; null does nothing. */
export function setUpProgress() {
  const panel = byId("progress");
  const bar = panel.querySelector("[role=progressbar]");
  let since = null; // {at, done}: where this page began to measure
  let id = "";

  byId("progress-cancel")?.querySelector("button").addEventListener("click", ({ target }) => {
    target.disabled = true;
    act(`/api/v1/uploads/${id}/`, {}, "DELETE").catch((error) => {
      target.disabled = false;
      setText(byId("progress-note"), sentence(error.code, error.detail));
    });
  });

  return (upload) => {
    show(panel, Boolean(upload) && SHOWN.includes(upload.state));
    if (!upload) return;
    const { state, done_ms: done, duration_ms: all, error } = upload;
    id = upload.id;
    panel.dataset.state = state;
    const running = state === "processing" && all;
    const part = running ? Math.min(1, done / all) : 0;
    setText(byId("progress-heading"), t(`progress_${state}`, { percent: Math.floor(part * 100) }));
    show(bar, state === "processing");
    if (running) bar.setAttribute("aria-valuenow", String(Math.floor(part * 100)));
    else bar.removeAttribute("aria-valuenow");
    bar.firstElementChild.style.setProperty("--part", part.toFixed(4));
    show(byId("progress-cancel"), ["receiving", "waiting", "processing"].includes(state));
    setText(byId("progress-note"), note());

    function note() {
      if (state === "failed") return t(has(`upload_${error}`) ? `upload_${error}` : "upload_failed");
      if (state === "cancelled" && !done) return t("progress_cancelled_nothing");
      if (!running) return t(`progress_${state}_note`, { done: clock(done) });
      since ??= { at: performance.now(), done };
      const spent = performance.now() - since.at;
      const speed = (done - since.done) / spent;
      const left = spent > MEASURE_MS && speed > 0 ? t("upload_left", { time: span((all - done) / speed / 1000) }) : "";
      return `${t("progress_at", { done: clock(done), all: clock(all) })} ${left}`.trim();
    }
  };
}
