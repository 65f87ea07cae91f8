/** The sentences that scripts put on a page, in the page's own language; how it writes times. */

import en from "./texts/en.js";

const LANGUAGES = []; // besides English: each has its texts/<code>.js, and its texts/review/<code>.js

const locale = document.documentElement.lang || "en";
const language = LANGUAGES.find((code) => code === locale || code === locale.split("-")[0]);
const catalog = language ? (await import(`./texts/${language}.js`)).default : en;
const plurals = new Intl.PluralRules(locale);
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });
const relativeLong = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
const moments = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" }); // dear to make

function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Take in the sentences of a page that has a folder of its own; `english` is what it holds in English. */
export async function learn(folder, english) {
  Object.assign(en, english);
  if (language) Object.assign(catalog, (await import(`./texts/${folder}/${language}.js`)).default);
}

/** Return the sentence of a key with its values; an entry by plural category needs `n`. */
export function t(key, values = {}) {
  const entry = catalog[key] ?? en[key];
  if (entry === undefined) return key;
  if (typeof entry === "string") return fill(entry, values);
  return fill(entry[plurals.select(values.n)] ?? entry.other, values);
}

export function has(key) {
  return key in catalog || key in en;
}

/** Say a length of time in the larger fitting unit: "12 seconds", "3 minutes". */
export function span(seconds) {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 90) return t("seconds", { n: whole });
  return t("minutes", { n: Math.round(whole / 60) });
}

export function languageName(code) {
  try {
    return new Intl.DisplayNames(locale, { type: "language" }).of(code);
  } catch {
    return code;
  }
}

/** Say a moment relative to another one; `long` writes units out. Milliseconds since the epoch. */
export function ago(moment, now = Date.now(), long = false) {
  const seconds = Math.round((moment - now) / 1000);
  const size = Math.abs(seconds);
  if (size < 10) return t("just_now");
  const format = long ? relativeLong : relative;
  if (size < 60) return format.format(seconds, "second");
  if (size < 3600) return format.format(Math.round(seconds / 60), "minute");
  if (size < 36 * 3600) return format.format(Math.round(seconds / 3600), "hour");
  return format.format(Math.round(seconds / 86400), "day");
}

export function moment(date) {
  return moments.format(date);
}

/** Write milliseconds as a clock: 1:04, 1:02:45. */
export function clock(ms) {
  const whole = Math.max(0, Math.floor(ms / 1000));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const seconds = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${seconds}` : `${minutes}:${seconds}`;
}
