"""Get a speech model: `download_model en`, `download_model de --engine vosk`."""

import sys
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from transcription import model_store


class Command(BaseCommand):
    help = "Download the speech model of a language, verify it and put it where engines look."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("language", help="language code, e.g. en, de, ko")
        parser.add_argument("--engine", choices=["whisper", "vosk"], default="whisper")
        parser.add_argument("--if-missing", action="store_true", help="say nothing if it is there")

    def handle(self, *, language: str, engine: str, if_missing: bool, **options: Any) -> None:
        models = settings.INTERVIEW_MODELS_DIR
        if if_missing and model_store.installed(language, engine, models):
            return
        told = 0.0

        def progress(done: int, total: int | None, what: str) -> None:
            nonlocal told
            if sys.stderr.isatty() and time.monotonic() - told > 0.1:
                told = time.monotonic()
                of = f" of {total / 1e6:.0f}" if total else ""
                self.stderr.write(f"\r{done / 1e6:.0f}{of} MB ", ending="")

        try:
            path = model_store.download(language, engine, models, progress=progress)
        except model_store.ModelStoreError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{engine} model for {language}: {path}")
