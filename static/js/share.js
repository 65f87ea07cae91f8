/** Sharing without leaving the page: a reload would stop a recording. */

import { writeTimes } from "./base.js";
import { announce, byId, setText, show } from "./dom.js";
import { t } from "./i18n.js";

/** Put the panel of the share page into the dialog, as it is or after a form was posted. */
async function load(url, options) {
  show(byId("share-error"), false);
  try {
    const response = await fetch(url, options);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    byId("share-panel").replaceWith(document.adoptNode(page.getElementById("share-panel")));
    writeTimes();
    announce(page.querySelector(".messages")?.textContent.trim() ?? "");
    return true;
  } catch {
    setText(byId("share-error"), t("error_unknown"));
    show(byId("share-error"), true);
    return false;
  }
}

export function setUpShare() {
  const dialog = byId("share-dialog");
  if (!dialog) return;
  const link = byId("share-open");
  link.addEventListener("click", (event) => {
    event.preventDefault();
    dialog.showModal();
    load(link.href);
  });
  dialog.addEventListener("submit", async (event) => {
    const { target: form, submitter } = event;
    if (form.method === "dialog") return;
    event.preventDefault();
    const place = form.parentElement.id; // of one person's share, else empty
    submitter.disabled = true;
    const body = new FormData(form);
    body.append(submitter.name, submitter.value);
    if (await load(form.action, { method: "POST", body })) {
      const find = (selector) => dialog.querySelector(selector);
      const person = byId(place)?.querySelector("summary");
      (find("[aria-invalid]") ?? person ?? find("[aria-pressed=true]")).focus();
    } else submitter.disabled = false;
  });
}
