"""Empty the database after a test that commits: only the tables that hold something.

Django's own flush truncates every table and then makes permissions and content types anew; on
Postgres that takes longer than most tests.
"""

from django.db import connections, transaction
from django.test import TransactionTestCase

KEPT = {"django_migrations", "django_content_type", "auth_permission"}  # as migrations made them
APPEND_ONLY = {"accounts_auditentry"}  # a trigger of Postgres refuses to delete from it


def empty(alias: str) -> None:
    """Delete every row that tests made; foreign keys are checked once all of them are gone."""
    connection = connections[alias]
    names = sorted(set(connection.introspection.django_table_names(only_existing=True)) - KEPT)
    quoted = {name: connection.ops.quote_name(name) for name in names}
    asked = " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {quoted[name]})"  # noqa: S608  our own tables
        for name in names
    )
    with transaction.atomic(using=alias), connection.cursor() as cursor:
        cursor.execute(asked)
        filled = [name for (name,) in cursor.fetchall()]
        for name in sorted(filled, key=lambda name: name not in APPEND_ONLY):
            truncates = connection.vendor == "postgresql" and name in APPEND_ONLY
            verb = "TRUNCATE" if truncates else "DELETE FROM"
            cursor.execute(f"{verb} {quoted[name]}")


def _teardown(self: TransactionTestCase) -> None:
    for alias in self._databases_names(include_mirrors=False):
        empty(alias)


def install() -> None:
    TransactionTestCase._fixture_teardown = _teardown
