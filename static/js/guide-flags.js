/** Mark planned questions that ask about what the law protects, while they are written. */

import { act } from "./api.js";
import { h, icon, setText, show } from "./dom.js";
import { describe } from "./guide-form.js";
import { t } from "./i18n.js";

const AFTER_MS = 500;

export function flagQuestions() {
  const known = new Map(); // text -> trait, empty for a lawful question
  let timer = 0;
  let count = 0;

  /** Show what is known about the questions in `root`, and ask about those that are new. */
  async function check(root) {
    const boxes = [...root.querySelectorAll('[data-field="text"]')];
    const unknown = [...new Set(boxes.map((box) => box.value.trim()))].filter(
      (text) => text && text.length <= 400 && !known.has(text),
    );
    if (unknown.length) {
      try {
        const { traits } = await act("/api/v1/guides/check/", { questions: unknown });
        unknown.forEach((text, n) => known.set(text, traits[n]));
      } catch {
        return; // asked again with the next change
      }
    }
    for (const box of boxes) flag(box, known.get(box.value.trim()) ?? "");
  }

  function flag(box, trait) {
    const place = box.closest("[data-kind]").querySelector("[data-flag]");
    place.id ||= `flag-${(count += 1)}`;
    if (trait) {
      const said = t("guide_flag", { trait: t(`trait_${trait.replaceAll(" ", "_")}`) });
      if (!place.firstElementChild) place.append(icon("triangle"), h("span"));
      setText(place.lastElementChild, said);
    }
    describe(box, place.id, Boolean(trait));
    show(place, Boolean(trait));
  }

  return {
    check,
    soon(root) {
      clearTimeout(timer);
      timer = setTimeout(check, AFTER_MS, root);
    },
  };
}
