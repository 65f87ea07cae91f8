"""`manage.py erase_expired`: do now what beat does every minute, or say what it would do."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sessions import retention
from sessions.retention import Due, Report


class Command(BaseCommand):
    help = "Erase the interviews whose time is over; with --dry-run only say which."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="change nothing")
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        report = retention.run(dry_run=options["dry_run"])
        self.stdout.write(_json(report) if options["json"] else _text(report, **options))
        if not options["dry_run"] and report.unfinished:
            raise CommandError(f"{report.unfinished} erasure(s) are left for the next run")


def _json(report: Report) -> str:
    due = [
        {
            "interview": str(item.session_id),
            "organization": item.organization,
            "since": item.since.isoformat(),
            "kept": "legal_hold" if item.held else None,
        }
        for item in report.due
    ]
    counts = {"begun": report.begun, "finished": report.finished, "unfinished": report.unfinished}
    return json.dumps({"due": due, **counts})


def _text(report: Report, *, dry_run: bool, **options: Any) -> str:
    lines = [_line(item) for item in report.due]
    if dry_run:
        going = sum(not item.held for item in report.due)
        lines.append(f"{going} would be erased, {report.unfinished} erasure(s) would be finished")
    else:
        lines.append(
            f"{report.begun} made unreadable, {report.finished} removed, "
            f"{report.unfinished} left for the next run"
        )
    return "\n".join(lines)


def _line(item: Due) -> str:
    what = "kept by a legal hold" if item.held else "over"
    return f"{item.session_id} {item.organization} since {item.since:%Y-%m-%d %H:%M:%S} {what}"
