/** What the page does for who records: loaded for them alone, before and while the interview runs. */

import { act } from "./api.js";
import { byId, setText } from "./dom.js";
import { clock, span, t } from "./i18n.js";
import { Recording } from "./recording.js";
import { setUpRoom } from "./room.js";
import { Setup } from "./setup.js";
import { setUpStop } from "./stop.js";

const QUIET_S = { candidate: 10, interviewer: 30, room: 30 }; // silence that may be a fault
const MUTED = "copilot.sample-muted";

/** `now()` tells the server's time in milliseconds, `left()` that access has ended. */
export function setUpRecorder({ base, socketBase, sampleUrl, store, banner, meters, now, left }) {
  const recording = new Recording((role) => `${socketBase}/audio/${role}/`, banner);
  const setup = new Setup(base);
  const turn = setUpRoom(recording);
  const onended = (session) => (store.setSession(session), location.assign("review/"));
  const stop = setUpStop({ base, recording, onended });
  let echoed = false; // the hint about headphones was given
  const quiet = new Set(); // roles whose silence was told

  let devices = null; // loaded when the dialog is opened

  async function openDevices(options) {
    devices ??= import("./devices.js").then(({ setUpDevices }) => setUpDevices({ base, recording, now }));
    try {
      (await devices).open(options);
    } catch {
      devices = null; // the script did not come: the next try asks for it again
      banner.set("devices", { level: "error", text: t("error_unreachable"), dismissible: true, seconds: 20 });
    }
  }

  async function ensureStarted() {
    if (left()) throw { code: "gone" };
    if (store.session.status !== "draft") return;
    store.setSession(await act(`${base}/start/`));
  }

  setup.desk = { base, store, now };
  setup.onconsent = (session) => store.setSession(session);

  setup.onstart = async (source, { deviceId, microphone, compress }) => {
    const captures = await recording.open(source, { deviceId, microphone });
    try {
      await ensureStarted();
    } catch (error) {
      for (const capture of captures.values()) if (capture !== microphone) capture.stop();
      throw error;
    }
    recording.record(captures, { compress });
    if (source === "device") openDevices({ channel: "candidate" });
  };

  setup.onsample = async () => {
    const muted = localStorage.getItem(MUTED) === "yes";
    const player = await recording.play(sampleUrl, { muted }).catch(() => {
      throw { code: "sample_failed" };
    });
    await ensureStarted();
    showMuted(muted);
    player.addEventListener("progress", () => {
      const values = { at: clock(player.at * 1000), length: clock(player.seconds * 1000) };
      setText(byId("sample-progress"), t("sample_progress", values));
    });
    recording.send(player);
  };

  function showMuted(muted) {
    const button = byId("sample-mute");
    button.setAttribute("aria-pressed", String(muted));
    setText(button.lastElementChild, t(muted ? "sample_unmute" : "sample_mute"));
  }

  function toggleMute() {
    if (!recording.player) return false;
    const muted = !recording.player.muted;
    recording.player.mute(muted);
    localStorage.setItem(MUTED, muted ? "yes" : "no");
    showMuted(muted);
    return true;
  }

  /** Say once when a channel has fallen silent, and take it back when it is heard again. */
  function lookForSilence() {
    for (const role of Object.keys(QUIET_S)) {
      const silent = recording.active && !recording.off && meters.silentFor(role) >= QUIET_S[role];
      if (silent === quiet.has(role)) continue;
      const key = `quiet-${role}`;
      if (!silent) {
        quiet.delete(role);
        banner.clear(key);
        continue;
      }
      quiet.add(role);
      const tab = recording.roles.includes(role);
      const check = role !== "candidate" ? "microphone" : tab ? "tab" : "device";
      const text = t(`banner_quiet_${check}`, { seconds: span(QUIET_S[role]) });
      banner.set(key, { level: "warning", text, dismissible: true });
    }
  }

  /** Say once that the loudspeaker is heard by the microphone. */
  function hintAtEcho() {
    if (echoed || !recording.roles.includes("interviewer")) return;
    echoed = true;
    banner.set("echo", { level: "info", text: t("banner_echo"), dismissible: true });
  }

  byId("sample-mute").addEventListener("click", toggleMute);
  byId("sound-open").addEventListener("click", () => openDevices());
  recording.addEventListener("engine", ({ detail }) => detail && store.setSession({ engine: detail }));
  recording.addEventListener("again", () => setup.start());
  recording.addEventListener("sample-done", () => {
    banner.set("sample", { level: "success", text: t("sample_done"), dismissible: true });
  });
  return { recording, setup, stop, turn, toggleMute, lookForSilence, hintAtEcho };
}
