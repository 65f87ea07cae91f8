"""`manage.py verify_audit`: walk the audit's chains and name the first break of each."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.audit.verify import Anchor, Kind, Report, verify
from accounts.models import Organization

MEANINGS = {
    Kind.CHANGED: "was changed",
    Kind.REMOVED: "was removed",
    Kind.INSERTED: "was not written by this installation",
    Kind.MOVED: "is not at its place: entries were removed or exchanged",
    Kind.HEAD: "the head does not fit: the end of the chain was cut off or put back",
    Kind.KEY: "the codes were made with another key, or this one cannot be opened",
    Kind.EXPECTED: "is not the one expected: the chain was put back or written anew",
}


class Command(BaseCommand):
    help = "Check that no audit entry was changed, removed, inserted or moved."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", metavar="SLUG", default="", help="only this one")
        parser.add_argument(
            "--expect",
            action="append",
            default=[],
            metavar="CHAIN:SEQUENCE:DIGEST",
            help="the end of a chain from a log line `audit CHAIN SEQUENCE DIGEST`; repeatable",
        )
        parser.add_argument("--json", action="store_true", help="one JSON object per chain")

    def handle(self, *args: Any, **options: Any) -> None:
        slug: str = options["organization"]
        if slug and not Organization.objects.filter(slug=slug).exists():
            raise CommandError(f"there is no organization '{slug}'")
        try:
            anchors = [Anchor.parse(text) for text in options["expect"]]
        except ValueError:
            raise CommandError("--expect takes CHAIN:SEQUENCE:DIGEST") from None
        broken = 0
        checked = set()
        for report in verify(slug, anchors):
            broken += report.broken is not None
            checked.add(report.chain)
            self.stdout.write(json.dumps(asdict(report)) if options["json"] else _line(report))
        if unknown := {anchor.chain for anchor in anchors} - checked:
            raise CommandError(f"there is no chain {', '.join(sorted(unknown))} here")
        if broken:
            raise CommandError(f"{broken} chain(s) do not hold")


def _line(report: Report) -> str:
    name = report.organization or report.chain
    text = f"{name}: {report.entries} entries, head {report.head}"
    if report.late:
        text += f", {report.late} wait for their seal for more than 5 minutes"
    if report.broken is None:
        return f"{text}, whole"
    place, entry_id = report.broken.place, report.broken.entry_id
    where = f"number {place}" if place is not None else "an entry without a number"
    where += f" (id {entry_id})" if entry_id is not None else ""
    return f"{text}\n  BROKEN at {where}: {report.broken.kind}: {MEANINGS[report.broken.kind]}"
