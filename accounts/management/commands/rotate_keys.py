"""`manage.py rotate_keys`: wrap anew whatever an older master key wraps, so that it may leave."""

import json
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts import keys
from accounts.keys import rotation

BATCH = 200
SHOWN = 10  # ids of rows that do not open


class Command(BaseCommand):
    help = (
        "Wrap with the first master key what another one wraps: organizations, keys of the "
        "installation, second factors. Safe while the product runs; go on after a kill by "
        "starting it again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what there is to do")
        parser.add_argument("--batch", type=int, default=BATCH, metavar="N", help="rows at a time")
        parser.add_argument("--json", action="store_true", help="one JSON object at the end")

    def handle(self, *, dry_run: bool, batch: int, **options: Any) -> None:
        if batch < 1:
            raise CommandError("--batch is at least 1")
        as_json: bool = options["json"]
        keys.check()
        done: Counter[str] = Counter()
        if not dry_run:
            for step in rotation.rotate(batch=batch):
                done[step.kind] += step.count
                if not as_json:
                    self.stdout.write(f"{step.kind}: {done[step.kind]} wrapped anew")
                    self.stdout.flush()
        found = rotation.use()
        if as_json:
            self.stdout.write(json.dumps(_report(found, done, dry_run)))
        else:
            for line in _lines(found, dry_run):
                self.stdout.write(line)
        if not dry_run and (_staying(found) or found.damaged):
            raise CommandError("not everything could be wrapped anew")


def _older() -> list[str]:
    masters = settings.INTERVIEW_MASTER_KEYS
    return [key_id for key_id in masters.keys if key_id != masters.primary]


def _staying(found: rotation.Use) -> list[str]:
    return [key_id for key_id in _older() if found.of(key_id)]


def _report(found: rotation.Use, done: Counter[str], dry_run: bool) -> dict[str, Any]:
    # Which ones may leave is known once a run has kept what the audit needs of them.
    unused = [] if dry_run else [key_id for key_id in _older() if not found.of(key_id)]
    return {
        "primary": settings.INTERVIEW_MASTER_KEYS.primary,
        "wrapped_anew": dict(done),
        "in_use": {key_id: dict(counts) for key_id, counts in found.rows.items()},
        "may_leave": unused,
        "damaged": found.damaged,
    }


def _lines(found: rotation.Use, dry_run: bool) -> list[str]:
    masters = settings.INTERVIEW_MASTER_KEYS
    lines = [f"'{masters.primary}' wraps {_counts(found.of(masters.primary))}"]
    for key_id in _older():
        counts = found.of(key_id)
        if dry_run:
            todo = f"wraps {_counts(counts)}, to be wrapped anew" if counts else "wraps nothing"
            lines.append(f"'{key_id}' {todo}")
        elif counts:
            lines.append(
                f"'{key_id}' must stay in INTERVIEW_MASTER_KEYS: it wraps {_counts(counts)}"
            )
        else:
            lines.append(f"'{key_id}' may leave INTERVIEW_MASTER_KEYS")
    lines += [
        f"'{key_id}' is not configured and wraps {_counts(found.of(key_id))}"
        for key_id in sorted(set(found.rows) - set(masters.keys))
    ]
    lines += [
        f"{kind}: {len(rows)} do not open: {', '.join(rows[:SHOWN])}"
        for kind, rows in found.damaged.items()
    ]
    return lines


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{n} {kind}" for kind, n in sorted(counts.items())) or "nothing"
