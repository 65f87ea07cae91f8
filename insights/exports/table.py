"""The transcript as CSV (RFC 4180), which spreadsheets open as it is."""

import csv
import io
from typing import Any

from insights.exports import wording
from insights.exports.clock import stamp

COLUMNS = ("start", "end", "start_ms", "end_ms", "speaker", "text", "corrected", "missing")
BOM = "\ufeff"  # without it Excel reads UTF-8 as Windows-1252
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def table(content: dict[str, Any]) -> bytes:
    written = io.StringIO(newline="")
    rows = csv.writer(written, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for row in content["transcript"]:
        start, end = row["start_ms"], row["end_ms"]
        times = (stamp(start), stamp(end) if end is not None else "", start, end)
        if "missing" in row:
            rows.writerow((*times, "", "", "", row["missing"]))
            continue
        said = (wording.speaker(row), harmless(wording.one_line(row["text"])))
        rows.writerow((*times, *said, "yes" if row["corrected"] else "", ""))
    return (BOM + written.getvalue()).encode()


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet runs as a formula."""
    return f"'{cell}" if cell.startswith(FORMULAS) else cell
