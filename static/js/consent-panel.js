/** Consent, opened from the top bar: how it stands, withdrawing, and the link to the candidate's page. */

import { act } from "./api.js";
import { mountLink, refreshLink } from "./candidate-link.js";
import { byId, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { t } from "./i18n.js";
import { retentionWords } from "./privacy.js";
import { consentState, consentWords } from "./topbar.js";

const dialog = byId("consent-dialog");
const form = byId("withdraw-form");
let desk = null;

function fail(error) {
  setText(byId("withdraw-error"), error ? sentence(error.code, error.detail) : "");
  show(byId("withdraw-error"), Boolean(error));
}

function render() {
  const { session } = desk.store;
  const state = consentState(session.consent);
  setText(byId("consent-now"), t(`consent_tip_${state}`, consentWords(session.consent)));
  setText(byId("consent-kept"), retentionWords(session, desk.now(), byId("retention").dataset.span).long);
  const stands = session.consent.given && ["draft", "live", "processing"].includes(session.status);
  show(byId("withdraw-offer"), stands && form.hidden);
  if (!stands) show(form, false);
  for (const part of form.querySelectorAll("[data-when]"))
    show(part, (part.dataset.when === "draft") === (session.status === "draft"));
}

function ask(open) {
  fail(null);
  show(form, open);
  render();
  (open ? form : byId("withdraw-open")).focus();
}

async function withdraw(event) {
  event.preventDefault();
  const button = form.querySelector("[type=submit]");
  const { method } = Object.fromEntries(new FormData(form));
  fail(null);
  button.disabled = true;
  try {
    desk.store.setSession(await act(`${desk.base}/consent/withdrawn/`, { method }));
    dialog.close();
    (byId("consent-refused").checkVisibility() ? byId("consent-refused") : byId("banner").querySelector("button, a"))?.focus();
  } catch (error) {
    fail(error);
  } finally {
    button.disabled = false;
  }
}

byId("withdraw-open").addEventListener("click", () => ask(true));
byId("withdraw-cancel").addEventListener("click", () => ask(false));
form.addEventListener("submit", withdraw);
dialog.addEventListener("close", () => {
  show(form, false);
  dialog.dispatchEvent(new Event("left"));
  const chip = byId("consent-state"); // has the focus again, and its tip would cover what it is about
  chip.classList.add("hushed");
  chip.addEventListener("blur", () => chip.classList.remove("hushed"), { once: true });
});

export function openConsent(given) {
  if (!desk) given.store.addEventListener("session", () => dialog.open && (render(), refreshLink()));
  desk = given;
  fail(null);
  show(form, false);
  mountLink(byId("candidate-link-place"), desk);
  render();
  dialog.showModal();
}
