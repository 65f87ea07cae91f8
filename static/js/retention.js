/** How long a finished interview is kept: its date, a legal hold, or erasing it now. */

import { act } from "./api.js";
import { byId, h, icon, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { ago, moment, t } from "./i18n.js";
import { retentionWords } from "./privacy.js";

const MINUTE = 60_000;

/** A moment as a field for date and time has it: local, to the minute. */
function field(ms) {
  return new Date(ms - new Date(ms).getTimezoneOffset() * MINUTE).toISOString().slice(0, 16);
}

/** Returns what shows the state of a session. */
export function setUpRetention({ base, store, openErase }) {
  const dialog = byId("retention-dialog");
  const form = byId("retention-form");
  const date = byId("retention-date");
  const hold = byId("hold");
  const fact = byId("retention");
  const limits = () => store.session.retention ?? {};

  function fail(id, error) {
    setText(byId(id), error ? sentence(error.code, error.detail) : "");
    show(byId(id), Boolean(error));
  }

  function showFact({ expires_at }, held) {
    if (held) return fact.replaceChildren(icon("lock"), t("retention_held"));
    if (!expires_at) return;
    const due = new Date(expires_at);
    fact.replaceChildren(ago(due, Date.now(), true), h("span", { class: "muted" }, `, ${moment(due)}`));
  }

  function render(session) {
    const held = Boolean(limits().hold);
    showFact(session, held);
    if (!dialog) return;
    setText(byId("retention-now"), retentionWords(session, Date.now(), "").long);
    if (hold) hold.checked = held;
    if (!form) return;
    byId("erase-open").disabled = held;
    show(byId("erase-held"), held);
    const { longest } = limits();
    setText(byId("retention-longest"), longest ? t("retention_longest", { at: moment(new Date(longest)) }) : "");
  }

  function open() {
    if (form) {
      const { longest } = limits();
      date.min = field(Date.now() + MINUTE);
      date.max = longest ? field(Date.parse(longest)) : "";
      date.value = store.session.expires_at ? field(Date.parse(store.session.expires_at)) : "";
      setText(byId("retention-saved"), "");
      fail("retention-error", null);
    }
    dialog.showModal();
  }

  async function change(event) {
    event.preventDefault();
    const button = form.querySelector("[type=submit]");
    fail("retention-error", null);
    setText(byId("retention-saved"), "");
    button.disabled = true;
    try {
      const expires_at = new Date(date.value).toISOString();
      store.setSession(await act(`${base}/retention/`, { expires_at }, "PATCH"));
      setText(byId("retention-saved"), t("retention_saved"));
    } catch (error) {
      fail("retention-error", error);
    } finally {
      button.disabled = false;
    }
  }

  async function keep() {
    fail("hold-error", null);
    try {
      store.setSession(await act(`${base}/hold/`, { hold: hold.checked }));
    } catch (error) {
      hold.checked = !hold.checked;
      fail("hold-error", error);
    }
  }

  byId("retention-open")?.addEventListener("click", open);
  form?.addEventListener("submit", change);
  hold?.addEventListener("change", keep);
  byId("erase-open")?.addEventListener("click", () => (dialog.close(), openErase()));
  setInterval(() => render(store.session), MINUTE);
  return render;
}
