"""`manage.py verify_receipt`: check receipts of erasure, given in a file or all that are kept."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sessions import receipts, signatures
from sessions.models import Erasure


class Command(BaseCommand):
    help = "Check that receipts of erasure say what was signed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", default="", help="a receipt as JSON; - reads it")
        parser.add_argument("--all", action="store_true", help="every receipt that is kept here")

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["file"]) == options["all"]:
            raise CommandError("give the file of a receipt, or --all")
        if options["file"]:
            receipt = _read(options["file"])
            if not receipts.verify(receipt):
                raise CommandError("this receipt does not hold: it was changed, or is another's")
            if receipts.issuer(receipt) is None:
                key = receipt["public_key"]
                raise CommandError(
                    "its organization is not known here, and anybody may sign for one: compare "
                    f"the key {key} with theirs"
                )
            self.stdout.write(f"{receipt['id']}: holds, removed at {receipt['removed_at']}")
            return
        checked = broken = 0
        for erasure in Erasure.objects.exclude(finished_at=None).iterator():
            checked += 1
            if not receipts.verify(receipts.receipt_json(erasure)):
                broken += 1
                self.stdout.write(f"{erasure.pk}: does not hold")
        self.stdout.write(f"{checked} receipt(s), {broken} do not hold")
        if broken:
            raise CommandError(f"{broken} receipt(s) do not hold")


def _read(name: str) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text()
        return signatures.read(text)
    except (OSError, ValueError):
        raise CommandError("this cannot be read as a receipt") from None
