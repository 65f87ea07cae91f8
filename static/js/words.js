/** Text of a segment as nodes: placeholders as chips, words of low confidence underlined. */

import { h } from "./dom.js";
import { has, t } from "./i18n.js";

const PLACEHOLDER = /\[([A-Z]+(?:_[A-Z]+)*)-(\d+)\]/g;
const LOW = 0.55; // about one word in 25 of clear speech lies below, wrong ones mostly do

function chip(whole, kind, number) {
  const name = has(`kind_${kind}`) ? t(`kind_${kind}`) : kind.toLowerCase().replaceAll("_", " ");
  const label = t("redacted", { kind: name, number });
  return h("span", { class: "chip", title: label, dataset: { placeholder: whole } }, `${name} ${number}`);
}

/** Say why a word may be wrong, or how else it was heard; nothing about one that is clear. */
export function doubt({ c, r: raw }) {
  const said = [
    raw && t("line_raw", { raw }),
    c < LOW && t("line_low", { percent: Math.round(c * 100) }),
  ];
  return said.filter(Boolean).join(". ");
}

function doubtful(word) {
  const title = doubt(word);
  return h("span", { class: word.c < LOW ? "low" : null, title, "aria-description": title }, word.t);
}

/** Yield {from, to, node} of what is not plain text, in order. */
function* special(text, words) {
  const found = [];
  for (const match of text.matchAll(PLACEHOLDER)) {
    const [whole, kind, number] = match;
    found.push({ from: match.index, to: match.index + whole.length, node: chip(whole, kind, number) });
  }
  let at = 0;
  for (const word of words) {
    const from = word.i ?? text.indexOf(word.t, at); // a page of lines tells the place
    if (from < 0) continue;
    at = from + word.t.length;
    if ((word.c >= LOW && !word.r) || word.t.startsWith("[")) continue;
    found.push({ from, to: at, node: doubtful(word) });
  }
  found.sort((a, b) => a.from - b.from);
  let end = 0;
  for (const piece of found) {
    if (piece.from < end) continue;
    end = piece.to;
    yield piece;
  }
}

export function textNodes(text, words = []) {
  const nodes = [];
  let at = 0;
  for (const { from, to, node } of special(text, words)) {
    if (from > at) nodes.push(text.slice(at, from));
    nodes.push(node);
    at = to;
  }
  if (at < text.length) nodes.push(text.slice(at));
  return nodes;
}
