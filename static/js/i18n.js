/** Every sentence that scripts put on a page, by language; the page's own language decides. */

const en = {
  speaker_interviewer: "Interviewer",
  speaker_candidate: "Candidate",
  speaker_room: "Room",

  state_draft: "Not recording",
  state_recording: "Recording",
  state_live: "Live",
  state_live_elsewhere: "Live, not recording here",
  state_playing: "Playing sample",
  state_paused: "Paused",
  state_ended: "Ended",
  state_processing: "Being written down",

  consent_given: "Consent",
  consent_missing: "No consent yet",
  consent_tip_given: "Consent recorded {when}, {method}.",
  consent_tip_missing: "Recording cannot start before consent is recorded.",
  consent_method_verbal: "spoken",
  consent_method_written: "in writing",
  consent_method_link: "by link",
  consent_done: "Recorded {when}, {method}.",

  timer_planned: "of {minutes} min",
  delay: "{seconds} s",
  delay_tip: "Words appear {word} s after they are spoken. Confirmed text follows {final} s after the speaker stops.",
  delay_tip_word: "Words appear {word} s after they are spoken.",
  engine_pending: "{language}",
  engine: "{language} · {engine}",
  engine_tip_pending: "The speech engine is chosen when the recording starts.",
  engine_vosk: "Vosk",
  engine_whisper: "Whisper",
  engine_two_pass: "Vosk + Whisper",
  engine_scripted: "Scripted",
  analysis_rules: "Built-in rules",
  analysis_llm: "Language model",
  analysis_off: "Analysis is off",
  analysis_again: "Reading the whole interview again. What is new appears by itself.",
  analyse_done: "All of it has just been read. There is nothing new.",
  analyse_failed: "The interview could not be analysed again: {detail}",
  analysis_tip_rules: "Insights come from built-in rules on this server. Nothing is sent to a language model.",
  analysis_tip_llm: "Insights come from the language model your organization has set up.",

  connection_connecting: "Connecting…",
  connection_open: "Connected",
  connection_waiting: "Reconnecting…",
  connection_offline: "Offline",
  connection_crowded: "Too many windows",
  connection_ended: "Ended",

  meter: "{speaker} level",
  meter_loud: "too loud",
  meter_silent: "no sound for {seconds} s",
  announce_speaker: "{speaker} speaks",

  transcript_empty_draft: "",
  transcript_empty_live: "Listening. The first words appear here as they are spoken.",
  transcript_empty_processing: "The first words appear here as soon as they are written down.",
  transcript_empty_ended: "Nothing was recorded in this interview.",
  transcript_note_read_only: "Read-only",
  line_low: "Heard with {percent} % confidence",
  line_raw: "Heard as “{raw}”",
  gap_connection: "{speaker}: {seconds} not recorded; the connection was away for too long",
  gap_capture: "{speaker}: {seconds} not recorded; the device was asleep or its sound was taken away",
  gap_recognition: "{speaker}: {seconds} not written down; the speech engine could not read this sound",
  line_insights: { one: "{n} insight about this line", other: "{n} insights about this line" },

  redacted: "Removed for privacy: {kind} {number}",
  kind_NAME: "name",
  kind_EMAIL: "e-mail",
  kind_PHONE: "phone",
  kind_ADDRESS: "address",
  kind_URL: "link",
  kind_CARD: "card number",
  kind_IBAN: "bank account",
  kind_ID: "ID number",
  kind_SSN: "social security number",
  kind_BIRTHDATE: "date of birth",
  kind_IP: "IP address",
  kind_HANDLE: "user name",

  card_high: "High priority",
  card_preliminary: "First look, being checked",
  card_failed: "Could not be checked further",
  card_source_pattern: "Found by a local pattern",
  card_source_rules: "Found by the built-in rules",
  card_source_llm: "Found by the language model",
  card_source_bank: "From your organization's question bank",
  card_bank: "Served well before",
  card_asked: "Asked",
  card_asked_at: "Asked {at}",
  card_quote: "Show this line in the transcript",
  card_against: "Compared with",
  verdict_supported: "Supported",
  verdict_conflicts: "Conflicts",
  verdict_unverifiable: "Cannot be verified",
  against_profile: "Profile",
  against_answer: "Earlier answer",
  against_technology: "Technology table",
  against_other: "Compared with",
  claim_line: "Line",
  ledger: "All claims ({n})",
  ledger_no_cards: "Nothing to question so far. Every claim that can be checked is listed below.",
  feedback_used: "Use",
  feedback_used_done: "Used",
  feedback_not_now: "Not now",
  feedback_wrong: "Wrong",
  feedback_pinned: "Pin",
  feedback_pinned_done: "Unpin",
  feedback_undo: "Put back",
  feedback_failed: "Your choice was not saved: {detail}",
  set_aside: "{n} set aside",
  asked: "Asked ({n})",
  announce_card: "{title}: {content}",
  tone_positive: "Positive",
  tone_neutral: "Neutral",
  tone_negative: "Negative",
  tone_stressed: "Stressed",
  tone_no_cards: "Nothing in the wording calls for attention.",
  tone_mark: "{at}: {tone}. Show the line.",
  tone_mark_signs: "{at}: {tone} ({signs}). Show the line.",
  tone_marks: "About {at}: {tone}, {n} lines. Show the last one.",
  tone_overall_positive: "Mostly positive wording.",
  tone_overall_neutral: "Mostly neutral wording.",
  tone_overall_negative: "Mostly negative wording.",
  tone_overall_stressed: "Wording that tells of stress.",
  tone_trend_improving: "Becoming more positive.",
  tone_trend_steady: "Steady.",
  tone_trend_worsening: "Becoming less positive.",
  tone_confidence: "Confidence {percent} %.",
  sign_clear: "Clear",
  sign_confident: "Confident",
  sign_enthusiastic: "Enthusiastic",
  sign_hedges: "Hedges",
  sign_fillers: "Fillers",
  sign_defensive: "Defensive",
  sign_stressed: "Stressed",
  sign_negative: "Negative",
  "sign_reports stress": "Tells of past stress",
  sentiment_off: "Sentiment is switched off for your organization. An administrator can allow it; only words are ever looked at, never voice.",
  panel_ended: "Nothing was found here in this interview.",

  guide_count: "{asked} of {all}",
  guide_asked: " (asked)",

  note_sending: "Adding…",
  note_refused: "You may not write notes here any more.",
  announce_note: "{author} noted: {text}",

  start_need_consent: "Consent comes first.",
  start_ready: "Recording starts at once. You can stop at any time.",
  start_sample: "The sample plays a prepared conversation of two speakers through the same path as a microphone.",
  start_resume: "This interview is live, but this page is not sending sound. If another page or device still records, it hands over to this one.",
  start_starting: "Starting…",
  start_resume_button: "Record from here",
  start_button: "Start recording",
  setup_resume: "Live, but not recording here",
  sound_listening: "Say a sentence in your usual voice.",
  sound_good: "That sounds good.",
  sound_quiet: "Very quiet. Move closer or raise the input volume.",
  sound_loud: "Too loud, the sound is cut off. Lower the input volume.",
  sound_stop: "Stop the test",
  sound_test: "Test the microphone",
  device_default: "Microphone {n}",

  device_valid: "Valid for {time}, for one device",
  device_joined: "joined {when}",
  device_unnamed: "A device",
  device_remove: "Remove",
  device_remove_named: "Remove {name}",
  device_ready: "Ready",
  device_ready_detail: "Lay the device near the speaker, then start.",
  device_starting: "Starting…",
  device_starting_detail: "The browser asks whether it may use the microphone.",
  device_recording: "Recording",
  device_recording_detail: "Keep this page open and the screen on.",
  device_muted: "Muted",
  device_muted_detail: "Silence is sent until you unmute.",
  device_lost: "Connection lost",
  device_lost_detail: "{seconds} s are kept on this device and sent when it is back. Keep this page open.",
  device_waiting: "Waiting",
  device_waiting_detail: "The interview is not running. Recording starts by itself when it does.",
  device_stopped: "Stopped",
  device_stopped_detail: "Everything was sent. You can close this page.",
  device_unsent_detail: "Some of the last words could not be sent.",
  device_ended: "Ended",
  device_ended_detail: "The interview is over. You can close this page.",
  device_removed: "Removed",
  device_removed_detail: "This device no longer records. Ask for a new code to join again.",
  device_mute: "Mute",
  device_unmute: "Unmute",
  device_again: "Record again",

  sample_progress: "Sample {at} of {length}",
  sample_mute: "Mute",
  sample_unmute: "Hear it",
  sample_done: "The sample has been played to its end. End the interview to see the finished page.",
  sample_failed: "The sample could not be loaded. Check the connection and try again.",

  stop_flushing: "Sending and writing down the last words…",
  stop_late: "The last words are taking long. {seconds} s are still on this device.",
  stop_anyway: "End without them",
  stop_failed: "The interview could not be ended: {detail}",

  ended_banner: "This interview has ended.",
  ended_deleted: "Transcript and insights are deleted {when}.",

  banner_audio_lost: "The connection is interrupted. Keep talking: {kept} are kept on this device and sent when it is back.",
  banner_audio_dropped: "The connection has been away too long: the oldest {dropped} had to be dropped. The last 5 minutes are kept on this device.",
  banner_audio_stalled: "The server has stopped answering. {kept} are kept on this device and sent again.",
  banner_behind: "Recognition is {behind} behind. The sound is safe; the text catches up.",
  banner_busy: "The server is full right now. {kept} are kept on this device; trying again in {seconds} s.",
  banner_caught_up: "Connected again. Nothing was lost.",
  banner_caught_up_gap: "Connected again. {dropped} could not be kept and are missing.",
  banner_capture_stalled: "The microphone delivers no sound. Check the cable and whether another program uses it.",
  banner_tab_stalled: "The call tab delivers no sound to this page.",
  banner_capture_ended: "The microphone was disconnected or its permission was withdrawn.",
  banner_mic_changed: "The microphone was disconnected. Recording goes on with {name}.",
  banner_quiet_tab: "No audio from the candidate for {seconds}. Is the call muted, or was another tab shared?",
  banner_quiet_device: "No audio from the candidate for {seconds}. Is the second device still recording, near and not muted?",
  banner_quiet_microphone: "Nothing is heard from your microphone for {seconds}. Is it muted?",
  banner_tab_ended: "Sharing of the call tab was stopped. The candidate is no longer heard.",
  banner_share_again: "Share again",
  banner_not_captured: "This device slept or its microphone was away: {seconds} were not recorded.",
  banner_echo: "The candidate is heard through your microphone: use headphones. Doubled lines are removed.",
  banner_late: "Words appear later than usual; nothing is lost.",
  banner_catching_up: "Connected again, sending what was kept: {kept} to go.",
  notice_gap: "{seconds} of the {speaker} channel were lost while the connection was away too long.",
  banner_live_lost: "The live view is interrupted. It catches up by itself.",
  banner_crowded: "You have too many windows of interviews open. Close some; this one tries again in {seconds} s.",
  banner_retry: "Try again",
  banner_restart_mic: "Reconnect the microphone",
  banner_take_over: "Record here again",
  banner_reload: "Reload the page",
  banner_dismiss: "Dismiss",

  megabytes: "{n} MB",
  upload_no_file: "Choose the recording first.",
  upload_empty: "This file is empty. Choose another one.",
  upload_no_title: "Give the interview a title.",
  upload_no_consent: "Say how the candidate agreed. Without consent nothing is written down.",
  upload_sending: "Sending, {percent} %",
  upload_done: "{done} of {all}",
  upload_speed: "{done} of {all}, {speed}.",
  upload_left: "About {time} left.",
  upload_checking: "All is sent. Looking at the recording…",
  upload_waiting: "The server does not answer. Sending goes on by itself as soon as it does.",
  upload_offline: "You are offline. Sending goes on by itself as soon as the network is back.",
  upload_cancelled: "Cancelled. What was sent is deleted.",
  upload_failed: "It could not be written down to its end. What is here is kept; the recording is deleted.",
  upload_damaged_audio: "The recording is damaged or cut off. What could be read is kept below.",
  upload_too_long: "The recording is longer than 4 hours. Its beginning is kept below.",
  upload_no_progress: "Recognition broke down on this recording again and again. What was written down is kept.",
  upload_unreadable: "The server lost the recording. What was written down is kept; upload it again for the rest.",
  upload_engine_unavailable: "No speech engine is ready for this language. Ask your administrator, then upload it again.",
  progress_receiving: "The recording is being sent",
  progress_receiving_note: "It is written down as soon as it has arrived. If the page that sends it was closed, upload it again.",
  progress_waiting: "Waiting to be written down",
  progress_waiting_note: "It begins as soon as the server is free. You may close this page.",
  progress_processing: "Writing it down, {percent} %",
  progress_processing_note: "{done} written down. You may close this page.",
  progress_at: "{done} of {all}. You may close this page.",
  progress_failed: "Not written down to its end",
  progress_cancelled: "Cancelled",
  progress_cancelled_nothing: "Nothing was written down. The recording is deleted.",
  progress_cancelled_note: "The first {done} were written down and are kept. The recording is deleted.",
  error_too_large: "This recording is too large. Cut it, or save it as mp3 or m4a.",
  error_bad_json: "The server did not understand this page. Reload it and record from there; what was said is kept.",
  error_unsupported_encoding: "This server does not take the sound format of this page. Reload the page; it may be out of date.",
  error_no_consent: "Recording is not allowed: no consent is recorded for this interview. Ask the candidate, record the consent, then start.",
  error_not_live: "This interview is not running. Start it first.",
  error_ended: "This interview has ended; nothing more is recorded.",
  error_taken_over: "Another page or device records this interview now. This page only watches.",
  error_engine_unavailable: "No speech engine is ready for this language. Ask your administrator to install one ({detail}).",
  error_engine_unavailable_plain: "No speech engine is ready for this language. Ask your administrator to install one.",
  error_forbidden: "You may no longer record this interview.",
  error_gone: "This interview is not available to you any more.",
  error_unreachable: "The server cannot be reached. Check the connection and try again.",
  error_wrong_status: "The interview is in another state by now. Reload the page to see it.",
  error_unknown: "That did not work. Try again.",

  mic_denied: "The browser was not allowed to use the microphone. Allow it in the address bar (lock or microphone symbol), then try again.",
  mic_missing: "No microphone was found. Plug one in or switch it on, then try again.",
  mic_in_use: "The microphone is in use by another program. Close that program, then try again.",
  mic_insecure: "Browsers open the microphone only on a secure address (https, or this computer itself). Open the page that way.",
  mic_unsupported: "This browser cannot record. Use a current Chrome, Edge, Firefox or Safari.",
  mic_failed: "The microphone could not be opened. Try again or choose another one.",
  tab_denied: "No tab was shared. Start again, choose the tab with the call and tick “Also share tab audio”.",
  tab_silent: "The tab was shared without its sound. Start again, choose the tab and tick “Also share tab audio”.",

  seconds: { one: "{n} second", other: "{n} seconds" },
  minutes: { one: "{n} minute", other: "{n} minutes" },
  just_now: "just now",
  leave_warning: "The recording stops when this page is closed.",
};

const catalogs = { en };
export const locale = document.documentElement.lang || "en";
const catalog = catalogs[locale] ?? catalogs[locale.split("-")[0]] ?? en;
const plurals = new Intl.PluralRules(locale);
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });
const relativeLong = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });

function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
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
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" }).format(date);
}

/** Write milliseconds as a clock: 1:04, 1:02:45. */
export function clock(ms) {
  const whole = Math.max(0, Math.floor(ms / 1000));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const seconds = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${seconds}` : `${minutes}:${seconds}`;
}
