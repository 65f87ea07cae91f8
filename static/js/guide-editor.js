/** Write a guide: competencies and their questions, saved as a whole. The form is the state. */

import { act, read, renew } from "./api.js";
import { announce, byId, setText, show } from "./dom.js";
import { sentence } from "./errors.js";
import { flagQuestions } from "./guide-flags.js";
import {
  asText, collect, complain, controlAt, field, form, itemOf, makePart, makeQuestion, mend, minutesOf, parts, partsOf, questionsOf,
} from "./guide-form.js";
import { t } from "./i18n.js";
import { move, setUpDragging } from "./reorder.js";

const API = "/api/v1/guides/";
const NOBODY = "00000000-0000-0000-0000-000000000000"; // in addresses before there is a guide

const data = JSON.parse(byId("guide-data").textContent);
const guide = { id: data.id ?? null, seen: data.updated_at ?? "" };
const removed = []; // what can be brought back, the latest last
let saved = ""; // what is stored, as text
let saving = false;

const flags = flagQuestions();
const isDirty = () => asText(collect()) !== saved;

// --- what the form says about itself -------------------------------------------------------------

function refresh() {
  let count = 0;
  let minutes = 0;
  partsOf().forEach((part, n) => {
    const asked = questionsOf(part);
    const sum = asked.reduce((all, item) => all + (Number(minutesOf(item)) || 0), 0);
    count += asked.length;
    minutes += sum;
    const name = field(part, "name").value.trim();
    const label = t(name ? "guide_part" : "guide_part_unnamed", { n: n + 1, name });
    part.firstElementChild.setAttribute("aria-label", label);
    asked.forEach((item, m) =>
      item.firstElementChild.setAttribute("aria-label", t("guide_question", { n: m + 1 })),
    );
    setText(part.querySelector(".part-sum"), t("guide_minutes", { n: sum }));
    const anchors = [...part.querySelectorAll("[data-anchor]")];
    const said = anchors.filter((input) => input.value.trim()).length;
    setText(part.querySelector("[data-anchors]"), t("guide_anchors", { n: said, all: anchors.length }));
  });
  const values = { questions: t("guide_questions", { n: count }), minutes: t("guide_minutes", { n: minutes }) };
  setText(byId("guide-total"), t("guide_total", values));
  show(byId("parts-empty"), !parts.children.length);
  const last = removed.at(-1);
  show(byId("guide-undo"), Boolean(last));
  if (last) byId("guide-undo").setAttribute("aria-label", t(`guide_undo_${last.item.dataset.kind}`));
  if (!saving) tell(isDirty() ? (guide.id ? "changed" : "new") : "saved");
}

function tell(state, values = {}) {
  const clean = state === "saved" && !guide.id;
  form.dataset.state = state;
  setText(byId("guide-state"), clean ? "" : t(`guide_state_${state}`, values));
}

// --- changing ------------------------------------------------------------------------------------

function addQuestion(part, after = null) {
  const item = makeQuestion();
  if (after) after.after(item);
  else part.querySelector(".questions").append(item);
  refresh();
  field(item, "text").focus();
}

function addPart() {
  const part = makePart();
  parts.append(part);
  refresh();
  field(part, "name").focus();
}

function remove(item) {
  const { parentElement: list, nextElementSibling: next, previousElementSibling: last } = item;
  removed.push({ item, list, next });
  item.remove();
  refresh();
  announce(t(`guide_removed_${item.dataset.kind}`));
  const near = next ?? last;
  const place = near ? near.querySelector('[data-act="remove"]') : itemOf(list)?.querySelector('[data-act="add"]');
  (place ?? byId("add-part")).focus();
}

function undo() {
  const { item, list, next } = removed.pop();
  const place = list.isConnected ? list : parts.querySelector(".questions");
  if (place) place.insertBefore(item, next?.parentElement === place ? next : null);
  refresh();
  flags.check(form);
  announce(t("guide_restored"));
  item.querySelector("input, textarea").focus();
}

function step(item, by) {
  if (!move(item, by)) return announce(t("guide_cannot_move"));
  item.scrollIntoView({ block: "nearest" });
  told(item);
}

/** Say where an item is now. */
function told(item) {
  refresh();
  const list = item.parentElement;
  const values = { n: [...list.children].indexOf(item) + 1, all: list.children.length };
  const name = item.dataset.kind === "question" && field(itemOf(list), "name").value.trim();
  announce(t(name ? "guide_moved_to" : "guide_moved", { ...values, name }));
}

const ACTS = {
  add: (item) => addQuestion(item),
  remove,
  up: (item) => step(item, -1),
  down: (item) => step(item, 1),
};

parts.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (!button) return;
  ACTS[button.dataset.act]?.(itemOf(button));
  if (button.isConnected && /up|down/.test(button.dataset.act)) button.focus();
});
byId("add-part").addEventListener("click", addPart);
byId("guide-undo").addEventListener("click", undo);
setUpDragging(parts, told);

/** Enter leads on: from the title to a name, from a name to a question, from there to the next. */
function lead(target) {
  const item = itemOf(target);
  if (target.name === "title") return parts.firstElementChild ? field(parts.firstElementChild, "name").focus() : addPart();
  if (target.dataset.field === "text") return addQuestion(null, item);
  if (target.dataset.field !== "name") return undefined;
  const [first] = questionsOf(item);
  return first ? field(first, "text").focus() : addQuestion(item);
}

form.addEventListener("keydown", (event) => {
  const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const item = itemOf(event.target);
  if (by && item && (event.altKey || event.target.dataset.act === "grip")) {
    event.preventDefault();
    step(item, by);
  } else if (event.key === "Enter" && !event.isComposing && event.target.matches("input, textarea") && !event.ctrlKey) {
    event.preventDefault(); // a question is one line, and a line is no reason to save
    lead(event.target);
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "s" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  save();
});
form.addEventListener("input", ({ target }) => {
  mend(target);
  refresh();
  if (target.dataset.field === "text") flags.soon(form);
});

// --- saving --------------------------------------------------------------------------------------

/** Store the whole guide; `anew` makes another one of it. */
async function save({ anew = false, again = false } = {}) {
  if (saving) return undefined;
  const sent = collect();
  const items = partsOf().map((part) => [part, questionsOf(part)]);
  saving = true;
  tell("saving");
  show(byId("conflict"), false);
  form.querySelectorAll("[aria-invalid]").forEach(mend);
  try {
    const known = guide.id && !anew;
    const body = { ...sent, updated_at: guide.seen };
    const answer = await act(known ? `${API}${guide.id}/` : API, body, known ? "PUT" : "POST");
    adopt(answer, items);
    saved = asText(sent);
    saving = false;
    return refresh();
  } catch (error) {
    saving = false;
    // Somebody who signed in anew in another tab goes on here.
    if (error.status === 403 && !again && (await renew().catch(() => false))) return save({ anew, again: true });
    return refuse(error);
  }
}

/** Take over what the server calls the guide and its parts, however many were added meanwhile. */
function adopt(answer, items) {
  guide.seen = answer.updated_at;
  answer.competencies.forEach(({ id, questions }, n) => {
    const [part, asked] = items[n];
    part.dataset.id = id;
    questions.forEach((question, m) => (asked[m].dataset.id = question.id));
  });
  if (guide.id === answer.id) return;
  address(guide.id ?? NOBODY, answer.id);
  guide.id = answer.id;
}

/** Let the page's own address and its acts be about this guide. */
function address(before, id) {
  const acts = byId("guide-acts");
  for (const link of acts.querySelectorAll("a")) link.href = link.href.replace(before, id);
  for (const sent of acts.querySelectorAll("form")) sent.action = sent.action.replace(before, id);
  show(acts, true);
  history.replaceState(null, "", `/guides/${id}/`);
}

function refuse(error) {
  if (error.code === "changed_meanwhile" || error.code === "deleted" || error.code === "gone") return decide(error.code);
  const fields = Object.entries(error.more?.fields ?? {});
  if (!fields.length) {
    tell("failed", { detail: sentence(error.code, error.detail) });
    return undefined;
  }
  const controls = fields.map(([place, texts]) => complain(controlAt(place), [texts].flat()[0]));
  tell("wrong", { n: fields.length });
  controls[0].focus();
  return undefined;
}

/** Somebody was faster: what is here stays until the person has decided. */
function decide(code) {
  const here = code === "changed_meanwhile";
  const panel = byId("conflict");
  setText(byId("conflict-text"), t(here ? "guide_conflict" : "guide_gone"));
  byId("conflict-see").href = `/guides/${guide.id}/`;
  show(byId("conflict-see"), here);
  show(byId("conflict-replace"), here);
  show(panel, true);
  tell("changed");
  panel.focus();
}

byId("conflict-copy").addEventListener("click", () => save({ anew: true }));
byId("conflict-replace").addEventListener("click", async () => {
  try {
    guide.seen = (await read(`${API}${guide.id}/`)).updated_at;
    await save();
  } catch (error) {
    refuse(error);
  }
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  save();
});
window.addEventListener("beforeunload", (event) => isDirty() && event.preventDefault());

byId("guide-delete").addEventListener("click", (event) => {
  event.preventDefault();
  byId("delete-form").action = event.currentTarget.href;
  byId("delete-dialog").showModal();
});
byId("delete-form").addEventListener("submit", () => (saved = asText(collect()))); // nothing to lose any more

// --- the beginning -------------------------------------------------------------------------------

form.elements.title.value = data.title;
if (form.elements.of_organization) form.elements.of_organization.checked = data.of_organization;
parts.append(...data.competencies.map(makePart));
saved = guide.id || !data.title ? asText(collect()) : "";
show(form, true);
refresh();
flags.check(form);
if (!data.title) form.elements.title.focus();
