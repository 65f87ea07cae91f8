"""Every benchmark of the project, one after the other: `make bench`.

    python -m tests.benchmarks                 all, and docs/benchmarks.md is written anew
    python -m tests.benchmarks streams upload  these only, printed and not written

VOSK_SERVER=path/to/asr_server.py (of alphacep/vosk-server) adds the peer to `streams`.
"""

import os
import sys
from collections.abc import Callable

from tests.benchmarks import (
    analysis,
    interview,
    page,
    redaction,
    results,
    starting,
    streams,
    upload,
)
from tests.benchmarks.figures import PAGE, Report, write

BENCHMARKS: dict[str, Callable[[], Report]] = {
    "starting": starting.main,
    "redaction": redaction.main,
    "interview": interview.main,
    "analysis": analysis.main,
    "page": page.main,
    "results": results.main,
    "upload": upload.main,
    "streams": streams.main,
}


def main(names: list[str]) -> None:
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        raise SystemExit(f"there is no benchmark {', '.join(sorted(unknown))}")
    reports = []
    for name in names or BENCHMARKS:
        print(f"\n== {name}", flush=True)
        report = BENCHMARKS[name]()
        for figure in report.figures:
            print(figure, flush=True)
        reports.append(report)
    if not names:
        peer = "VOSK_SERVER=… " if os.environ.get("VOSK_SERVER") else ""
        write(reports, f"{peer}make bench")
        print(f"\nwritten: {PAGE}")


if __name__ == "__main__":
    main(sys.argv[1:])
