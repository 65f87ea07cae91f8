/** One microphone for a room: who speaks is what somebody says by a key or a click, never a guess. */

import { announce, byId, show } from "./dom.js";
import { t } from "./i18n.js";

/** Returns what the key for the other speaker does. */
export function setUpRoom(recording) {
  const place = byId("room");
  const buttons = [...(place?.querySelectorAll("button") ?? [])];

  function render() {
    show(place, recording.roles.includes("room"));
    for (const button of buttons)
      button.setAttribute("aria-pressed", String(button.value === recording.speaker));
  }

  for (const button of buttons) button.addEventListener("click", () => recording.speaks(button.value));
  recording.addEventListener("change", render);
  recording.addEventListener("speaker", ({ detail: role }) => {
    render();
    announce(t("announce_speaker", { speaker: t(`speaker_${role}`) }));
  });
  return () => {
    if (!place || place.hidden) return false;
    recording.speaks(recording.speaker === "interviewer" ? "candidate" : "interviewer");
    return true;
  };
}
