/** The link to the candidate's own page: made, shown, copied, mailed, made void; and what became of it. */

import { act } from "./api.js";
import { announce, byId, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { ago, t } from "./i18n.js";

const block = byId("candidate-link");
const buttons = ["link-make", "link-mail", "link-revoke"].map(byId).filter(Boolean);
let desk = null;
let shown = ""; // id of the link that stands there

function fail(error) {
  setText(byId("link-error"), error ? sentence(error.code, error.detail) : "");
  show(byId("link-error"), Boolean(error));
}

async function run(work) {
  fail(null);
  for (const button of buttons) button.disabled = true;
  try {
    await work();
  } catch (error) {
    fail(error);
  } finally {
    for (const button of buttons) button.disabled = false;
    refreshLink();
  }
}

function make(mail) {
  return run(async () => {
    const { id, url, qr, made_at } = await act(`${desk.base}/candidate-link/`, { mail });
    shown = id;
    byId("link-url").value = url;
    if (qr) byId("link-qr").src = qr;
    show(byId("link-qr"), Boolean(qr));
    show(byId("link-made"), true);
    const { candidate = {} } = desk.store.session; // its event may be here already
    const mailed_at = mail ? made_at : null;
    if (candidate.link?.id !== id)
      desk.store.setSession({ candidate: { ...candidate, link: { id, made_at, opened_at: null, mailed_at } } });
    if (mail) announce(t("link_mailing"));
    byId("link-url").select();
  });
}

function revoke() {
  return run(async () => {
    await act(`${desk.base}/candidate-link/`, undefined, "DELETE");
    desk.store.setSession({ candidate: { ...desk.store.session.candidate, link: null } });
    byId("link-make").focus();
  });
}

async function copy() {
  const field = byId("link-url");
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    announce(t("link_copied"));
    setText(byId("link-copy").lastElementChild, t("link_copied"));
  } catch {
    announce(t("line_selected"));
  }
}

/** Say how far the candidate has come with the link. */
function progress({ candidate, consent }) {
  const { link } = candidate ?? {};
  if (!link) return "";
  const when = (at) => ago(Date.parse(at), desk.now(), true);
  if (consent.method === "link" && consent.answer) return t(`link_${consent.answer}`, { when: when(consent.at) });
  if (link.opened_at) return t("link_opened", { when: when(link.opened_at) });
  if (link.mailed_at) return t("link_mailed", { when: when(link.mailed_at) });
  return t("link_waiting", { when: when(link.made_at) });
}

export function refreshLink() {
  if (!desk) return;
  const { session } = desk.store;
  const link = session.candidate?.link ?? null;
  const text = progress(session);
  setText(byId("link-state"), text);
  show(byId("link-state"), Boolean(text));
  if (link?.id !== shown) show(byId("link-made"), false);
  for (const label of block.querySelectorAll("[data-link]")) show(label, (label.dataset.link === "made") === Boolean(link));
  show(byId("link-revoke"), Boolean(link));
}

byId("link-make").addEventListener("click", () => make(false));
byId("link-mail")?.addEventListener("click", () => make(true));
byId("link-revoke").addEventListener("click", revoke);
byId("link-copy").addEventListener("click", copy);

/** Put the block where it is needed now; there is one of it. */
export function mountLink(place, given) {
  desk = given;
  if (block.parentElement !== place) place.append(block);
  refreshLink();
}
