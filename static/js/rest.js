/**
 * The rest of a long interview, behind what its page shows first: lines page by page, those next to
 * what is in sight first, then claims and tones. The store takes nothing older than it has.
 */

import { read } from "./api.js";

const WORK_MS = 8; // of building between two breaths: the page stays at hand
const AGAIN_MS = 3000;

/** Fetch what `more` of the boot data says is missing; done once all of it is there. */
export async function fetchRest(base, store, more) {
  if (!more) return;
  await breathe(); // first what is there is painted
  const [side] = Object.keys(more); // "before" or "from"
  let edge = more[side];
  for (let further = true; further; ) {
    const page = await patiently(`${base}/transcript/?words=doubtful&${side}=${edge}`);
    if (!page) return;
    const lines = side === "before" ? page.results.reverse() : page.results;
    await inTurn(lines, (line) => store.take("segment", line));
    further = page.more;
    edge = lines.at(-1)?.start_ms;
  }
  for (const [name, type] of [["claims", "claim"], ["tones", "tone"]]) {
    for (let url = `${base}/${name}/?limit=1000`; url; ) {
      const page = await patiently(url);
      if (page) await inTurn(page.results, (object) => store.take(type, object));
      url = page?.next;
    }
  }
}

/** Work on one after the other, and let the page breathe between them. */
export async function inTurn(objects, work) {
  let until = performance.now() + WORK_MS;
  for (const object of objects) {
    work(object);
    if (performance.now() < until) continue;
    await breathe();
    until = performance.now() + WORK_MS;
  }
}

function breathe(ms = 0) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Read, again and again while the server cannot be reached; null where it refuses. */
async function patiently(url) {
  for (;;) {
    try {
      return await read(url);
    } catch (error) {
      if (error.status >= 400 && error.status < 500 && error.status !== 429) return null;
      await breathe(AGAIN_MS);
    }
  }
}
