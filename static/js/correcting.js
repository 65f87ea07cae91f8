/** Putting a line right: what it says or who said it, where it stands; what was recognized stays. */

import { act, read } from "./api.js";
import { announce, h } from "./dom.js";
import { sentence } from "./errors.js";
import { t } from "./i18n.js";

/**
 * The acts of a line's menu for who holds the interview. `ondone(segment)` gets the line as it is
 * stored, before its event comes round.
 */
export function correctingActs({ base, banner, ondone = () => {} }) {
  const place = (segment) => `${base}/segments/${segment.id}/`;

  async function change(segment, element, sent, method = "PATCH", path = place(segment)) {
    try {
      ondone(await act(path, sent, method));
      banner.clear("correcting");
      announce(t("line_changed"));
    } catch (error) {
      const text = t("line_not_changed", { detail: sentence(error.code, error.detail) });
      banner.set("correcting", { level: "error", text, dismissible: true });
    }
    element.focus({ preventScroll: true });
  }

  /** Show what was recognized below the line, or take that away again. */
  async function showOriginal(segment, element) {
    const shown = element.querySelector(".line-original");
    element.focus({ preventScroll: true });
    if (shown) return shown.remove();
    try {
      const { text } = await read(`${place(segment)}correction/`);
      element.append(h("p", { class: "line-original", role: "note" }, h("b", {}, t("line_recognized")), " ", text));
      banner.clear("correcting");
    } catch (error) {
      banner.set("correcting", { level: "error", text: sentence(error.code, error.detail), dismissible: true });
    }
  }

  /** Write in place of the line; what that needs is loaded with the first line. */
  async function edit(segment, element) {
    try {
      const { edit: open } = await import("./line-editor.js");
      open({ segment, element, path: place(segment), ondone });
    } catch {
      banner.set("correcting", { level: "error", text: t("error_unreachable"), dismissible: true });
    }
  }

  const restore = (segment, element) => change(segment, element, {}, "DELETE", `${place(segment)}correction/`);
  const other = ({ role }) => (role === "candidate" ? "interviewer" : "candidate");
  const speaker = (role, key) => ({
    key,
    icon: "undo",
    needs: "record",
    label: () => t("line_speaker", { speaker: t(`speaker_${role}`) }),
    shown: (segment) => segment.role !== role && (segment.role === "room" || other(segment) === role),
    run: (segment, element) => change(segment, element, { role, revision: segment.revision }),
  });

  return [
    {
      key: "correct",
      icon: "pencil",
      needs: "record",
      label: () => t("line_correct"),
      run: edit,
    },
    speaker("interviewer", "speaker-interviewer"),
    speaker("candidate", "speaker-candidate"),
    {
      key: "original",
      icon: "eye",
      needs: "record",
      label: () => t("line_original"),
      shown: isCorrected,
      run: showOriginal,
    },
    { key: "restore", icon: "undo", needs: "record", label: () => t("line_restore"), shown: isCorrected, run: restore },
  ];
}

const isCorrected = ({ corrected_at: at }) => Boolean(at);
