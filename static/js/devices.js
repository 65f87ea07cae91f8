/** The sound dialog: another microphone here, or a second device that joins by a code. */

import { act, read } from "./api.js";
import { byId, h, icon, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { ago, clock, t } from "./i18n.js";
import { microphones } from "./recorder.js";

const LOOK_MS = 2500;
const LOOPBACK = /^(localhost|127\..*|\[::1\])$/;

/** `now()` tells the server's time in milliseconds. */
export function setUpDevices({ base, recording, now }) {
  const dialog = byId("sound-dialog");
  const url = `${base}/devices/`;
  const error = byId("devices-error");
  const select = byId("sound-microphone");
  const form = byId("device-form");
  let known = null; // ids of the devices that joined
  let timer = 0;
  let expires = 0;

  function fail(problem) {
    setText(error, problem ? sentence(problem.code, problem.detail) : "");
    show(error, Boolean(problem));
  }

  async function listMicrophones() {
    show(byId("sound-here"), Boolean(recording.deviceId));
    if (!recording.deviceId) return;
    const found = await microphones();
    const options = found.map(({ id, label }, i) =>
      h("option", { value: id }, label || t("device_default", { n: i + 1 })),
    );
    select.replaceChildren(...options);
    select.value = recording.deviceId;
  }

  async function change() {
    fail(null);
    await recording.useMicrophone(select.value).catch(fail);
    select.value = recording.deviceId;
  }

  function hideCode() {
    const held = byId("device-code").contains(document.activeElement);
    expires = 0;
    show(byId("device-code"), false);
    show(form, true);
    if (held) focus();
  }

  /** Put the focus where a code or a device was. */
  function focus() {
    const joined = byId("devices-joined");
    (joined.hidden ? form.querySelector("button") : joined).focus();
  }

  async function showCode() {
    fail(null);
    const { channel } = Object.fromEntries(new FormData(form));
    try {
      const code = await act(url, { channel });
      byId("device-qr").src = code.qr;
      setText(byId("device-letters"), code.code);
      byId("device-letters").setAttribute("aria-label", [...code.code].join(" "));
      setText(byId("device-url"), code.url.replace(/^https?:\/\//, ""));
      show(byId("device-loopback"), LOOPBACK.test(location.hostname));
      expires = Date.parse(code.expires_at);
      show(form, false);
      show(byId("device-code"), true);
      byId("device-code").focus();
      tick();
    } catch (problem) {
      fail(problem);
    }
  }

  function tick() {
    if (!expires) return;
    const left = expires - now();
    if (left <= 0) hideCode();
    setText(byId("device-validity"), t("device_valid", { time: clock(left) }));
  }

  function row({ id, channel, name, joined_at }) {
    const speaker = t(`speaker_${channel}`);
    const about = `${speaker} · ${t("device_joined", { when: ago(Date.parse(joined_at), now(), true) })}`;
    const label = name || t("device_unnamed");
    const remove = async () => {
      await act(`${url}${id}/`, undefined, "DELETE").catch(fail);
      await list();
      focus();
    };
    const words = { class: "button small", type: "button", onclick: remove };
    return h("li", {}, icon("phone"), h("span", {}, h("strong", {}, label), h("span", {}, about)),
      h("button", { ...words, "aria-label": t("device_remove_named", { name: label }) }, t("device_remove")));
  }

  async function list() {
    const { results } = await read(url);
    const ids = results.map((device) => device.id).join();
    if (ids === known) return;
    const joined = known !== null && results.some((device) => !known.includes(device.id));
    known = ids;
    byId("devices").replaceChildren(...results.map(row));
    show(byId("devices-joined"), results.length > 0);
    if (joined) hideCode();
  }

  function look() {
    list().catch(fail);
  }

  function open({ channel = "" } = {}) {
    fail(null);
    known = null;
    if (channel) form.elements.channel.value = channel;
    listMicrophones();
    look();
    timer = setInterval(() => (tick(), look()), LOOK_MS);
    dialog.showModal();
    if (channel) showCode();
  }

  setInterval(tick, 1000);
  select.addEventListener("change", change);
  form.addEventListener("submit", (event) => (event.preventDefault(), showCode()));
  byId("device-again").addEventListener("click", hideCode);
  dialog.addEventListener("close", () => {
    clearInterval(timer);
    hideCode();
    const { activeElement } = document;
    if (activeElement === document.body || dialog.contains(activeElement))
      byId("sound-open").focus(); // what opened it is gone
  });
  return { open };
}
