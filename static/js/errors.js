/** Error codes of sockets, REST and capture as sentences with a way on. */

import { has, t } from "./i18n.js";

const ALIASES = {
  bad_message: "bad_json",
  odd_frame: "bad_json",
  frame_too_large: "bad_json",
  bad_sample_rate: "unsupported_encoding",
};

export function sentence(code, detail = "") {
  const name = ALIASES[code] ?? code;
  if (name === "engine_unavailable" && !detail) return t("error_engine_unavailable_plain");
  if (has(`error_${name}`)) return t(`error_${name}`, { detail });
  if (has(name)) return t(name); // capture errors carry the key of their sentence
  return detail || t("error_unknown");
}
