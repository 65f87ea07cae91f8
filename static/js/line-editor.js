/** A form in place of a line, to put right what it says. */

import { act } from "./api.js";
import { announce, h } from "./dom.js";
import { sentence } from "./errors.js";
import { clock, t } from "./i18n.js";

const MOST = 2000; // characters

/** Write in place of the line; what was typed stays until it is stored or given up. */
export function edit({ segment, element, path, ondone }) {
  const known = element.querySelector(".line-edit textarea");
  if (known) return known.focus();
  const id = `edit-${segment.id}`;
  const area = h("textarea", { id, rows: "3", maxlength: String(MOST), "aria-describedby": `${id}-hint ${id}-error` });
  area.value = segment.text;
  const error = h("p", { class: "field-error", id: `${id}-error`, role: "alert", hidden: true });
  const save = h("button", { class: "button primary small", dataset: { testid: "line-save" } }, t("line_save"));
  const cancel = h("button", { class: "button small", type: "button", onclick: () => close() }, t("line_cancel"));
  const label = t("line_correct_at", { speaker: t(`speaker_${segment.role}`), at: clock(segment.start_ms) });
  let { revision } = segment;

  const frame = element.closest(".transcript-frame");

  function close() {
    form.remove();
    if (!frame?.querySelector(".line-edit")) frame?.classList.remove("correcting");
    element.classList.remove("editing");
    element.focus({ preventScroll: true });
  }

  async function store(event) {
    event.preventDefault();
    if (save.disabled) return;
    if (area.value === segment.text) return close();
    save.disabled = true;
    error.hidden = true;
    try {
      ondone(await act(path, { text: area.value, ...(revision !== null && { revision }) }, "PATCH"));
      close();
      announce(t("line_changed"));
    } catch (failure) {
      if (failure.code === "changed_meanwhile") revision = null; // saved once more it is meant
      error.textContent = sentence(failure.code, failure.detail);
      error.hidden = false;
      area.focus();
    } finally {
      save.disabled = false;
    }
  }

  const form = h(
    "form",
    { class: "line-edit", dataset: { testid: "line-edit" }, onsubmit: store },
    h("label", { for: id }, label),
    area,
    error,
    h("p", { class: "hint", id: `${id}-hint` }, t("line_correct_hint")),
    h("div", { class: "acts" }, save, cancel),
  );
  form.addEventListener("keydown", (event) => {
    event.stopPropagation(); // lines and the page have keys of their own
    if (event.key === "Escape") (event.preventDefault(), close());
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  element.querySelector(".line-original")?.remove();
  element.classList.add("editing");
  frame?.classList.add("correcting"); // a class: what asks for a form in the frame costs each event
  element.append(form);
  area.focus();
  form.scrollIntoView({ block: "nearest" });
}
