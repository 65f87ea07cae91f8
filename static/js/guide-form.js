/** The form of a guide: its parts made, read, and marked where something is wrong. */

import { byId, h } from "./dom.js";

export const form = byId("guide-editor");
export const parts = byId("parts");
export const field = (item, name) => item.querySelector(`[data-field="${name}"]`);
export const partsOf = () => [...parts.children];
export const questionsOf = (part) => [...part.querySelector(".questions").children];
export const itemOf = (element) => element.closest("[data-kind]");

function make(kind, entry) {
  const item = byId(`${kind}-template`).content.firstElementChild.cloneNode(true);
  if (entry.id) item.dataset.id = entry.id;
  return item;
}

export function makeQuestion(entry = {}) {
  const item = make("question", entry);
  field(item, "text").value = entry.text ?? "";
  field(item, "minutes").value = entry.minutes ?? 5;
  return item;
}

export function makePart(entry = {}) {
  const item = make("part", entry);
  field(item, "name").value = entry.name ?? "";
  field(item, "description").value = entry.description ?? "";
  item.querySelectorAll("[data-anchor]").forEach((input, n) => (input.value = entry.anchors?.[n] ?? ""));
  item.querySelector(".questions").append(...(entry.questions ?? [{}]).map(makeQuestion));
  return item;
}

/** Return the guide as the form has it. */
export function collect() {
  const id = (item) => Number(item.dataset.id) || null;
  return {
    title: form.elements.title.value,
    of_organization: form.elements.of_organization?.checked ?? null,
    competencies: partsOf().map((part) => ({
      id: id(part),
      name: field(part, "name").value,
      description: field(part, "description").value,
      anchors: [...part.querySelectorAll("[data-anchor]")].map((input) => input.value),
      questions: questionsOf(part).map((item) => ({
        id: id(item),
        text: field(item, "text").value,
        minutes: minutesOf(item),
      })),
    })),
  };
}

/** A number, or what stands there instead: what cannot be one is refused, not guessed. */
export function minutesOf(item) {
  const input = field(item, "minutes");
  return input.validity.badInput || input.value === "" ? "" : Number(input.value);
}

/** Write a guide down to compare it: ids are no difference. */
export const asText = (plan) => JSON.stringify(plan, (key, value) => (key === "id" ? undefined : value));

/** Return the control that a place like `competencies.0.questions.1.text` means. */
export function controlAt(place) {
  const [, n, name, m, last] = place.split(".");
  const part = partsOf()[Number(n)];
  if (!part) return form.elements.title;
  if (name === "anchors") return part.querySelectorAll("[data-anchor]")[Number(m) || 0];
  if (name !== "questions") return field(part, name) ?? field(part, "name");
  const item = questionsOf(part)[Number(m)];
  return item ? field(item, last) : field(part, "name");
}

/** Let a text describe a control, beside what does so already, or no longer. */
export function describe(control, id, on) {
  const ids = new Set((control.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean));
  if (on) ids.add(id);
  else ids.delete(id);
  if (ids.size) control.setAttribute("aria-describedby", [...ids].join(" "));
  else control.removeAttribute("aria-describedby");
}

let errors = 0;

/** Say what is wrong with a control beside it. */
export function complain(control, text) {
  mend(control);
  const id = `error-${(errors += 1)}`;
  control.closest("details")?.setAttribute("open", "");
  control.setAttribute("aria-invalid", "true");
  control.dataset.error = id;
  control.closest(".entry").after(h("p", { class: "field-error", id }, text));
  describe(control, id, true);
  return control;
}

export function mend(control) {
  const id = control.dataset.error;
  if (!id) return;
  byId(id)?.remove();
  describe(control, id, false);
  control.removeAttribute("aria-invalid");
  delete control.dataset.error;
}
