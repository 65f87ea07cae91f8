/** The guide: which planned questions were asked, and which is the current one. */

import { setText } from "./dom.js";
import { t } from "./i18n.js";

export function renderGuide(guide) {
  if (!guide) return;
  const questions = guide.competencies.flatMap((competency) => competency.questions);
  const asked = questions.filter((question) => question.asked_at);
  const current = asked.sort((a, b) => (a.asked_at < b.asked_at ? -1 : 1)).at(-1);
  for (const question of questions) {
    const element = document.querySelector(`[data-question="${question.id}"]`);
    if (!element) continue;
    element.classList.toggle("asked", Boolean(question.asked_at));
    if (question === current) element.setAttribute("aria-current", "true");
    else element.removeAttribute("aria-current");
    setText(element.querySelector(".asked-text"), question.asked_at ? t("guide_asked") : "");
  }
  for (const competency of guide.competencies) {
    const count = document.querySelector(`[data-competency="${competency.id}"] .competency-count`);
    const done = competency.questions.filter((question) => question.asked_at).length;
    const all = competency.questions.length;
    setText(count, done ? t("guide_count", { asked: done, all }) : "");
  }
}
