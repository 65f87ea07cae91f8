/**
 * Searching the list. The text goes to the server in the body of a request and stays with this entry
 * of the browser's history, so that "back" finds it again; it is never part of an address.
 */

import { writeTimes } from "./base.js";
import { announce, byId } from "./dom.js";

const form = byId("finder");
let latest = 0;

/** Put what the server finds into the page. */
async function search(body) {
  const number = (latest += 1);
  byId("found").setAttribute("aria-busy", "true");
  try {
    const response = await fetch(form.action, { method: "POST", body });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const found = page.getElementById("found");
    if (number !== latest) return;
    if (!response.ok || !found) throw new Error("no list"); // signed out, for one
    byId("found").replaceWith(document.adoptNode(found));
    writeTimes();
    announce(byId("found-count")?.textContent.trim() ?? "");
  } catch {
    if (number === latest) location.reload();
  }
}

/** Search for what this entry of the history remembers, with what the address asks for. */
function again() {
  const { q } = history.state ?? {};
  if (!q) return false;
  const asked = new URLSearchParams(location.search);
  for (const control of form.querySelectorAll("select, [type=hidden][name=state]"))
    control.value = asked.get(control.name) ?? "";
  form.elements.q.value = q;
  const body = new FormData(form);
  if (asked.has("page")) body.set("page", asked.get("page"));
  search(body);
  return true;
}

form?.addEventListener("submit", (event) => {
  const body = new FormData(form, event.submitter);
  const q = body.get("q").trim();
  if (!q) return; // the server answers with the address of the list
  event.preventDefault();
  const asked = new URLSearchParams();
  for (const [name, value] of body)
    if (value && !["q", "csrfmiddlewaretoken"].includes(name)) asked.set(name, value);
  if (event.submitter?.name === "state") form.elements.state.value = event.submitter.value;
  if (event.submitter?.name === "state" && !event.submitter.value) asked.delete("state");
  history.pushState({ q }, "", asked.size ? `?${asked}` : location.pathname);
  search(body);
});

window.addEventListener("popstate", () => again() || location.reload());
if (form) again();
