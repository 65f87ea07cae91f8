/** Single keys for what is done while listening; off by a switch, silent while typing. */

import { byId } from "./dom.js";

const SETTING = "copilot.shortcuts";

function typing(target) {
  return target.closest("input, select, textarea, [contenteditable]") !== null;
}

/** acts: key -> function; a function that returns false leaves the key to the browser. */
export function setUpShortcuts(acts) {
  const help = byId("help-dialog");
  const box = byId("shortcuts-on");
  box.checked = localStorage.getItem(SETTING) !== "off";
  box.addEventListener("change", () => localStorage.setItem(SETTING, box.checked ? "on" : "off"));
  byId("help-open").addEventListener("click", () => help.showModal());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
    if (!box.checked || typing(event.target) || document.querySelector("dialog[open]")) return;
    const act = event.key === "?" ? () => help.showModal() : acts[event.key];
    if (act && act() !== false) event.preventDefault();
  });
}
