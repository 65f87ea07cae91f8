"""`manage.py subject`: everything about one candidate, handed out or erased by an operator."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Organization
from copilot.lib.errors import DomainError
from insights import portability
from sessions import subjects


class Command(BaseCommand):
    help = (
        "Export or erase everything about one candidate. Of what is found, the sure matches are "
        "taken; --interview chooses others. What is done is in the audit, by way of a command."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=["find", "export", "erase"])
        parser.add_argument("--organization", metavar="SLUG", required=True)
        parser.add_argument("--name", default="")
        parser.add_argument("--email", default="")
        parser.add_argument(
            "--interview", action="append", default=[], metavar="ID", help="only this; repeatable"
        )
        parser.add_argument("--out", type=Path, metavar="FILE", help="of an export; - is stdout")
        parser.add_argument("--yes", action="store_true", help="erase without asking")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = Organization.objects.filter(slug=options["organization"]).first()
        if organization is None:
            raise CommandError(f"there is no organization '{options['organization']}'")
        try:
            found = subjects.find(organization, name=options["name"], email=options["email"])
            chosen = self._chosen(found, options)
            if options["act"] == "export":
                self._export(organization, chosen, options["out"])
            elif options["act"] == "erase":
                self._erase(organization, chosen, yes=options["yes"])
        except DomainError as error:
            raise CommandError(error.detail) from None

    def _chosen(self, found: list[subjects.Match], options: dict[str, Any]) -> list[subjects.Match]:
        """Tell what was found, on the standard error, and return what is to be taken."""
        wanted = set(options["interview"])
        chosen = []
        for match in found:
            taken = str(match.session.pk) in wanted if wanted else match.sure
            held = ", legal hold" if match.session.legal_hold else ""
            mark = "+" if taken else " "
            self.stderr.write(f"{mark} {match.session.pk} {match.how}{held}")
            if taken:
                chosen.append(match)
        if missing := wanted - {str(match.session.pk) for match in found}:
            raise CommandError(f"not among what was found: {', '.join(sorted(missing))}")
        self.stderr.write(f"{len(found)} found, {len(chosen)} chosen (+)")
        if not chosen and options["act"] != "find":
            raise CommandError("nothing is chosen")
        return chosen

    def _export(
        self, organization: Organization, chosen: list[subjects.Match], out: Path | None
    ) -> None:
        if out is None:
            raise CommandError("--out says where the file goes")
        ids = [match.session.pk for match in chosen]
        _name, content = portability.export_subject(organization, ids, by=None)
        if str(out) == "-":
            for piece in content:
                sys.stdout.buffer.write(piece)
            return
        try:
            # Made anew: what is somebody else's file, or a link to one, stays what it was.
            out.touch(mode=0o600, exist_ok=False)
            with out.open("r+b") as file:
                for piece in content:
                    file.write(piece)
        except OSError as error:
            raise CommandError(f"{out}: {error.strerror}") from None
        self.stderr.write(f"written: {out}. It is in clear; remove it when it was handed out.")

    def _erase(
        self, organization: Organization, chosen: list[subjects.Match], *, yes: bool
    ) -> None:
        if not yes:
            said = input(f"Type ERASE to erase {len(chosen)} interview(s) for good: ")
            if said.strip() != "ERASE":
                raise CommandError("nothing was erased")
        ids = [match.session.pk for match in chosen]
        done = subjects.erase(organization, ids, by=None)
        self.stdout.write(
            f"{len(done.erased)} erased, {len(done.held)} under a legal hold, {done.missing} gone"
        )
