/** Off the record: one button for who records, and for everybody what it means and since when. */

import { act } from "./api.js";
import { byId, setIcon, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { clock, span, t } from "./i18n.js";
import { recall, remember } from "./preferences.js";

const SECONDS = ["0", "10", "30", "60", "120"];
const USUAL = "30";

/** Returns what shows the state of a session, what the key does, and a pause that erases nothing. */
export function setUpOffRecord({ base, banner, recording, transcript, onchange }) {
  const place = byId("off-record");
  const button = byId("off-record-button");
  const choice = byId("off-record-choice");
  let off = null; // not known yet
  let busy = null; // the act that is under way

  const seconds = () => {
    const kept = recall("off-record", USUAL);
    return SECONDS.includes(kept) ? kept : USUAL;
  };

  function label() {
    const n = Number(seconds());
    const name = off ? t("off_record_end") : n ? t("off_record_erase", { seconds: span(n) }) : t("off_record_begin");
    setText(button.querySelector("span"), t(off ? "off_record_end_short" : "off_record_begin"));
    button.setAttribute("aria-label", name);
    button.dataset.title = name;
    button.title = name;
    setIcon(button.querySelector(".icon"), off ? "mic" : "mic-off");
    button.classList.toggle("primary", Boolean(off));
    show(byId("off-record-more"), !off);
  }

  const toggle = () => turn(Number(seconds()));
  const pause = () => !off && turn(0);

  async function turn(before) {
    if (!button?.checkVisibility()) return false;
    if (busy) return true;
    const mine = (busy = {});
    const was = off;
    const erase = was ? 0 : before;
    if (!was) recording.withhold(true, erase); // at once: the server comes second
    try {
      onchange(await act(`${base}/off-record/`, was ? {} : { seconds: erase }, was ? "DELETE" : "POST"));
      banner.clear("off-record-failed");
    } catch (error) {
      if (!was && error.code !== "already_off") recording.withhold(false);
      const detail = sentence(error.code, error.detail);
      const text = t(was ? "off_record_end_failed" : "off_record_failed", { detail });
      banner.set("off-record-failed", { level: "error", text, dismissible: true });
    } finally {
      if (busy === mine) busy = null;
    }
    return true;
  }

  function render(session) {
    const now = session.off_record;
    for (const stretch of session.off_records ?? []) transcript.offRecord(stretch);
    show(place, session.status === "live");
    if (Boolean(now) !== Boolean(off)) {
      busy = null; // it is done, though the answer may come after the event
      if (now) {
        transcript.clearPartials();
        const text = t(place ? "off_record_banner" : "off_record_banner_watching", { at: clock(now.since_ms) });
        banner.set("off-record", { level: "warning", text });
      } else banner.clear("off-record");
    }
    off = now ?? false;
    if (button) label();
  }

  if (place) {
    const more = byId("off-record-more");
    choice.addEventListener("beforetoggle", () => {
      const { left, right } = more.getBoundingClientRect();
      const start = document.dir === "rtl" ? innerWidth - right : left;
      choice.style.setProperty("--start", `${Math.round(start)}px`);
    });
    button.addEventListener("click", toggle);
    for (const box of choice.querySelectorAll("input")) {
      box.checked = box.value === seconds();
      box.addEventListener("change", () => (remember("off-record", box.value), label()));
    }
  }
  return { render, toggle, pause };
}
