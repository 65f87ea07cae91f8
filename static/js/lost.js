/** Access has ended: nothing of the interview stays on the page, only why, and where to go. */

import { byId } from "./dom.js";

const notices = { gone: byId("lost-gone"), signed_out: byId("lost-signed_out") };
const ERASED = 410;

/** Show the notice `gone` or `signed_out` instead of the page; once erased the server has its own. */
export async function showLost(code) {
  document.body.replaceChildren();
  if (code === "erased") return location.reload();
  document.body.append(notices[code].content.cloneNode(true));
  document.body.className = "";
  document.body.hidden = false;
  document.title = document.querySelector("h1").textContent;
  if (code !== "gone") return;
  const answer = await fetch(location.href, { method: "HEAD" }).catch(() => null);
  if (answer?.status === ERASED) location.reload();
}
