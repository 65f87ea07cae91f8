/** One insight card: built once, filled again when its insight changes. */

import { h, icon, setIcon, setText, show } from "./dom.js";
import { ago, clock, moment, t } from "./i18n.js";

const ACTS = [
  { value: "used", icon: "check", label: "feedback_used", done: "feedback_used_done" },
  { value: "not_now", icon: "clock", label: "feedback_not_now", done: "feedback_undo" },
  { value: "wrong", icon: "thumb-down", label: "feedback_wrong", done: "feedback_undo" },
  { value: "pinned", icon: "pin", label: "feedback_pinned", done: "feedback_pinned_done" },
];

/** on: mayAct, quote(), asked(), feedback(value) */
export function buildCard(insight, on) {
  const titleId = `card-title-${insight.id}`;
  const acts = on.mayAct
    ? h("div", { class: "card-acts" }, ...ACTS.map((act) => actButton(act, on.feedback)))
    : "";
  return h(
    "li",
    {
      class: "card",
      id: `card-${insight.id}`,
      tabindex: "-1",
      "aria-labelledby": titleId,
      dataset: { testid: "card", id: insight.id },
    },
    h("span", { class: "card-icon" }, icon(insight.icon)),
    h(
      "div",
      { class: "card-head" },
      h("h3", { class: "card-title", id: titleId }),
      h("time", { class: "card-time" }),
    ),
    h("p", { class: "card-content" }),
    h(
      "p",
      { class: "card-tags" },
      h(
        "button",
        { class: "badge asked", type: "button", title: t("card_quote"), onclick: on.asked },
        icon("check"),
        h("span"),
      ),
      h("span", { class: "badge high" }, t("card_high")),
      h("span", { class: "badge verdict" }),
      h("span", { class: "badge why" }),
      h("span", { class: "badge state" }),
      h("span", { class: "badge stale" }),
    ),
    h("button", { class: "quote", type: "button", onclick: on.quote }),
    h("p", { class: "quote other" }, h("span", { class: "quote-against" }, t("card_against")), h("q")),
    acts,
  );
}

function actButton(act, run) {
  return h(
    "button",
    {
      class: "act",
      type: "button",
      dataset: { act: act.value },
      onclick: () => run(act.value),
    },
    icon(act.icon),
    h("span", {}, t(act.label)),
  );
}

/** lineOf(id): a line of the transcript, or undefined while it is not here yet */
export function fillCard(element, insight, lineOf) {
  const find = (selector) => element.querySelector(selector);
  Object.assign(element.dataset, {
    kind: insight.kind,
    state: insight.state,
    colour: insight.colour,
    priority: insight.priority,
    feedback: insight.feedback,
  });
  setIcon(find(".card-icon .icon"), insight.icon);
  find(".card-icon").title = t(`card_source_${insight.source}`);
  setText(find(".card-title"), insight.title);
  setText(find(".card-content"), insight.content);
  const asked = insight.asked_in && lineOf(insight.asked_in);
  setText(find(".badge.asked span"), asked ? t("card_asked_at", { at: clock(asked.start_ms) }) : t("card_asked"));
  show(find(".badge.asked"), Boolean(insight.asked_in));
  show(find(".badge.high"), insight.priority === "high" && !insight.asked_in);
  fillBadge(find(".badge.why"), insight.source === "bank" ? t("card_bank") : insight.reason);
  const verdict = find(".badge.verdict");
  fillBadge(verdict, insight.verdict && t(`verdict_${insight.verdict}`));
  verdict.dataset.verdict = insight.verdict;
  const states = { preliminary: insight.kind !== "tip" && "card_preliminary", failed: "card_failed" };
  fillBadge(find(".badge.state"), states[insight.state] && t(states[insight.state]));
  const kept = ["used", "pinned"].includes(insight.feedback);
  fillBadge(find(".badge.stale"), insight.stale && t(kept ? "stale_kept" : "stale"));
  show(find(".card-tags"), [...find(".card-tags").children].some((badge) => !badge.hidden));
  const quote = find("button.quote");
  const line = insight.segments[0]; // none where the words are the profile's or the guide's
  setText(quote, insight.quote);
  quote.disabled = !line;
  quote.title = line ? t("card_quote") : "";
  quote.dataset.role = lineOf(line)?.role ?? "";
  show(quote, Boolean(insight.quote));
  setText(find(".quote.other q"), insight.other_quote);
  show(find(".quote.other"), Boolean(insight.other_quote));
  fillActs(element, insight.feedback);
}

function fillBadge(badge, text) {
  setText(badge, text || "");
  show(badge, Boolean(text));
}

function fillActs(element, feedback) {
  for (const act of ACTS) {
    const button = element.querySelector(`[data-act="${act.value}"]`);
    if (!button) return;
    const pressed = feedback === act.value;
    button.classList.toggle("on", pressed);
    setText(button.lastElementChild, t(pressed ? act.done : act.label));
    setIcon(button.firstElementChild, pressed && act.done === "feedback_undo" ? "undo" : act.icon);
  }
}

/** position: milliseconds into the interview, or null to say how long ago it was */
export function fillTime(element, insight, now, position) {
  const time = element.querySelector(".card-time");
  const date = new Date(insight.at);
  setText(time, position === null ? ago(date, Math.max(now, date.getTime())) : clock(position));
  if (time.dateTime !== insight.at) {
    time.dateTime = insight.at;
    time.title = moment(date);
  }
}
