"""`manage.py verify_summary`: check signed summaries, given in a file or all that are kept."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from copilot.lib.crypto import CryptoError
from insights.models import SummaryVersion
from insights.summaries import versions
from sessions import signatures

NO_SUMMARY = "this cannot be read as a signed summary"


class Command(BaseCommand):
    help = "Check that signed summaries say what was signed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", nargs="?", default="", help="a version as JSON, as the API gives it; - reads it"
        )
        parser.add_argument("--key", default="", help="the public key of its organization, in hex")
        parser.add_argument("--all", action="store_true", help="every version that is kept here")

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["file"]) == options["all"]:
            raise CommandError("give the file of a version, or --all")
        if options["all"]:
            self._check_all()
        else:
            self._check(_read(options["file"]), options["key"])

    def _check(self, version: dict[str, Any], key: str) -> None:
        said = version["statement"]
        if not versions.verify(said, version["content"], expected=key):
            raise CommandError("this summary does not hold: it was changed, or is another's")
        if not key and signatures.issuer(said) is None:
            raise CommandError(
                "its organization is not known here, and anybody may sign for one: compare the "
                f"key {said['public_key']} with theirs"
            )
        self.stdout.write(
            f"interview {said['interview']}, version {said['version']}: holds, signed at "
            f"{said['signed_at']}"
        )

    def _check_all(self) -> None:
        checked = broken = 0
        signed = SummaryVersion.objects.filter(why=SummaryVersion.Why.SIGNED)
        for version in signed.select_related("session__organization").iterator():
            checked += 1
            if not _stands(version):
                broken += 1
                self.stdout.write(
                    f"interview {version.session_id}, version {version.number}: does not hold"
                )
        self.stdout.write(f"{checked} signed version(s), {broken} do not hold")
        if broken:
            raise CommandError(f"{broken} signed version(s) do not hold")


def _stands(version: SummaryVersion) -> bool:
    try:
        return versions.verify(versions.statement(version), version.content)
    except CryptoError:
        return False


def _read(name: str) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text()
        version = signatures.read(text)
    except (OSError, ValueError):
        raise CommandError(NO_SUMMARY) from None
    parts = [version.get("statement"), version.get("content")]
    if not all(isinstance(part, dict) for part in parts):
        raise CommandError(NO_SUMMARY)
    return version
