/** How much the copilot shows (quiet, normal, eager), and when: at once, or only in pauses. */

import { recall, remember } from "./preferences.js";

const LEVELS = ["quiet", "normal", "eager"];
const PAUSE_MS = 1500;
const LONGEST_MS = 20_000; // nothing waits longer for a pause
const LOOK_MS = 250;
const LOUD = 0.45; // −33 dBFS: of a meter, what is a voice and no hum of a room

export class Verbosity extends EventTarget {
  level = LEVELS.find((level) => level === recall("verbosity")) ?? "normal";
  pauses = recall("pauses") === "yes";
  #heard = -PAUSE_MS;
  #waiting = new Map(); // id -> {insight, since}
  #timer = 0;

  choose(level) {
    this.level = level;
    remember("verbosity", level);
    this.#changed();
  }

  /** Take the next level in turn. */
  cycle() {
    this.choose(LEVELS[(LEVELS.indexOf(this.level) + 1) % LEVELS.length]);
  }

  waitForPauses(wanted) {
    this.pauses = wanted;
    remember("pauses", wanted ? "yes" : "no");
    if (!wanted) this.release();
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  /** Tell whether a card is folded away; what a person judged is theirs and stays in sight. */
  withholds({ priority, feedback, state }) {
    if (priority === "high" || feedback || this.level === "eager") return false;
    return this.level === "quiet" || (priority === "low" && state === "preliminary");
  }

  // --- pauses ----------------------------------------------------------------------------------

  /** Note that somebody is speaking: a word came, or a channel is as loud as a voice. */
  heard(level = 1) {
    if (level >= LOUD) this.#heard = performance.now();
  }

  get waiting() {
    return this.#waiting.size;
  }

  waits(id) {
    return this.#waiting.has(id);
  }

  /** Keep a new card back while somebody speaks; return whether it is kept. */
  keep(insight) {
    const since = this.#waiting.get(insight.id)?.since ?? performance.now();
    if (!this.pauses || insight.priority === "high" || insight.state === "superseded" || this.#mayShow(since)) {
      if (this.#waiting.delete(insight.id)) this.#changed();
      return false;
    }
    this.#waiting.set(insight.id, { insight, since });
    this.#timer ||= setInterval(() => this.#look(), LOOK_MS);
    this.#changed();
    return true;
  }

  #mayShow(since) {
    const now = performance.now();
    return now - this.#heard >= PAUSE_MS || now - since >= LONGEST_MS;
  }

  #look() {
    const [oldest] = this.#waiting.values();
    if (!oldest || this.#mayShow(oldest.since)) this.release();
  }

  /** Show what waits. */
  release() {
    clearInterval(this.#timer);
    this.#timer = 0;
    const insights = [...this.#waiting.values()].map(({ insight }) => insight);
    this.#waiting.clear();
    if (!insights.length) return;
    this.dispatchEvent(new CustomEvent("release", { detail: insights }));
    this.#changed();
  }
}
