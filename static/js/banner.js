/** One line under the top bar: of everything that is wrong, the gravest; said once when it changes. */

import { announce, byId, h, icon, setText, show } from "./dom.js";
import { t } from "./i18n.js";

const RANK = { error: 4, asked: 3, warning: 2, info: 1, success: 0 };
const ICONS = { error: "triangle", asked: "question", warning: "triangle", info: "info", success: "check" };

export class Banner {
  #element = byId("banner");
  #messages = new Map();
  #shown = "";
  #timers = new Map();

  /** Show a message under a key: level, text, optional acts [{label, run}], seconds until it goes. */
  set(key, message) {
    clearTimeout(this.#timers.get(key));
    this.#messages.set(key, message);
    if (message.seconds)
      this.#timers.set(key, setTimeout(() => this.clear(key), message.seconds * 1000));
    this.#render();
  }

  clear(key) {
    if (this.#messages.delete(key)) this.#render();
  }

  has(key) {
    return this.#messages.has(key);
  }

  #render() {
    let top = null;
    for (const [key, message] of this.#messages)
      if (!top || RANK[message.level] > RANK[top.message.level]) top = { key, message };
    const held = this.#element.contains(document.activeElement);
    show(this.#element, Boolean(top));
    if (!top) {
      this.#shown = "";
      if (held) byId("transcript").focus({ preventScroll: true }); // not lost with the button
      return;
    }
    const { key, message } = top;
    const acts = message.acts ?? (message.act ? [message.act] : []);
    const shown = `${key} ${message.level} ${acts.map(({ label }) => label)}`;
    if (shown === this.#shown) {
      setText(this.#element.querySelector("p"), message.text); // a number counts on: not said again
      return;
    }
    this.#shown = shown;
    this.#element.className = `banner ${message.level}`;
    this.#element.dataset.key = key;
    this.#element.replaceChildren(
      icon(ICONS[message.level]),
      h("p", {}, message.text),
      ...acts.map(button),
      this.#dismiss(message, key),
    );
    if (held) (this.#element.querySelector("button, a") ?? byId("transcript")).focus({ preventScroll: true });
    announce(message.text, message.level === "error");
  }

  #dismiss(message, key) {
    if (!message.dismissible) return "";
    const label = t("banner_dismiss");
    const run = () => this.clear(key);
    const button = { class: "icon-button", type: "button", "aria-label": label, onclick: run };
    return h("button", button, icon("cross"));
  }
}

function button({ label, run, href }) {
  if (href) return h("a", { class: "button small", href }, label);
  return h("button", { class: "button small", type: "button", onclick: run }, label);
}
