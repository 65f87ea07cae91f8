/** Small helpers to build and find elements; text only, never markup. */

const icons = document.querySelector('meta[name="icons"]')?.content ?? "";
const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

/** Make an element; `null` and `false` properties and children are left out. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.className = value;
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== false));
  return element;
}

/** Make an element of a drawing. */
export function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export function icon(name) {
  const use = draw("use", { href: `${icons}#${name}` });
  return draw("svg", { class: "icon", "aria-hidden": "true" }, use);
}

export function setIcon(svg, name) {
  const href = `${icons}#${name}`;
  const use = svg.firstElementChild;
  if (use.getAttribute("href") !== href) use.setAttribute("href", href);
}

/** Write text only when it differs, so that nothing is announced or repainted for nothing. */
export function setText(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

export function show(element, visible) {
  if (element && element.hidden === visible) element.hidden = !visible;
}

const waiting = new Map();

/** Say something to screen readers: when they are idle, or at once if `urgent`. */
export function announce(text, urgent = false) {
  const place = byId(urgent ? "announcer-urgent" : "announcer");
  if (!place || !text) return;
  const texts = waiting.get(place) ?? new Set(); // what comes at the same time is said together
  waiting.set(place, texts.add(text));
  if (texts.size > 1) return;
  place.textContent = ""; // a text is announced only when it follows emptiness
  setTimeout(() => {
    place.textContent = [...texts].join(" ");
    waiting.delete(place);
  }, 60);
}

/** Let Escape take a tip away that the pointer or the focus shows, until it leaves. */
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const tipped of document.querySelectorAll(".tipped:is(:hover, :focus)")) {
    tipped.classList.add("hushed");
    const back = () => tipped.classList.remove("hushed");
    for (const type of ["blur", "pointerleave"]) tipped.addEventListener(type, back, { once: true });
  }
});
