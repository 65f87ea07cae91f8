/** Access has ended: nothing of the interview stays on the page, only why, and where to go. */

import { byId } from "./dom.js";

const notices = { gone: byId("lost-gone"), signed_out: byId("lost-signed_out") };

/** Show the notice `gone` or `signed_out` instead of the page. */
export function showLost(code) {
  document.body.replaceChildren(notices[code].content.cloneNode(true));
  document.body.className = "";
  document.body.hidden = false;
  document.title = document.querySelector("h1").textContent;
}
