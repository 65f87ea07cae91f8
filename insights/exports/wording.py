"""The sentences of an export that are the same in every format for people."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from insights.exports.clock import clock, minutes_in_words, moment_in_words
from sessions.models import Note
from sessions.queries import language_name
from transcription.models import Role

CLAIMS = ("conflicts", "unverified")  # sections of the summary that are shown as one table


def facts(content: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what is known of the interview, as (label, value); what is unknown is left out."""
    about = content["interview"]
    held = moment_in_words(about["started_at"])
    if held and about["length_ms"]:
        held = f"{held} · {minutes_in_words(about['length_ms'])}"
    known = [
        (_("Candidate"), about["candidate"]),
        (_("Job"), about["job"] if about["job"] != about["title"] else ""),
        (_("Interviewer"), f"{about['interviewer']}, {about['organization']}"),
        (_("Held"), held),
        (_("Language spoken"), language_name(about["language"])),
        (_("Consent given"), moment_in_words(about["consent_at"])),
        (_("To be deleted by"), delete_by(content)),
        (_("Exported"), exported(content)),
    ]
    return [(label, str(value)) for label, value in known if value]


def delete_by(content: dict[str, Any]) -> str:
    about = content["interview"]
    if about["legal_hold"]:
        return _("not before a legal hold ends")
    return moment_in_words(about["delete_by"])


def exported(content: dict[str, Any]) -> str:
    by = content["exported_by"]
    return moment_in_words(content["exported_at"]) + (f", {by}" if by else "")


def confidential() -> str:
    return _("Confidential: about an applicant, for those who decide on the application.")


def standing(summary: dict[str, Any]) -> tuple[str, list[str]]:
    """Return how the summary stands, and what is to be known about that."""
    signed = summary["signed"]
    if signed is None:
        more = _("Drafted by a program; what a person wrote or changed bears their name.")
        return _("Draft – not signed"), [more]
    said = _("Signed by %(name)s on %(at)s") % {
        "name": signed["by"],
        "at": moment_in_words(signed["at"]),
    }
    more = _("Version %(number)d, SHA-256 %(digest)s") % signed
    left_out = ngettext(
        "%(n)d sentence is left out: what it quotes was corrected after the signature.",
        "%(n)d sentences are left out: what they quote was corrected after the signature.",
        signed["left_out"],
    ) % {"n": signed["left_out"]}
    return said, [more, *([left_out] if signed["left_out"] else [])]


def claims(summary: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return what is to be verified, each as (why, sentence)."""
    return [
        (section["title"], sentence)
        for section in summary["sections"]
        if section["key"] in CLAIMS
        for sentence in section["sentences"]
    ]


def rated(rating: dict[str, Any], scale: int) -> str:
    if not rating["value"]:
        return _("not rated")
    return _("%(value)d of %(scale)d") % {"value": rating["value"], "scale": scale}


def submitted(card: dict[str, Any]) -> str:
    """Return whether somebody's ratings are final."""
    at = card["submitted_at"]
    return _("Submitted %s") % moment_in_words(at) if at else _("Not submitted")


def note_head(note: dict[str, Any]) -> str:
    """Return when, who and what kind of note."""
    mark = _("Bookmark") if note["kind"] == Note.Kind.BOOKMARK else ""
    return " · ".join(part for part in (clock(note["at_ms"]), note["author"], mark) if part)


def speaker(row: dict[str, Any]) -> str:
    return str(Role(row["speaker"]).label)


def absence(row: dict[str, Any]) -> str:
    """Return what is missing of the transcript, and until when."""
    end = clock(row["end_ms"]) if row["end_ms"] is not None else "…"
    if row["missing"] == "off_record":
        return _("off the record until %s") % end
    return _("not recorded until %s") % end


def one_line(text: str) -> str:
    return " ".join(text.split())
