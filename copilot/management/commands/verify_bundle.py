"""`manage.py verify_bundle`: check a signed bundle that somebody exported; needs no database."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from insights.exports import bundle
from sessions import signatures


class Command(BaseCommand):
    help = "Check that a signed bundle holds what was signed."
    requires_system_checks: tuple[str, ...] = ()  # it runs where nothing else is set up

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="a bundle; - reads it")
        parser.add_argument("--key", default="", help="the public key of its organization, in hex")

    def handle(self, *args: Any, **options: Any) -> None:
        name, key = options["file"], options["key"].strip().lower()
        try:
            content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
            statement, manifest = bundle.verify(content, expected=key)
        except OSError:
            raise CommandError("this file cannot be read") from None
        except bundle.Broken as error:
            raise CommandError(f"this bundle does not hold: {error}") from None
        if not key and signatures.issuer(statement) is None:
            raise CommandError(
                "its organization is not known here, and anybody may sign for one: compare the "
                f"key {statement['public_key']} with theirs, then give it with --key"
            )
        self.stdout.write(
            f"interview {statement['interview']}: {len(manifest['files'])} files hold, exported at "
            f"{manifest['exported_at']}"
        )
