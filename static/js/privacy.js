/**
 * What candidates ask for, and how long an interview is kept, on the live page and the review.
 *
 * What is opened rarely is loaded when it is: consent, the answer to a request, erasing.
 */

import { act } from "./api.js";
import { announce, byId, setIcon, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { ago, moment, t } from "./i18n.js";

const KINDS = ["pause", "erasure", "copy"];

/** Say when an interview is deleted: shortly, and in a sentence. */
export function retentionWords(session, now, span) {
  if (session.retention?.hold) return { held: true, short: t("retention_held"), long: t("retention_held_tip") };
  if (!session.expires_at) return { short: t("retention_span", { span }), long: t("retention_span_tip", { span }) };
  const due = new Date(session.expires_at);
  const key = session.status === "draft" ? "retention_due_draft" : "retention_due_tip";
  const long = t(key, { when: ago(due, now, true), at: moment(due) });
  return { short: t("retention_due", { when: ago(due, now) }), long };
}

/** `pause()` goes off the record; `leave()` clears the page once the interview is erased. */
export function setUpPrivacy({ base, store, banner, now = Date.now, pause = null, leave }) {
  const chip = byId("retention-text") && byId("retention");
  const desk = { base, store, now, leave, failed };
  const answered = new Set();
  let asked = ""; // the state of consent that was told

  function failed(error) {
    const text = sentence(error.code ?? "unreachable", error.detail); // a script that did not come has no code
    banner.set("privacy", { level: "error", text, dismissible: true });
  }

  const openConsent = () => import("./consent-panel.js").then(({ openConsent: open }) => open(desk), failed);
  const openErase = () => import("./erase.js").then(({ openErase: open }) => open(desk), failed);
  const openRequest = (request) => import("./requests.js").then(({ openRequest: open }) => open(desk, request), failed);

  async function answer(request, grant) {
    if (answered.has(request.id)) return;
    answered.add(request.id);
    try {
      await act(`${base}/requests/${request.id}/`, { grant });
      banner.clear(`request-${request.kind}`);
    } catch (error) {
      answered.delete(request.id);
      failed(error);
    }
  }

  function showRequest(kind, request, session) {
    const mine = kind === "pause" ? pause && session.may?.record && session.status === "live" : byId("request-dialog");
    if (!request || !mine || answered.has(request.id)) return banner.clear(`request-${kind}`);
    if (kind === "pause" && session.off_record) return answer(request, true); // it is what they asked for
    const acts = [{ label: t("request_open"), run: () => openRequest(request) }];
    if (kind === "pause")
      acts.splice(0, 1, { label: t("request_pause"), run: pause }, { label: t("request_not_now"), run: () => answer(request, false) });
    banner.set(`request-${kind}`, { level: "asked", text: t(kind === "pause" ? "request_pause_asked" : `request_${kind}`), acts });
  }

  /** Tell what the candidate did on their own page, once. */
  function tell({ given, answer: said, method }) {
    const state = `${given} ${said}`;
    if (asked && asked !== state && method === "link" && said) announce(t(`announce_${said}`));
    asked = state;
  }

  function render(session) {
    tell(session.consent);
    const requests = session.candidate?.requests ?? [];
    if (!requests.some(({ kind }) => kind === "pause")) banner.clear("notice-pause_asked"); // for who only watches
    for (const kind of KINDS) showRequest(kind, requests.find((one) => one.kind === kind), session);
    if (chip) showRetention();
  }

  function showRetention() {
    const { held, short, long } = retentionWords(store.session, now(), chip.dataset.span);
    setIcon(chip.querySelector(".icon"), held ? "lock" : "trash");
    setText(byId("retention-text"), short);
    setText(byId("retention-tip"), long);
    show(chip, true);
  }

  const timer = chip && setInterval(showRetention, 30_000);
  if (byId("consent-dialog")) byId("consent-state").addEventListener("click", openConsent);
  return { render, close: () => clearInterval(timer), openErase: byId("erase-dialog") && openErase };
}
