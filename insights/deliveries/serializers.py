"""Orders and connections as JSON, for the API and the page."""

from typing import Any

from insights.deliveries import connections, wording
from insights.models import AtsConnection, AtsDelivery


def delivery_json(row: AtsDelivery) -> dict[str, Any]:
    """Return one order; `error` is what went wrong last, with what a person can do about it."""
    there = row.remote or {}
    connection = row.connection
    return {
        "id": str(row.pk),
        "state": row.state,
        "connection": connection
        and {
            "id": str(connection.pk),
            "name": connection.name,
            "kind": connection.kind,
            "system": connection.get_kind_display(),
        },
        "target": row.target,
        "parts": row.parts,
        "done": [part for part in row.parts if there.get(part)],
        "version": row.version,
        "requested_by": row.requested_by.display_name if row.requested_by else "",
        "error": wording.error_json(row.error) if row.error else None,
        "tries": row.tries,
        "next_attempt_at": row.next_attempt_at.isoformat() if row.next_attempt_at else None,
        "created_at": row.created_at.isoformat(),
        "finished_at": row.finished_at.isoformat() if row.finished_at else None,
    }


def connection_json(connection: AtsConnection) -> dict[str, Any]:
    """Return what somebody who sends has to know of a connection: neither address nor key."""
    return {
        "id": str(connection.pk),
        "name": connection.name,
        "kind": connection.kind,
        "system": connection.get_kind_display(),
        "parts": [str(part) for part in connections.parts_of(connection)],
        "finds": connections.finds(connection),
    }
