/** The candidate's page looks after itself; without this script it is looked at by reloading. */

import { writeTimes } from "./base.js";

const PARTS = ["candidate-state", "candidate-answer", "candidate-asks"];
const main = document.getElementById("main");
let wait = Number(main.dataset.seconds);

/** Whether somebody is at a part: then it stays as it is until they are done. */
function inUse(part) {
  if (part.contains(document.activeElement)) return true;
  if (part.querySelector("details[open]")) return true;
  return [...part.querySelectorAll("input[type=text]")].some((input) => input.value);
}

async function look() {
  if (document.hidden) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
  if (answer.status === 429) return;
  const text = await answer.text();
  const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("main");
  if (!answer.ok || fresh?.dataset.of !== main.dataset.of) return location.reload(); // erased, revoked, another one
  wait = Number(fresh.dataset.seconds);
  for (const id of PARTS) {
    const [part, next] = [document.getElementById(id), fresh.querySelector(`#${id}`)];
    if (part.dataset.mark === next.dataset.mark || inUse(part)) continue;
    part.dataset.mark = next.dataset.mark;
    part.replaceChildren(...next.childNodes);
  }
  writeTimes();
}

async function again() {
  try {
    await look();
  } catch {
    // offline: what stands here is what was known last
  }
  setTimeout(again, wait * 1000);
}

setTimeout(again, wait * 1000);
document.addEventListener("visibilitychange", () => look().catch(() => {}));
