"""The audit as a file: the same columns in CSV and JSON Lines, a line at a time."""

import csv
import json
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from accounts.audit.chain import facts
from accounts.models import AuditEntry

CHUNK = 1000
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would compute such a cell
COLUMNS = (
    "sequence",
    "at",
    "action",
    "actor_id",
    "actor",
    "via",
    "token_id",
    "ip",
    "object_type",
    "object_id",
    "details",
    "organization",
    "id",
    "previous",
    "digest",
)


def export_csv(entries: QuerySet[AuditEntry]) -> Iterator[str]:
    """Yield the entries as CSV with a header; times are ISO 8601 in UTC, details are JSON."""
    writer = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    for row in _rows(entries):
        row["details"] = json.dumps(row["details"], sort_keys=True, ensure_ascii=False)
        yield writer.writerow(_harmless(row[column]) for column in COLUMNS)


def export_jsonl(entries: QuerySet[AuditEntry]) -> Iterator[str]:
    """Yield the entries as one JSON object a line."""
    for row in _rows(entries):
        yield json.dumps({column: row[column] for column in COLUMNS}, ensure_ascii=False) + "\n"


def _rows(entries: QuerySet[AuditEntry]) -> Iterator[dict[str, Any]]:
    for entry in entries.iterator(CHUNK):
        sealed = entry.sequence is not None
        yield {
            **facts(entry),
            "id": entry.pk,
            "sequence": entry.sequence,
            "previous": entry.previous,
            "digest": entry.digest if sealed else "",
        }


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


class _Line:
    """What csv.writer writes to: it hands the line back."""

    def write(self, line: str) -> str:
        return line
