/* Shows what a mapping sends while it is edited; without it the button "Preview" does. */

const PAUSE_MS = 400; // after the last key

const form = document.getElementById("mapping-form");
const shown = document.getElementById("mapping-shown");
const wrong = document.getElementById("mapping-wrong");
let timer = 0;
let asked = 0;

async function preview() {
  const number = ++asked;
  const body = new FormData(form);
  body.set("act", "preview");
  const answer = await fetch(form.action || location.href, { method: "POST", body, headers: { Accept: "application/json" } });
  if (!answer.headers.get("Content-Type")?.includes("json") || number !== asked) return;
  const said = await answer.json();
  wrong.textContent = said.wrong;
  wrong.hidden = !said.wrong;
  if (!said.wrong) shown.textContent = said.shown;
}

form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(() => preview().catch(() => {}), PAUSE_MS);
});
