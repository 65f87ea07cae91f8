"""A copy in plain words: what is in it, and the conversation as a text."""

from typing import Any

from django.utils.translation import gettext as _

from insights.exports.clock import clock
from transcription.models import Role


def readme(data: dict[str, Any]) -> str:
    about, organization = data["interview"], data["organization"]
    lines = [
        _("Everything that %(organization)s keeps about one job interview.")
        % {"organization": organization["name"]},
        "",
        f"{_('Interview')}: {about['title']}",
        f"{_('Held by')}: {about['held_by']}",
        f"{_('Began')}: {_day(about['started_at']) or _('not yet')}",
        f"{_('Deleted by itself')}: {_kept(about)}",
        f"{_('Copied')}: {_day(data['made_at'])} (UTC)",
    ]
    if organization["contact"]:
        lines.append(f"{_('Questions about your data')}: {organization['contact']}")
    lines += ["", _("What is in this file"), ""]
    lines += [f"  {name}: {text}" for name, text in _parts()]
    lines += [
        "",
        _("How to read it"),
        "",
        _("Sound is not kept. What was said was written down by a program and may be wrong."),
        _(
            "Personal details were taken out before anything was kept, as far as they were "
            "recognized; a name in brackets, like [EMAIL], stands in their place."
        ),
        *([_("Names of people were left in.")] if organization["keeps_names"] else []),
        _("What was said off the record is not kept."),
        _(
            "Observations, claims and the tone of wording were made by a program from the words "
            "alone. Nothing is inferred from a voice, and no program decides about anybody."
        ),
    ]
    if data["extent"] == "candidate":
        lines.append(
            _("Of other people only who held the interview is named, and drafts are left out.")
        )
    return "\n".join(lines) + "\n"


def _parts() -> list[tuple[str, str]]:
    return [
        ("transcript.txt", _("what was said, to be read")),
        ("data.json", _("all of it, for programs; its parts are:")),
        ("  interview", _("title, job, times; name, address and profile as they were noted")),
        ("  consent", _("what the candidate was told and answered, when and how")),
        ("  links, requests", _("the candidate's page, what was asked for there and the answers")),
        ("  transcript", _("every line with its time, and where something is missing")),
        ("  questions", _("planned questions that were put, and what the answers covered")),
        ("  observations, claims, tone", _("what programs noted beside the words")),
        ("  summary, ratings, notes", _("what people and the program wrote down")),
        ("  signed, sent", _("the summaries that were signed, and the systems they were sent to")),
        ("  recording", _("what is known of an uploaded recording; it is deleted itself")),
        ("manifest.json", _("checksums (SHA-256) that show whether a file was changed")),
    ]


def _kept(about: dict[str, Any]) -> str:
    if about["legal_hold"]:
        return _("not before a legal hold ends")
    return _day(about["delete_by"]) or _("a while after its end")


def _day(iso: str | None) -> str:
    return iso[:16].replace("T", " ") if iso else ""


def talk(data: dict[str, Any]) -> str:
    lines = [data["interview"]["title"], ""]
    if not data["transcript"]:
        lines.append(_("Nothing was said, or nothing of it is kept."))
    speaker = ""
    for row in data["transcript"]:
        if "missing" in row:
            until = clock(row["end_ms"]) if row["end_ms"] is not None else "…"
            why = _("off the record") if row["missing"] == "off_record" else _("not recorded")
            lines += ["", f"({clock(row['start_ms'])} – {until}: {why})"]
            speaker = ""
            continue
        if row["speaker"] != speaker:
            speaker = row["speaker"]
            lines += ["", f"{clock(row['start_ms'])} {Role(speaker).label}"]
        lines.append(row["text"])
    return "\n".join(lines) + "\n"
