"""`manage.py privacy_report`: what this installation keeps where and why, warnings first."""

import json
import textwrap
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts import keys
from accounts.models import AuditEntry, Organization
from copilot.inventory import FORMS, Kept, Place, inventory, markdown
from copilot.lib.crypto import wrapped_by
from sessions.notices import model_reads_along
from sessions.privacy import OVERDUE, Standing, standing

WIDTH = 100
LATE = timedelta(minutes=5)  # for a seal, which beat makes every minute
LONG = timedelta(minutes=30)  # for an erasure
MONTH = timedelta(days=30)  # in which a request is to be answered


class Command(BaseCommand):
    help = "Print what this installation keeps where, about whom, why and until when."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", metavar="SLUG", default="", help="only this one")
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.add_argument(
            "--markdown", action="store_true", help="docs/privacy.md: no numbers, any installation"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["markdown"]:
            self.stdout.write(markdown(), ending="")
            return
        report = _report(_organizations(options["organization"]))
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(report), indent=2, default=str))
        else:
            self.stdout.write("\n".join(_lines(report)))


def _organizations(slug: str) -> list[Organization]:
    if not slug:
        return list(Organization.objects.order_by("slug"))
    found = list(Organization.objects.filter(slug=slug))
    if not found:
        raise CommandError(f"there is no organization '{slug}'")
    return found


# --- The numbers ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Report:
    at: datetime
    warnings: list[str]
    organizations: list[tuple[Organization, Standing]]
    rows: dict[str, int]  # by model; of the whole installation
    files: dict[str, dict[str, Any]]  # by name in the inventory
    keys: dict[str, dict[str, int]]  # id of a master key: how many of which kind it wraps


def _report(organizations: list[Organization]) -> Report:
    now = timezone.now()
    stands = [(one, standing(one, now)) for one in organizations]
    wrapped = _keys()
    files = _files()
    return Report(
        at=now,
        warnings=[*_warnings(stands, now), *_of_installation(files, wrapped, now)],
        organizations=stands,
        rows={kept.name: _count(kept.name) for kept in inventory().models},
        files=files,
        keys=wrapped,
    )


def _count(name: str) -> int:
    rows: int = apps.get_model(name)._base_manager.count()
    return rows


def _files() -> dict[str, dict[str, Any]]:
    data = settings.INTERVIEW_DATA_DIR
    database = settings.DATABASES["default"]
    held = {
        "uploads": settings.INTERVIEW_UPLOADS_DIR,
        "keys": data / "keys.json",
        "models": settings.INTERVIEW_MODELS_DIR,
    }
    if "sqlite" in database["ENGINE"]:
        held["database"] = Path(str(database["NAME"]))
    if mail := getattr(settings, "EMAIL_FILE_PATH", None):
        held["mail"] = Path(mail)
    return {name: _size(Path(place)) for name, place in held.items()}


def _size(place: Path) -> dict[str, Any]:
    files = [place] if place.is_file() else [one for one in place.rglob("*") if one.is_file()]
    if place.is_file():  # a database's log lies beside it
        files += [one for one in place.parent.glob(f"{place.name}-*") if one.is_file()]
    total = 0
    for file in files:
        try:
            total += file.stat().st_size
        except FileNotFoundError:  # removed meanwhile
            continue
    return {"place": str(place), "files": len(files), "bytes": total}


def _keys() -> dict[str, dict[str, int]]:
    """Return what each master key wraps, by the ids that stand in front of what is wrapped."""
    found: dict[str, Counter[str]] = {key: Counter() for key in settings.INTERVIEW_MASTER_KEYS.keys}
    for holder in keys.holders():
        for row in holder.rows().iterator(chunk_size=500):
            for wrapped in holder.read(row):
                found.setdefault(wrapped_by(wrapped.value), Counter())[holder.kind] += 1
    return {key: dict(kinds) for key, kinds in found.items()}


# --- What is not as it should be -----------------------------------------------------------------


def _warnings(stands: list[tuple[Organization, Standing]], now: datetime) -> Iterator[str]:
    for organization, stand in stands:
        where = organization.slug
        if stand.overdue:
            minutes = int(OVERDUE.total_seconds() // 60)
            yield (
                f"{where}: {stand.overdue} interview(s) should have been erased more than "
                f"{minutes} minutes ago; beat or its worker does not run, or it fails (see the log)"
            )
        if stand.oldest_unfinished is not None and stand.oldest_unfinished < now - LONG:
            yield f"{where}: {stand.unfinished} erasure(s) unfinished; unreadable, not yet removed"
        if stand.withdrawn:
            yield f"{where}: {stand.withdrawn} interview(s) kept although consent was withdrawn"
        if stand.without_end:
            yield f"{where}: {stand.without_end} finished interview(s) without a time to go"
        if stand.oldest_request is not None and stand.oldest_request < now - MONTH:
            yield f"{where}: a candidate waits for an answer for more than a month"
        if organization.keep_names:
            yield f"{where}: names are left in transcripts (keep_names)"
        if not organization.privacy_contact:
            yield f"{where}: no contact for privacy; candidates read it in the notice"


def _of_installation(
    files: dict[str, dict[str, Any]], wrapped: dict[str, dict[str, int]], now: datetime
) -> Iterator[str]:
    if settings.DEBUG:
        yield "DEBUG is on: error pages show what was said"
    waiting = AuditEntry.objects.filter(sequence=None, at__lt=now - LATE).count()
    if waiting:
        yield f"beat or its worker does not run: {waiting} audit entries wait for their seal"
    if mail := files.get("mail", {}).get("files"):
        yield f"{mail} mail(s) lie on the disk in clear ({files['mail']['place']})"
    if model_reads_along():
        yield f"a language model reads redacted words: {_model()}"
    for key, kinds in wrapped.items():
        if key not in settings.INTERVIEW_MASTER_KEYS.keys:
            yield f"master key '{key}' is not configured and wraps {sum(kinds.values())} key(s)"
        elif key != settings.INTERVIEW_MASTER_KEYS.primary and kinds:
            yield f"master key '{key}' still wraps {sum(kinds.values())}: manage.py rotate_keys"


def _model() -> str:
    return settings.INTERVIEW_LLM_BASE_URL or "the address that the library takes by default"


# --- Written out ---------------------------------------------------------------------------------


def _as_json(report: Report) -> dict[str, Any]:
    known = inventory()
    return {
        "at": report.at.isoformat(),
        "warnings": report.warnings,
        "organizations": {
            organization.slug: {
                **asdict(stand),
                "retention_hours": organization.retention_hours,
                "keep_names": organization.keep_names,
            }
            for organization, stand in report.organizations
        },
        "database": [{**asdict(kept), "rows": report.rows[kept.name]} for kept in known.models],
        "files": [{**asdict(place), **report.files.get(place.name, {})} for place in known.files],
        "stores": [asdict(place) for place in known.stores],
        "leaves": [asdict(place) for place in known.leaves],
        "keys": report.keys,
    }


def _lines(report: Report) -> Iterator[str]:
    yield f"What is kept where and why, {_time(report.at)}"
    yield from _heading("Warnings")
    for warning in report.warnings or ["none"]:
        yield from _wrapped(f"! {warning}" if report.warnings else warning, indent=2)
    for organization, stand in report.organizations:
        yield from _organization(organization, stand)
    yield from _heading("Keys")
    for key, kinds in report.keys.items():
        primary = key == settings.INTERVIEW_MASTER_KEYS.primary
        said = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "nothing"
        yield f"  master key '{key}'{' (primary)' if primary else ''} wraps {said}"
    yield "  Each interview has a key of its own, wrapped by its organization's."
    known = inventory()
    yield from _heading("In the database (rows of the whole installation)")
    for kept in known.models:
        yield from _kept(kept, report.rows[kept.name])
    for title, places, until in (
        ("Files", known.files, "Until"),
        ("Cache, broker, memory", known.stores, "Until"),
        ("What leaves", known.leaves, "Control"),
    ):
        yield from _heading(title)
        for place in places:
            size = report.files.get(place.name) if places is known.files else None
            yield from _place(place, size, until)


def _organization(organization: Organization, stand: Standing) -> Iterator[str]:
    yield from _heading(f"{organization.name} ({organization.slug})")
    states = ", ".join(f"{count} {state}" for state, count in sorted(stand.states.items()))
    hours = organization.retention_hours
    facts = [
        ("interviews", f"{stand.kept}" + (f": {states}" if states else "")),
        ("kept", f"{hours} h after the end, at most {organization.retention_max_hours} h"),
        ("drafts", f"{stand.states.get('draft', 0)}, kept {organization.draft_days} days"),
        ("erased next", _time(stand.next_expiry) if stand.next_expiry else "nothing is due"),
        ("overdue", str(stand.overdue)),
        ("legal holds", str(stand.held)),
        ("requests", f"{stand.requests} of candidates open"),
        ("notices", f"{stand.notices} of its own in force, else the built-in ones"),
        ("erasures", f"{stand.unfinished} unfinished, {stand.receipts} receipts"),
        ("names", "left in transcripts" if organization.keep_names else "taken out"),
    ]
    for name, said in facts:
        yield from _wrapped(f"{name:<12}{said}", indent=2, hanging=14)


def _kept(kept: Kept, rows: int) -> Iterator[str]:
    about = ", ".join(kept.about) or "nobody"
    yield from _wrapped(f"{kept.name} ({rows}): {kept.what}. About: {about}.", indent=2, hanging=4)
    yield from _wrapped(f"Why: {kept.why}. Until: {kept.until}. Goes: {kept.goes}.", indent=4)
    for form, fields in kept.fields.items():
        if form != "plain":
            yield from _wrapped(f"{FORMS[form]}: {', '.join(fields)}", indent=4, hanging=6)


def _place(place: Place, size: dict[str, Any] | None, until: str) -> Iterator[str]:
    held = ""
    if size is not None:
        held = f" [{size['files']} file(s), {_bytes(size['bytes'])}, {size['place']}]"
    yield from _wrapped(f"{place.where}: {place.what}.{held}", indent=2, hanging=4)
    form = f"Form: {place.form}. " if place.form else ""
    yield from _wrapped(f"{form}Why: {place.why}. {until}: {place.until}.", indent=4)


def _heading(title: str) -> list[str]:
    return ["", title, "-" * len(title)]


def _wrapped(text: str, *, indent: int, hanging: int | None = None) -> list[str]:
    later = indent if hanging is None else hanging
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * later,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _time(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M %Z}"


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
