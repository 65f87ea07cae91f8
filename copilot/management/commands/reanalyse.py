"""Let finished interviews be read once more, all of them in large windows."""

import time
from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from insights import reviews, tasks


class Command(BaseCommand):
    help = (
        "Read finished interviews once more, with the model where there is one: those whose live "
        "analysis it failed, or --all. Live analysis always goes first."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organization", default="", metavar="SLUG")
        parser.add_argument("--since", metavar="YYYY-MM-DD", help="ended on this day or later")
        parser.add_argument("--all", action="store_true", help="also what the model read live")

    def handle(self, *args: Any, **options: Any) -> None:
        found = reviews.finished(
            organization=options["organization"],
            since=_day(options["since"]),
            everything=options["all"],
        )
        for session_id in found:
            if settings.INTERVIEW_EMBEDDED:  # no other process would hear of a task
                _read(session_id)
            else:
                tasks.review.delay(str(session_id))
        done = "reviewed" if settings.INTERVIEW_EMBEDDED else "queued"
        self.stdout.write(f"{len(found)} interviews {done}")


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise CommandError("--since takes a date: YYYY-MM-DD") from None


def _read(session_id: UUID) -> None:
    step = reviews.review_session(session_id=session_id)
    while step is not None:
        time.sleep(step.seconds)
        step = reviews.review_session(session_id=session_id, after=step.after, tries=step.tries)
