"""Error reports to a Sentry-compatible place, for operators who name one: where it broke, no words.

Nothing of the library listens by itself: one handler makes a report of each error that is logged,
of types, our own frames and ids alone. Messages, variables, requests and breadcrumbs are in none.
"""

import atexit
import logging
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import sentry_sdk

from copilot.lib.logs import cause_of

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"copilot", "accounts", "sessions", "transcription", "insights"}
SENT = {"event_id", "timestamp", "level", "logger", "platform", "environment", "exception", "tags"}
SENT |= {"fingerprint", "message", "transaction"}
FRAMES = 50
CHAIN = 5  # exceptions that led to one another

if TYPE_CHECKING:
    from sentry_sdk.types import Event

Ids = Callable[[], dict[str, Any]]


def start(dsn: str, *, environment: str, ids: Ids) -> None:
    """Report errors to `dsn` from now on; `ids` returns what a report may name."""
    sentry_sdk.init(
        dsn,
        environment=environment,
        default_integrations=False,
        auto_enabling_integrations=False,
        before_send=_only_known,
        max_breadcrumbs=0,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        auto_session_tracking=False,
        send_client_reports=False,
        enable_backpressure_handling=False,
        enable_metrics=False,
        propagate_traces=False,
        spotlight=False,
    )
    # First: the filters of the others leave of a record nothing to report.
    logging.getLogger().handlers.insert(0, Reports(ids))
    atexit.register(sentry_sdk.flush, timeout=2.0)


class Reports(logging.Handler):
    """Make a report of every record from ERROR on."""

    def __init__(self, ids: Ids) -> None:
        super().__init__(logging.ERROR)
        self._ids = ids

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else sys.exc_info()[1]
        sentry_sdk.capture_event(cast("Event", report(record, error, self._ids())))


def report(
    record: logging.LogRecord, error: BaseException | None, ids: dict[str, Any]
) -> dict[str, Any]:
    """Return what is sent of one record: what broke and where, in types, places and ids."""
    place = f"{record.module}:{record.funcName}:{record.lineno}"
    event: dict[str, Any] = {
        "level": record.levelname.lower(),
        "logger": record.name,
        "transaction": place,
        "tags": {name: str(value) for name, value in ids.items()},
    }
    if error is None:
        return {**event, "message": place, "fingerprint": [record.name, place]}
    return {**event, "exception": {"values": _chain(error)}}


def _chain(error: BaseException) -> list[dict[str, Any]]:
    """Return an exception and what led to it, the first one first."""
    chain: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in chain and len(chain) < CHAIN:
        chain.append(one)
        one = cause_of(one)
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return [_value(e) for e in (*inner[:CHAIN], *reversed(chain))]


def _value(error: BaseException) -> dict[str, Any]:
    frames = [
        {
            "filename": str(Path(frame.filename).relative_to(ROOT)),
            "lineno": frame.lineno,
            "function": frame.name,
            "in_app": True,
        }
        for frame in traceback.extract_tb(error.__traceback__)
        if _is_ours(Path(frame.filename))
    ]
    kind = type(error)
    value: dict[str, Any] = {"type": kind.__name__, "module": kind.__module__}
    return {**value, "stacktrace": {"frames": frames[-FRAMES:]}} if frames else value


def _is_ours(path: Path) -> bool:
    return path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in PACKAGES


def _only_known(event: Any, hint: Any) -> Any:
    """Send what a report of ours holds, whatever the library added."""
    return {name: value for name, value in event.items() if name in SENT}
