/** For every page: times in the reader's own time zone, languages by name. */

import { ago, languageName, moment } from "./i18n.js";

export function writeTimes() {
  for (const element of document.querySelectorAll("time[data-time]")) {
    const date = new Date(element.dateTime);
    if (Number.isNaN(date.getTime())) continue;
    element.title = moment(date);
    element.textContent = element.dataset.time === "relative" ? ago(date, Date.now(), true) : moment(date);
  }
}

writeTimes();
if (document.querySelector('time[data-time="relative"]')) setInterval(writeTimes, 60_000);
for (const element of document.querySelectorAll("[data-language]")) {
  const name = languageName(element.dataset.language);
  if (name) element.title = name;
}
