/** The menu of one line of the transcript: how its words were heard, and what can be done with it. */

import { announce, h, icon } from "./dom.js";
import { clock, t } from "./i18n.js";
import { doubt } from "./words.js";

const EDGE = 8; // pixels that stay free between the menu and the edges of the window
const BESIDE = 14; // not under the pointer: a second click marks the word
const AGAIN_MS = 300; // the click that closes the menu does not open it again

/**
 * `acts` is a list of {key, icon, label(segment), shown(segment), run(segment, element), needs}:
 * `needs` is the right that an act takes ("comment", "record"), `may()` gives the person's rights.
 */
export class LineMenu {
  #panel = h("div", { class: "line-menu", popover: "auto", role: "dialog", dataset: { testid: "line-menu" } });
  #lineOf;
  #may;
  #acts;
  #id = "";
  #element = null;
  #closed = -Infinity;

  constructor({ lineOf, may, acts }) {
    this.#lineOf = lineOf;
    this.#may = may;
    this.#acts = acts;
    this.#panel.addEventListener("beforetoggle", ({ newState }) => newState === "closed" && this.#left());
    this.#panel.addEventListener("keydown", (event) => this.#key(event));
    document.body.append(this.#panel);
  }

  /** Open for a line: `element` shows it, `point` {x, y} is where it was pressed. */
  open(id, element, point = null) {
    const again = point && id === this.#id && performance.now() - this.#closed < AGAIN_MS;
    const segment = this.#lineOf(id);
    if (!segment || again) return;
    if (this.#panel.matches(":popover-open")) this.#panel.hidePopover();
    this.#id = id;
    this.#element = element;
    const about = t("line_menu", { speaker: t(`speaker_${segment.role}`), at: clock(segment.start_ms) });
    this.#panel.setAttribute("aria-label", about);
    this.#panel.replaceChildren(h("p", { class: "line-menu-head" }, about), ...heard(segment), ...this.#buttons(segment));
    element.classList.add("chosen");
    this.#panel.showPopover();
    this.#place(point ?? corner(element));
    this.#panel.querySelector("button")?.focus();
  }

  #buttons(segment) {
    const may = this.#may();
    const acts = this.#acts.filter(({ needs, shown }) => (!needs || may[needs]) && (!shown || shown(segment)));
    return acts.map((act) =>
      h(
        "button",
        { class: "line-act", type: "button", dataset: { act: act.key }, onclick: () => this.#run(act) },
        icon(act.icon),
        h("span", {}, act.label(segment)),
      ),
    );
  }

  #run(act) {
    const element = this.#element;
    this.#panel.hidePopover(); // the focus goes back to the line; the act may take it elsewhere
    this.#closed = -Infinity;
    const segment = this.#lineOf(this.#id);
    if (segment) act.run(segment, element);
  }

  #left() {
    this.#element?.classList.remove("chosen");
    this.#closed = performance.now();
  }

  #place({ x, y }) {
    const { offsetWidth: width, offsetHeight: height } = this.#panel;
    const fit = (at, size, room) => Math.max(EDGE, Math.min(at, room - size - EDGE));
    const below = y + BESIDE;
    const above = y - height - BESIDE;
    const top = below + height > innerHeight - EDGE && above >= EDGE ? above : below;
    this.#panel.style.setProperty("--x", `${fit(x, width, innerWidth)}px`);
    this.#panel.style.setProperty("--y", `${fit(top, height, innerHeight)}px`);
  }

  #key(event) {
    event.stopPropagation(); // the page's single keys mean the page, not this line
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = [...this.#panel.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement) + step;
    buttons.at(at % buttons.length)?.focus();
  }
}

/** Say which words may be wrong, or were heard otherwise than they are written. */
function heard(segment) {
  const doubts = (segment.words ?? []).filter((word) => !word.t.startsWith("[") && doubt(word));
  if (!doubts.length) return [];
  const rows = doubts.map((word) => h("li", {}, h("strong", {}, word.t), ` ${doubt(word)}`));
  return [h("ul", { class: "line-heard", "aria-label": t("line_heard"), dataset: { testid: "line-heard" } }, ...rows)];
}

function corner(element) {
  const { left, bottom } = (element.querySelector(".line-text") ?? element).getBoundingClientRect();
  return { x: left, y: bottom };
}

/** The act of copying a line with who said it and when. */
export function quoting() {
  return {
    key: "quote",
    icon: "copy",
    label: () => t("line_quote"),
    run: async (segment, element) => {
      const values = { text: segment.text, speaker: t(`speaker_${segment.role}`), at: clock(segment.start_ms) };
      try {
        await navigator.clipboard.writeText(t("line_quoted", values));
        announce(t("line_copied"));
      } catch {
        // Without https there is no clipboard for pages: the person copies what is selected.
        getSelection().selectAllChildren(element.querySelector(".line-text"));
        announce(t("line_selected"));
      }
    },
  };
}
