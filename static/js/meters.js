/** One meter per channel: how loud, cut off or not, and since when nothing is heard. */

import { byId, h, setText, show } from "./dom.js";
import { t } from "./i18n.js";

const DRAW_MS = 100;
const TELL_MS = 1000; // to screen readers, which ask by themselves
const LOUD_MS = 2000;
const FRESH_MS = 1500; // a level that others measured says nothing later
const SILENT_S = 10;
const ORDER = ["interviewer", "candidate", "room"];

export class Meters {
  #meters = new Map(); // role -> {element, bar, level, note, told, loudUntil, at, value, silentSince}
  soundOf = () => null; // role -> what this page hears itself: {level, clipped, silentFor}

  constructor() {
    setInterval(() => this.#draw(), DRAW_MS);
  }

  /** Show these roles. */
  roles(roles) {
    for (const role of roles) if (!this.#meters.has(role)) this.#add(role);
    if (roles.length > 1) byId("meters").append(...ORDER.flatMap((role) => this.#meters.get(role)?.element ?? []));
    for (const [role, meter] of this.#meters) {
      if (roles.includes(role)) continue;
      meter.element.remove();
      this.#meters.delete(role);
    }
    show(byId("meters"), this.#meters.size > 0);
  }

  #add(role) {
    const bar = h("span", { class: "level-bar" });
    const level = h("span", {
      class: "level",
      role: "meter",
      "aria-label": t("meter", { speaker: t(`speaker_${role}`) }),
      "aria-valuemin": "0",
      "aria-valuemax": "100",
      "aria-valuenow": "0",
    }, bar);
    const name = h("span", { class: "meter-name" }, t(`speaker_${role}`));
    const note = h("span", { class: "meter-note", "aria-hidden": "true" });
    const element = h("span", { class: "meter", dataset: { testid: "meter", role } }, name, level, note);
    byId("meters").append(element);
    this.#meters.set(role, { element, level, bar, note, told: 0, loudUntil: 0, at: -FRESH_MS, value: 0 });
  }

  /** Take what the server measured of a channel. */
  heard({ role, level, clipped, silent_ms }) {
    const meter = this.#meters.get(role);
    if (!meter) return;
    meter.at = performance.now();
    meter.value = level;
    meter.silentSince = meter.at - silent_ms;
    if (clipped) meter.loudUntil = meter.at + LOUD_MS;
  }

  /** Seconds in which nothing was heard of a role; 0 where nobody knows. */
  silentFor(role) {
    const own = this.soundOf(role);
    if (own) return own.silentFor ?? 0;
    const since = this.#meters.get(role)?.silentSince;
    return since === undefined ? 0 : (performance.now() - since) / 1000;
  }

  #draw() {
    const now = performance.now();
    for (const [role, meter] of this.#meters) {
      const own = this.soundOf(role);
      if (own?.clipped) meter.loudUntil = now + LOUD_MS;
      const value = own ? own.level : now - meter.at < FRESH_MS ? meter.value : 0;
      meter.bar.style.setProperty("--level", value.toFixed(2));
      const silent = Math.floor(this.silentFor(role));
      const state = now < meter.loudUntil ? "loud" : silent >= SILENT_S ? "silent" : "";
      const note = state && t(`meter_${state}`, { seconds: silent });
      if (meter.element.dataset.state !== state) meter.element.dataset.state = state;
      setText(meter.note, note);
      if (now - meter.told < TELL_MS) continue;
      meter.told = now;
      const percent = Math.round(value * 100);
      meter.level.setAttribute("aria-valuenow", String(percent));
      meter.level.setAttribute("aria-valuetext", note || `${percent} %`);
    }
  }
}
