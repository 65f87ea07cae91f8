/** Preparing an interview: the guide's preview, the profile and its résumé, who sees it. */

import { announce, byId, setText, show } from "./dom.js";
import { t } from "./i18n.js";

const form = byId("prepare");

byId("problems")?.focus();
form.querySelector("[aria-invalid=true]")?.focus();

// --- guide and minutes -----------------------------------------------------------------------------

const guide = byId("id_guide");
const minutes = byId("id_planned_minutes");
let own = Boolean(minutes?.value); // a person said how long

function previewGuide() {
  for (const preview of form.querySelectorAll("[data-guide]")) {
    show(preview, preview.dataset.guide === guide.value);
    if (!preview.hidden && !own && Number(preview.dataset.minutes)) minutes.value = preview.dataset.minutes;
  }
}
guide?.addEventListener("change", previewGuide);
if (guide) previewGuide(); // chosen before this was here, or kept by the browser
minutes?.addEventListener("input", () => (own = Boolean(minutes.value)));

// --- profile ---------------------------------------------------------------------------------------

const profile = byId("id_profile");
const most = Number(profile?.dataset.most);
const number = new Intl.NumberFormat(document.documentElement.lang);

function count() {
  const { length } = profile.value;
  const values = { n: number.format(length), most: number.format(most), over: number.format(length - most) };
  setText(byId("profile-count"), t(length > most ? "profile_over" : "profile_count", values));
  byId("profile-count").classList.toggle("over", length > most);
}

function write(text) {
  profile.value = text;
  count();
  profile.focus();
  profile.setSelectionRange(0, 0);
  profile.scrollTop = 0;
}

profile?.addEventListener("input", count);
if (profile) count();

// --- résumé ----------------------------------------------------------------------------------------

const drop = byId("drop");
const picker = byId("id_resume");
const note = byId("reading");
const facts = byId("file-facts")?.textContent;
let reading = null; // what stops the reading under way
let read = null; // the text a person decides about

function tell(text, { asks = false } = {}) {
  setText(byId("reading-text"), text);
  show(byId("reading-acts"), asks);
  show(note, Boolean(text));
}

function complain(text) {
  setText(byId("file-error"), text);
  show(byId("file-error"), Boolean(text));
  picker.setAttribute("aria-invalid", String(Boolean(text)));
}

async function textOf(file, signal) {
  const body = new FormData();
  body.append("resume", file);
  const headers = { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value };
  const response = await fetch(drop.dataset.url, { method: "POST", body, headers, signal });
  const answer = response.redirected ? null : await response.json().catch(() => null);
  if (response.ok && answer) return answer;
  throw new Error(answer?.detail ?? t(response.redirected ? "resume_signed_out" : "resume_failed"));
}

async function take(file) {
  if (!file) return;
  picker.value = ""; // it is read here and goes nowhere else
  reading?.abort();
  complain("");
  if (file.size > Number(drop.dataset.most)) return complain(t("resume_too_large"));
  reading = new AbortController();
  const { signal } = reading;
  setText(byId("file-facts"), file.name);
  drop.setAttribute("aria-busy", "true");
  tell(t("resume_reading"));
  announce(t("resume_reading"));
  try {
    const { text, truncated } = await textOf(file, signal);
    const cut = truncated ? ` ${t("resume_truncated")}` : "";
    if (!profile.value.trim()) {
      write(text);
      tell(t("resume_read") + cut);
      announce(t("resume_read") + cut);
    } else {
      read = text;
      tell(t("resume_which") + cut, { asks: true });
      note.focus();
    }
  } catch (error) {
    if (signal.aborted) return;
    tell("");
    complain(error instanceof TypeError ? t("error_unreachable") : error.message);
  } finally {
    if (!signal.aborted) {
      drop.removeAttribute("aria-busy");
      setText(byId("file-facts"), facts);
    }
  }
}

picker?.addEventListener("change", () => take(picker.files[0]));
for (const type of ["dragenter", "dragover", "dragleave", "drop"])
  drop?.addEventListener(type, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", type === "dragenter" || type === "dragover");
    if (type === "drop") take(event.dataTransfer.files[0]);
  });
byId("reading-acts")?.addEventListener("click", ({ target }) => {
  const act = target.closest("button")?.value;
  if (!act) return;
  tell("");
  if (act === "leave") profile.focus();
  else write(act === "append" ? `${profile.value.trim()}\n\n${read}` : read);
  read = null;
});

// --- who sees it, and deleting -----------------------------------------------------------------------

const levels = [...form.querySelectorAll(".colleagues select")];
form.querySelector(".colleagues")?.addEventListener("change", () =>
  setText(byId("shared-count"), String(levels.filter((level) => level.value).length)),
);

byId("delete-open")?.addEventListener("click", (event) => {
  event.preventDefault();
  byId("delete-dialog").showModal();
});
byId("delete-cancel")?.addEventListener("click", (event) => {
  event.preventDefault();
  byId("delete-dialog").close();
});

/** Say which country the two letters are, in the language of the page. */
const country = byId("id_country");

function nameCountry() {
  const code = country.value.trim().toUpperCase();
  let name = "";
  if (/^[A-Z]{2}$/.test(code)) name = new Intl.DisplayNames(document.documentElement.lang, { type: "region", fallback: "none" }).of(code) ?? "";
  setText(byId("country-name"), name);
}

if (country) {
  country.addEventListener("input", nameCountry);
  nameCountry();
}
