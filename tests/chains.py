"""Write chains of the audit and change them behind the program's back."""

from django.db import connection

from accounts import audit
from accounts.audit import chain
from accounts.audit.verify import Anchor, Report, verify
from accounts.kinds import Event
from accounts.models import AuditEntry, Organization

TABLE = "accounts_auditentry"


def write(organization: Organization | None, count: int = 1) -> list[AuditEntry]:
    """Record and seal without waiting for a commit."""
    organization_id = organization.pk if organization else None
    for number in range(count):
        audit.record(
            Event.ROLE_CHANGED,
            organization_id=organization_id,
            object_type="accounts.membership",
            object_id=str(number),
            details={"from": "viewer", "to": "interviewer"},
        )
    chain.seal(organization_id)
    return sealed(organization)


def sealed(organization: Organization | None) -> list[AuditEntry]:
    found = AuditEntry.objects.filter(organization=organization)
    return list(found.exclude(sequence=None).order_by("sequence"))


def tamper(sql: str, *values: object) -> None:
    """Change the database behind the program's back; on Postgres as its owner can."""
    postgres = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        if postgres:
            cursor.execute("SET session_replication_role = replica")
        cursor.execute(sql, values)
        if postgres:
            cursor.execute("SET session_replication_role = origin")


def report(organization: Organization | None, *anchors: Anchor) -> Report:
    name = chain.chain_name(organization.pk if organization else None)
    (found,) = [one for one in verify(anchors=list(anchors)) if one.chain == name]
    return found


def broken(organization: Organization | None) -> tuple[str, int | None] | None:
    found = report(organization).broken
    return (found.kind.value, found.place) if found else None


def remove(entry: AuditEntry) -> None:
    tamper(f"DELETE FROM {TABLE} WHERE id = %s", entry.pk)  # noqa: S608


def renumber(entry: AuditEntry, sequence: int | None) -> None:
    tamper(f"UPDATE {TABLE} SET sequence = %s WHERE id = %s", sequence, entry.pk)  # noqa: S608


def copy(entry: AuditEntry, sequence: int | None) -> None:
    """Insert what looks like `entry` at another place, as somebody without the key can."""
    columns = [f.column for f in AuditEntry._meta.concrete_fields if f.column not in {"id"}]
    chosen = ", ".join("%s" if name == "sequence" else name for name in columns)
    tamper(
        f"INSERT INTO {TABLE} ({', '.join(columns)}) "  # noqa: S608
        f"SELECT {chosen} FROM {TABLE} WHERE id = %s",
        sequence,
        entry.pk,
    )
