/** What a person chose on this device: kept in its browser, under the person's own name. */

const owner = document.querySelector('meta[name="person"]')?.content ?? "";

/** Return what was kept under a name, or `otherwise`; a browser that keeps nothing is no fault. */
export function recall(name, otherwise) {
  try {
    return localStorage.getItem(`copilot.${owner}.${name}`) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(`copilot.${owner}.${name}`, value);
  } catch {
    // chosen for as long as the page is open
  }
}
