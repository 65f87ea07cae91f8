/**
 * Single keys for what is done while listening: one table, of which the list of keys is made.
 *
 * They can be switched off (WCAG 2.1.4), and are silent while somebody types.
 */

import { byId, h } from "./dom.js";
import { t } from "./i18n.js";
import { recall, remember } from "./preferences.js";

const GROUPS = ["views", "transcript", "copilot", "guide", "notes", "recording", "page"];
const NAMES = { ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→" };
const rows = [];
let box = null;

function typing(target) {
  return target.closest("input, select, textarea, [contenteditable]") !== null;
}

function held() {
  return document.querySelector("dialog[open], [role=menu]:not([hidden])") !== null;
}

function pressed(key) {
  return /^[A-Z]$/.test(key) ? `Shift+${key}` : key;
}

const shown = (key) => NAMES[key] ?? pressed(key).replace("Shift+", "⇧");

/**
 * Add rows to the table: {keys, label, group, run(key), button?}.
 *
 * `run` returns false to leave the key to the browser; `button` is the id of what does the same by
 * a click: it tells its key to screen readers and in its tooltip.
 */
export function setUpShortcuts(added) {
  if (!box) prepare();
  for (const row of added) {
    const taken = row.keys.find((key) => rows.some(({ keys }) => keys.includes(key)));
    if (taken) throw new Error(`the key ${taken} has two meanings`);
    rows.push(row);
    tell(row);
  }
}

function prepare() {
  box = byId("shortcuts-on");
  box.checked = recall("shortcuts", "on") !== "off";
  box.addEventListener("change", () => {
    remember("shortcuts", box.checked ? "on" : "off");
    rows.forEach(tell);
  });
  byId("help-open").addEventListener("click", help);
  setUpShortcuts([{ keys: ["?"], label: t("key_help"), group: "page", run: help, button: "help-open" }]);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
    if (event.defaultPrevented || !box.checked || typing(event.target) || held()) return;
    const row = rows.find(({ keys }) => keys.includes(event.key));
    if (row && row.run(event.key) !== false) event.preventDefault();
  });
}

/** Let the button of a row say its key. */
function tell({ keys, label, button }) {
  const element = button && byId(button);
  if (!element) return;
  element.dataset.title ??= element.title;
  element.title = box.checked ? t("key_tip", { label, key: keys.map(shown).join(" ") }) : element.dataset.title;
  if (box.checked) element.setAttribute("aria-keyshortcuts", keys.map(pressed).join(" "));
  else element.removeAttribute("aria-keyshortcuts");
}

function help() {
  const groups = GROUPS.map((group) => [group, rows.filter((row) => row.group === group)]);
  byId("shortcut-list").replaceChildren(
    ...groups.filter(([, some]) => some.length).map(([group, some]) =>
      h(
        "section",
        { "aria-labelledby": `keys-${group}` },
        h("h3", { id: `keys-${group}` }, t(`keys_${group}`)),
        h("dl", { class: "keys" }, ...some.map(entry)),
      ),
    ),
  );
  byId("help-dialog").showModal();
}

function entry({ keys, label }) {
  return h("div", {}, h("dt", {}, ...keys.map((key) => h("kbd", {}, shown(key)))), h("dd", {}, label));
}
