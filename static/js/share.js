/** Sharing without leaving the page: a reload would stop a recording. */

import { byId, setText, show } from "./dom.js";
import { t } from "./i18n.js";

async function submit(form, submitter) {
  const focus = form.dataset.testid;
  submitter?.setAttribute("disabled", "");
  try {
    const response = await fetch(form.action, { method: "POST", body: new FormData(form) });
    if (!response.ok) throw new Error(String(response.status));
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.getElementById("share-panel");
    if (!fresh) throw new Error("no panel");
    byId("share-panel").replaceWith(document.adoptNode(fresh));
    byId("share-dialog").querySelector(`[data-testid="${focus}"] button, select`)?.focus();
  } catch {
    submitter?.removeAttribute("disabled");
    setText(byId("share-error"), t("share_failed"));
    show(byId("share-error"), true);
  }
}

export function setUpShare() {
  const dialog = byId("share-dialog");
  if (!dialog) return;
  byId("share-open").addEventListener("click", () => dialog.showModal());
  dialog.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-share]")) return;
    event.preventDefault();
    submit(event.target, event.submitter);
  });
}
