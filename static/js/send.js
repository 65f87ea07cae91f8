/** Sending the signed summary to an applicant tracking system: whom it is about, a look at it, the act. */

import { act, read } from "./api.js";
import { announce, byId, h, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { moment, t } from "./i18n.js";

const LOOK_MS = 2000; // between two looks at what is on its way
const UNDER_WAY = ["waiting", "sending"];

/** Return what opens the dialog. */
export function setUpSending(base) {
  const dialog = byId("send-dialog");
  const form = byId("send-form");
  const place = `${base}/ats`;
  let connections = [];
  let wanted = null; // what was looked at
  let timer = 0;

  const chosen = () => connections.find(({ id }) => id === byId("send-connection").value);

  function say(id, error) {
    const text = error ? [sentence(error.code, error.detail), error.more?.fix].filter(Boolean).join(" ") : "";
    setText(byId(id), text);
    show(byId(id), Boolean(text));
  }

  // --- opening -------------------------------------------------------------------------------------

  async function open() {
    step("form");
    show(form, false);
    show(byId("send-why"), false);
    show(byId("send-loading"), true);
    if (!dialog.open) dialog.showModal();
    try {
      const [known, summary] = await Promise.all([read("/api/v1/ats/connections/"), read(`${base}/summary/`)]);
      const here = JSON.parse(byId("send-here").textContent);
      connections = known.results.filter(({ id }) => here.includes(id));
      const why = summary.state === "signed" ? "" : t("send_unsigned");
      setText(byId("send-why"), why);
      show(byId("send-why"), Boolean(why) && connections.length > 0);
      fill();
      show(form, !why && connections.length > 0);
      await look();
    } catch (error) {
      setText(byId("send-why"), sentence(error.code, error.detail));
      show(byId("send-why"), true);
      await look().catch(() => {}); // what was sent before is told nevertheless
    }
    show(byId("send-loading"), false);
  }

  function fill() {
    const before = byId("send-connection").value;
    const options = connections.map(({ id, name, system }) => h("option", { value: id }, name === system ? name : `${name} (${system})`));
    byId("send-connection").replaceChildren(...options);
    if (connections.some(({ id }) => id === before)) byId("send-connection").value = before;
    settle();
  }

  /** Show what the chosen system can do. */
  function settle() {
    const system = chosen();
    if (!system) return;
    show(byId("send-search"), system.finds);
    show(byId("send-ids"), !system.finds);
    found([]);
    for (const label of form.querySelectorAll("[data-part]")) {
      const offered = system.parts.includes(label.dataset.part);
      show(label, offered);
      label.querySelector("input").disabled = !offered;
    }
    say("send-error", null);
  }

  // --- whom it is about ----------------------------------------------------------------------------

  async function find() {
    const q = byId("send-query").value.trim();
    if (!q) return byId("send-query").focus();
    say("send-error", null);
    byId("send-find").disabled = true;
    try {
      const { results } = await act(`${place}/connections/${chosen().id}/candidates/`, { q });
      found(results);
      if (results.length) announce(t("send_found", { n: results.length }));
      else say("send-error", { code: "send_nobody" });
    } catch (error) {
      say("send-error", error);
    } finally {
      byId("send-find").disabled = false;
    }
  }

  function found(people) {
    const rows = people.map((person, index) => {
      const input = h("input", { type: "radio", name: "person", value: String(index), checked: people.length === 1 });
      input.person = person;
      return h("label", { class: "choice" }, input, h("strong", {}, person.label || person.candidate || person.application));
    });
    const box = byId("send-found");
    box.replaceChildren(box.querySelector("legend"), ...rows);
    show(box, rows.length > 0);
  }

  function target() {
    if (chosen().finds) return form.querySelector("[name=person]:checked")?.person ?? null;
    const [candidate, application] = ["send-candidate", "send-application"].map((id) => byId(id).value.trim());
    return candidate || application ? { candidate, application, label: "" } : null;
  }

  // --- a look, then the act ------------------------------------------------------------------------

  function step(name) {
    show(byId("send-preview"), name === "preview");
    show(form, name === "form");
    say("send-error", null);
    say("send-refused", null);
  }

  async function preview(event) {
    event.preventDefault();
    const whom = target();
    const parts = [...form.querySelectorAll("[name=parts]:checked:enabled")].map(({ value }) => value);
    if (!whom) return say("send-error", { code: "send_whom" });
    if (!parts.length) return say("send-error", { code: "send_nothing" });
    const order = { connection: chosen().id, target: whom, parts };
    byId("send-look").disabled = true;
    try {
      const shown = await act(`${place}/preview/`, order);
      wanted = { ...order, version: shown.version };
      step("preview");
      setText(byId("send-to"), t("send_to", { name: whom.label || whom.candidate || whom.application, system: chosen().name }));
      byId("send-texts").replaceChildren(...shown.parts.map(part));
      byId("send-preview-heading").focus();
    } catch (error) {
      say("send-error", error);
    } finally {
      byId("send-look").disabled = false;
    }
  }

  function part({ part: name, text, bytes }) {
    const title = h("strong", {}, t(`send_part_${name}`));
    if (bytes !== null) return h("p", {}, title, " ", t("send_file", { name: text, kilobytes: Math.ceil(bytes / 1024) }));
    return h("div", {}, title, h("div", { class: "send-text", tabindex: "0", role: "group", "aria-label": t(`send_part_${name}`) }, text));
  }

  async function send() {
    byId("send-button").disabled = true;
    say("send-refused", null);
    try {
      await act(`${place}/deliveries/`, wanted);
      step("form");
      announce(t("send_ordered"));
      await look();
      byId("send-heading").focus();
    } catch (error) {
      say("send-refused", error);
    } finally {
      byId("send-button").disabled = false;
    }
  }

  // --- what was ordered ----------------------------------------------------------------------------

  async function look() {
    clearTimeout(timer);
    const { results } = await read(`${place}/deliveries/`);
    draw(results);
    if (dialog.open && results.some(({ state }) => UNDER_WAY.includes(state))) timer = setTimeout(() => look().catch(() => {}), LOOK_MS);
  }

  const drawn = new Map(); // by order: how it stood, so that nothing is redrawn under the focus

  function draw(orders) {
    show(byId("send-orders"), orders.length > 0);
    const list = byId("send-list");
    for (const [place, order] of orders.entries()) {
      const now = JSON.stringify(order);
      const before = drawn.get(order.id);
      if (before?.now === now) continue;
      const row = rowOf(order);
      if (before) {
        const focused = before.row.contains(document.activeElement);
        before.row.replaceWith(row);
        if (focused) (row.querySelector("button") ?? byId("send-heading")).focus();
        announce(row.querySelector(".send-state").textContent);
      } else list.insertBefore(row, list.children[place] ?? null);
      drawn.set(order.id, { now, row });
    }
  }

  function rowOf(order) {
    const { state, error } = order;
    const whom = order.target.label || order.target.candidate || order.target.application;
    const values = { system: order.connection?.name ?? t("send_gone"), at: moment(new Date(order.finished_at ?? order.created_at)) };
    const parts = order.parts.map((name) => t(`send_part_${name}`)).join(", ");
    const again = state === "waiting" && error && order.next_attempt_at ? t("send_again", { at: moment(new Date(order.next_attempt_at)) }) : "";
    const button = (path, text) => h("button", { class: "button small", type: "button", onclick: (event) => turn(order, path, event.target) }, text);
    return h(
      "li",
      { "data-state": state, "data-testid": "send-order" },
      h("p", { class: "send-state" }, t(`send_state_${state}`, values)),
      h("p", { class: "muted" }, t("send_about", { name: whom, parts, n: order.version })),
      error && h("p", { class: "send-wrong" }, [error.detail, error.fix, again].filter(Boolean).join(" ")),
      h(
        "div",
        { class: "acts" },
        (state === "failed" || (state === "waiting" && error !== null)) && button("retry", t("send_retry")),
        UNDER_WAY.includes(state) && button("cancel", t("send_cancel")),
      ),
    );
  }

  async function turn(order, path, button) {
    button.disabled = true;
    await act(`${place}/deliveries/${order.id}/${path}/`).then(() => say("send-list-error", null), (error) => say("send-list-error", error));
    await look().catch(() => {});
    if (button.isConnected) button.disabled = false;
  }

  form.addEventListener("submit", preview);
  byId("send-connection").addEventListener("change", settle);
  byId("send-find").addEventListener("click", find);
  byId("send-query").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    find();
  });
  byId("send-back").addEventListener("click", () => (step("form"), byId("send-look").focus()));
  byId("send-button").addEventListener("click", send);
  dialog.addEventListener("close", () => clearTimeout(timer));
  return open;
}
