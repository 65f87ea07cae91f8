/** Who spoke how long: the shares in words, a bar, the course of the interview, and a table. */

import { byId, draw, h, setText, show } from "./dom.js";
import { clock, t } from "./i18n.js";

const WIDTH = 400; // of the drawings, in their own units
const BAR = 14;
const HEIGHT = 60;
const GAP = 1; // between parts of the timeline

const percent = (share) => t("talk_percent", { percent: Math.round(share * 100) });

/** Show the figures of the analytics endpoint; nothing where nobody spoke. */
export function showTalk({ roles, timeline, length_ms: length }) {
  show(byId("talk"), roles.length > 0);
  if (!roles.length) return;
  const shares = roles.map(({ role, share, talk_ms: ms }) =>
    h(
      "span",
      { class: "talk-share", dataset: { role } },
      h("b", {}, percent(share)),
      ` ${t(`speaker_${role}`)} `,
      h("span", { class: "muted" }, clock(ms)),
    ),
  );
  byId("talk-shares").replaceChildren(...shares);
  drawBar(roles);
  drawTimeline(roles, timeline, length);
  setText(byId("talk-end"), clock(length));
  byId("talk-table").querySelector("tbody").replaceChildren(...roles.map(row));
}

function drawBar(roles) {
  let x = 0;
  const parts = roles.map(({ role, share }) => {
    const width = share * WIDTH;
    const part = draw("rect", { class: "talk-part", "data-role": role, x, y: 0, width: Math.max(0, width - GAP), height: BAR });
    x += width;
    return part;
  });
  byId("talk-bar").replaceChildren(...parts);
}

/** One column for each part of the interview; the roles stand on each other, silence is left free. */
function drawTimeline(roles, timeline, length) {
  const each = length / timeline.length;
  const width = WIDTH / timeline.length;
  const parts = timeline.flatMap((part, n) => {
    const spoken = roles.reduce((sum, { role }) => sum + part[role], 0);
    const scale = HEIGHT / Math.max(each, spoken); // where both spoke at once it is more than the time
    let y = HEIGHT;
    return roles.map(({ role }) => {
      const height = part[role] * scale;
      y -= height;
      return draw("rect", { class: "talk-part", "data-role": role, x: n * width, y, width: width - GAP, height });
    });
  });
  byId("talk-timeline").replaceChildren(...parts);
}

function row({ role, talk_ms: talk, share, turns, longest_ms: longest }) {
  const cells = [clock(talk), percent(share), String(turns), clock(longest)];
  return h("tr", {}, h("th", { scope: "row" }, t(`speaker_${role}`)), ...cells.map((text) => h("td", {}, text)));
}
