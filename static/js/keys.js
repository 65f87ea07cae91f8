/** Which key does what on the page of an interview, for whom. */

import { byId } from "./dom.js";
import { t } from "./i18n.js";
import { setUpShortcuts } from "./shortcuts.js";

const TABS = ["insights", "questions", "fact_check", "sentiment"];
const FEEDBACK = [["u", "used"], ["n", "not_now"], ["w", "wrong"], ["p", "pinned"]];

/** Do what a button does, if it can be pressed now. */
function press(id) {
  const button = byId(id);
  if (!button.checkVisibility()) return false;
  button.click();
}

/** Set up the keys for what a page has and a person may do. */
export function setUpKeys({ boot, views, columns, settings, transcript, cards, guide, beside, offRecord, recorder }) {
  const { may, sample } = boot.session;

  function go(name, focus) {
    views.show(name);
    focus();
  }

  function inCopilot(step) {
    return byId("view-copilot").contains(document.activeElement) && cards.move(step);
  }

  setUpShortcuts([
    ...TABS.map((tab, i) => ({
      keys: [String(i + 1)],
      label: byId(`tab-${tab}`).firstElementChild.textContent,
      group: "copilot",
      run: () => (views.show("copilot"), cards.select(tab, true)),
      button: `tab-${tab}`,
    })),
    { keys: ["j"], label: t("key_jump"), group: "transcript", run: () => go("transcript", () => transcript.jump()), button: "jump-live" },
    { keys: ["t"], label: t("key_transcript"), group: "views", run: () => go("transcript", () => byId("transcript").focus()) },
    { keys: ["c"], label: t("key_copilot"), group: "views", run: () => go("copilot", () => cards.move(0)) },
    { keys: ["g"], label: t("key_guide"), group: "views", run: () => go("guide", () => byId("view-guide").focus()) },
    { keys: ["G"], label: t("key_fold_guide"), group: "views", run: () => columns.toggle("guide"), button: "fold-guide" },
    { keys: ["C"], label: t("key_fold_copilot"), group: "views", run: () => columns.toggle("copilot"), button: "fold-copilot" },
    { keys: ["l"], label: t("key_settings"), group: "page", run: settings.open, button: "settings-open" },
    { keys: ["v"], label: t("key_verbosity"), group: "copilot", run: settings.cycle },
    { keys: ["P"], label: t("key_pauses"), group: "copilot", run: settings.togglePauses },
    { keys: ["ArrowUp", "ArrowDown"], label: t("key_cards"), group: "copilot", run: (key) => inCopilot(key === "ArrowDown" ? 1 : -1) },
  ]);
  if (may.comment) {
    const { notes, bookmarks } = beside;
    setUpShortcuts([
      ...FEEDBACK.map(([key, value]) => ({
        keys: [key],
        label: t(`key_card_${value}`),
        group: "copilot",
        run: () => cards.act(value),
      })),
      { keys: ["b"], label: t("key_bookmark"), group: "notes", run: () => bookmarks.mark(), button: "bookmark-button" },
      { keys: ["i"], label: t("key_note"), group: "notes", run: () => go("guide", () => (bookmarks.show("notes"), notes.focus())) },
    ]);
  }
  if (boot.guide)
    setUpShortcuts([{ keys: ["[", "]"], label: t("key_question"), group: "guide", run: (key) => go("guide", () => guide.move(key === "]" ? 1 : -1)) }]);
  if (boot.guide && may.comment)
    setUpShortcuts([
      { keys: ["k"], label: t("key_tick"), group: "guide", run: () => guide.tickChosen() },
      { keys: ["r"], label: t("key_rate"), group: "guide", run: () => go("guide", () => guide.rate()) },
    ]);
  if (may.record)
    setUpShortcuts([
      { keys: ["o"], label: t("key_off_record"), group: "recording", run: offRecord.toggle, button: "off-record-button" },
      { keys: ["s"], label: t("key_speaker"), group: "recording", run: recorder.turn },
      { keys: ["d"], label: t("key_sound"), group: "recording", run: () => press("sound-open"), button: "sound-open" },
      { keys: ["z"], label: t("key_again"), group: "copilot", run: () => press("analyse-again"), button: "analyse-again" },
      { keys: ["e"], label: t("key_stop"), group: "recording", run: recorder.stop.ask, button: "stop-button" },
    ]);
  if (may.share)
    setUpShortcuts([{ keys: ["f"], label: t("key_share"), group: "page", run: () => press("share-open"), button: "share-open" }]);
  if (may.record && sample)
    setUpShortcuts([{ keys: ["m"], label: t("key_mute"), group: "recording", run: recorder.toggleMute, button: "sample-mute" }]);
}
