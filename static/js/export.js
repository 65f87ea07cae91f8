/** Taking the interview away as a file: said what is in it, made, saved by the browser. */

import { fetchFile } from "./api.js";
import { byId, h, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { t } from "./i18n.js";

const TRANSCRIPT = ["csv", "vtt", "srt"]; // formats that hold the transcript and nothing else

/** Set the dialog up; returns what opens it, which does nothing where there is none. */
export function setUpExport() {
  const dialog = byId("export-dialog");
  const opener = byId("export-open");
  if (!opener) return () => false;
  const form = byId("export-form");
  const button = byId("export-button");
  const parts = byId("export-parts");
  const formats = byId("export-formats"); // of a bundle
  const ticked = (name) => form.querySelector(`[name=${name}]:checked`) !== null;

  function settle() {
    const { format } = form.elements;
    const whole = TRANSCRIPT.includes(format.value);
    const bundle = format.value === "bundle";
    setText(byId("export-about"), format.selectedOptions[0].dataset.about);
    parts.disabled = whole;
    formats.disabled = !bundle;
    show(formats, bundle);
    const chosen = (whole || ticked("parts")) && (!bundle || ticked("formats"));
    button.disabled = !chosen;
    say(chosen ? "" : t("export_nothing"));
  }

  function say(text) {
    setText(byId("export-error"), text);
    show(byId("export-error"), Boolean(text));
  }

  async function send(event) {
    event.preventDefault();
    if (button.disabled) return;
    const body = new FormData(form);
    button.disabled = true;
    say("");
    setText(byId("export-progress"), t("export_making"));
    try {
      const { blob, name } = await fetchFile(form.action, body);
      const url = URL.createObjectURL(blob);
      h("a", { href: url, download: name }).click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000); // the browser has begun by then
      setText(byId("export-progress"), t("export_done"));
    } catch (error) {
      setText(byId("export-progress"), "");
      say(t("export_failed", { detail: sentence(error.code, error.detail) }));
    } finally {
      button.disabled = false;
    }
  }

  form.addEventListener("change", settle);
  form.addEventListener("submit", send);
  const open = () => {
    setText(byId("export-progress"), "");
    settle();
    dialog.showModal();
  };
  opener.addEventListener("click", open);
  return open;
}
