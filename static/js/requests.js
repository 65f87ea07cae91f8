/** The answer to a candidate who asks for erasure or for a copy. */

import { act } from "./api.js";
import { byId, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { ago, moment, t } from "./i18n.js";

const dialog = byId("request-dialog");
const form = byId("request-form");
const reason = byId("request-reason");
let desk = null;
let request = null;

function settle() {
  const grant = form.elements.grant.value;
  const erase = grant === "yes" && request.kind === "erasure";
  show(byId("request-why"), grant === "no");
  reason.required = grant === "no";
  for (const label of form.querySelectorAll("[data-answer]")) show(label, (label.dataset.answer === "erase") === erase);
  form.querySelector("[type=submit]").classList.toggle("danger", erase);
}

function fail(error) {
  setText(byId("request-error"), error ? sentence(error.code, error.detail) : "");
  show(byId("request-error"), Boolean(error));
}

async function answer(event) {
  event.preventDefault();
  const button = form.querySelector("[type=submit]");
  const grant = form.elements.grant.value === "yes";
  fail(null);
  button.disabled = true;
  try {
    await act(`${desk.base}/requests/${request.id}/`, { grant, why: grant ? "" : reason.value.trim() });
    dialog.close();
    if (grant && request.kind === "erasure") desk.leave("erased");
  } catch (error) {
    fail(error);
  } finally {
    button.disabled = false;
  }
}

form.addEventListener("change", settle);
form.addEventListener("submit", answer);

export function openRequest(given, asked) {
  [desk, request] = [given, asked];
  form.reset();
  fail(null);
  for (const part of dialog.querySelectorAll("[data-kind]")) show(part, part.dataset.kind === request.kind);
  const at = new Date(request.asked_at);
  setText(byId("request-since"), t("request_since", { when: ago(at, desk.now(), true), at: moment(at) }));
  settle();
  dialog.showModal();
}
