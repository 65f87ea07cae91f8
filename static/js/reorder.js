/** Put items of nested lists into another order: by buttons, arrow keys and dragging a handle.
 *
 * Items are `[data-kind]`: parts in one list, questions in the lists within parts. What has the
 * focus keeps it.
 */

const EDGE = 72; // pixels from the edge at which the page scrolls along
const STEP = 12;

const nameOf = (item) => item.dataset.kind;
const isItem = (element) => Boolean(element?.dataset.kind);

/** Move one place up (-1) or down (1), a question also into the next part; false at the end. */
export function move(item, step) {
  const next = step < 0 ? item.previousElementSibling : item.nextElementSibling;
  if (isItem(next)) {
    // The neighbour goes, so that nothing with the focus is taken out of the page.
    if (step < 0) item.after(next);
    else item.before(next);
    return true;
  }
  const part = nameOf(item) === "question" && item.parentElement.closest("[data-kind]");
  const other = part && (step < 0 ? part.previousElementSibling : part.nextElementSibling);
  if (!isItem(other)) return false;
  const focused = document.activeElement;
  const list = other.querySelector(".questions");
  if (step < 0) list.append(item);
  else list.prepend(item);
  focused?.focus();
  return true;
}

/** Let the handles in `root` be dragged; `moved(item)` is told when one was let go elsewhere. */
export function setUpDragging(root, moved) {
  root.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest('[data-act="grip"]');
    if (!grip || event.button !== 0) return;
    event.preventDefault();
    grip.focus();
    drag(root, grip.closest("[data-kind]"), event, moved);
  });
}

function drag(root, item, { pointerId, clientY }, moved) {
  const from = { list: item.parentElement, next: item.nextElementSibling };
  const grip = document.activeElement;
  let y = clientY;
  let frame = 0;
  const before = grip.getBoundingClientRect().top;
  item.classList.add("dragged");
  root.classList.add("dragging", `dragging-${nameOf(item)}`);
  window.scrollBy(0, grip.getBoundingClientRect().top - before); // parts are folded while they move
  root.setPointerCapture(pointerId); // of the handle it would end as soon as it is moved

  const follow = () => {
    const room = window.innerHeight - EDGE;
    if (y < EDGE || y > room) {
      window.scrollBy(0, y < EDGE ? -STEP : STEP);
      place(root, item, y);
    }
    frame = requestAnimationFrame(follow);
  };
  const on = (event) => {
    y = event.clientY;
    place(root, item, y);
  };
  const end = (back) => {
    cancelAnimationFrame(frame);
    root.removeEventListener("pointermove", on);
    for (const type of ["pointerup", "pointercancel"]) root.removeEventListener(type, done);
    document.removeEventListener("keydown", escape, true);
    if (back) from.list.insertBefore(item, from.next);
    item.classList.remove("dragged");
    root.classList.remove("dragging", `dragging-${nameOf(item)}`);
    item.scrollIntoView({ block: "nearest" });
    grip.focus({ preventScroll: true });
    if (item.parentElement !== from.list || item.nextElementSibling !== from.next) moved(item);
  };
  const done = (event) => end(event.type === "pointercancel");
  const escape = (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    end(true);
  };
  root.addEventListener("pointermove", on);
  for (const type of ["pointerup", "pointercancel"]) root.addEventListener(type, done);
  document.addEventListener("keydown", escape, true);
  frame = requestAnimationFrame(follow);
}

/** Put the item where the pointer is: before the first one whose middle lies below. */
function place(root, item, y) {
  const lists = [...root.querySelectorAll(nameOf(item) === "part" ? ".parts" : ".questions")];
  const above = lists.filter((list) => list.closest("[data-kind], .parts").getBoundingClientRect().top <= y);
  const list = above.at(-1) ?? lists[0];
  const others = [...list.children].filter((other) => other !== item);
  const next = others.find((other) => {
    const { top, height } = other.getBoundingClientRect();
    return y < top + height / 2;
  });
  if (item.parentElement === list && item.nextElementSibling === (next ?? null)) return;
  list.insertBefore(item, next ?? null);
}
