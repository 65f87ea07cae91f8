/** Erasing an interview for good: said what goes, a word typed, then nothing is left on the page. */

import { act } from "./api.js";
import { byId, setText, show } from "./dom.js";
import { sentence } from "./errors.js";

const dialog = byId("erase-dialog");
const form = byId("erase-form");
const word = byId("erase-word");
const confirm = byId("erase-confirm");
let desk = null;

const same = (a, b) => a.trim().localeCompare(b, undefined, { sensitivity: "base" }) === 0;

function settle() {
  confirm.disabled = !same(word.value, dialog.dataset.word);
}

async function erase(event) {
  event.preventDefault();
  if (confirm.disabled) return;
  confirm.disabled = true;
  try {
    await act(`${desk.base}/`, undefined, "DELETE");
    desk.leave("erased");
  } catch (error) {
    setText(byId("erase-error"), sentence(error.code, error.detail));
    show(byId("erase-error"), true);
    settle();
  }
}

word.addEventListener("input", settle);
form.addEventListener("submit", erase);
byId("erase-cancel").addEventListener("click", () => dialog.close());

export function openErase(given) {
  desk = given;
  word.value = "";
  show(byId("erase-error"), false);
  settle();
  dialog.showModal();
  word.focus();
}
