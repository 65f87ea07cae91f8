/** How lines of a transcript are chosen: by a click or touch, or by keys from line to line. */

const LINE = ".line[data-id]";
const STEPS = { ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity };

/** Call `choose(id, element, point)` for the line that was chosen; keys have no point. */
export function setUpLines(scroller, choose) {
  scroller.addEventListener("click", (event) => {
    const line = event.target.closest(LINE);
    if (!line || event.target.closest("button, a, form") || selects(line)) return;
    choose(line.dataset.id, line, { x: event.clientX, y: event.clientY });
  });
  scroller.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const here = event.target.matches(LINE) ? event.target : null;
    if (!here && event.target !== scroller) return;
    if (event.key in STEPS && (here || event.key.startsWith("Arrow"))) {
      event.preventDefault();
      move(scroller, here, STEPS[event.key]);
    } else if (here && (event.key === "Enter" || event.key === "ContextMenu" || (event.shiftKey && event.key === "F10"))) {
      event.preventDefault();
      choose(here.dataset.id, here);
    } else if (here && event.key === "Escape") scroller.focus();
  });
}

/** Tell whether somebody is marking text there, which a click ends as well. */
function selects(line) {
  const selection = getSelection();
  return !selection.isCollapsed && selection.containsNode(line, true);
}

function move(scroller, here, step) {
  const lines = [...scroller.querySelectorAll(LINE)];
  const next = here ? lines.indexOf(here) + step : inSight(scroller, lines);
  const line = lines[Math.max(0, Math.min(next, lines.length - 1))];
  line?.focus({ preventScroll: true });
  line?.scrollIntoView({ block: "nearest" });
}

/** Find the last line that can be seen. */
function inSight(scroller, lines) {
  const { bottom } = scroller.getBoundingClientRect();
  let low = 0;
  let high = lines.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lines[middle].getBoundingClientRect().bottom <= bottom) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
