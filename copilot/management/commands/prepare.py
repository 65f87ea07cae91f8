"""Make an installation ready to serve: database, migrations and, locally, the demo data."""

from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connection
from psycopg import sql

from accounts import keys


class Command(BaseCommand):
    help = "Migrate the database; outside production also create the demo data."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--create-database", action="store_true", help="Postgres only")
        parser.add_argument("--greeting", metavar="URL", help="print logins and what to try")

    def handle(self, *, create_database: bool, greeting: str | None, **options: Any) -> None:
        try:
            if create_database and connection.vendor == "postgresql":
                self.create_database()
            keys.check()  # before anything is written into a database of other keys
            call_command("migrate", interactive=False, verbosity=0)
            keys.check()
        except (OperationalError, psycopg.OperationalError) as error:
            reason = str(error).strip().splitlines()[0]
            raise CommandError(f"the database cannot be used: {reason}") from None
        if not settings.PRODUCTION:
            call_command("demo", greeting=greeting)

    def create_database(self) -> None:
        """Create the configured database through the server's own `postgres` database."""
        config = settings.DATABASES["default"]
        with psycopg.connect(
            host=config["HOST"],
            port=config["PORT"] or None,
            user=config["USER"],
            password=config["PASSWORD"] or None,
            dbname="postgres",
            autocommit=True,
        ) as admin:
            known = admin.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [config["NAME"]]
            ).fetchone()
            if not known:
                admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(config["NAME"])))
