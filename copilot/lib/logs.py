"""Logs hold ids, counts, kinds and places in the code; never words somebody spoke.

An exception's message may quote what was said (`ValueError: invalid literal … 'Jane'`), and
libraries log messages and tracebacks as they come. The filter sits on the handler, behind all of
them, and leaves of an exception its type and where it happened, and of an address what names no
secret. What Python would print past all handlers is brought in by `take_over`.
"""

import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from numbers import Number
from pathlib import PurePath
from types import TracebackType
from typing import Any
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise
from pythonjsonlogger.json import JsonFormatter

FRAMES = 4  # innermost frames to name
CAUSES = 3  # exceptions that led to one, to name
ONE_TIME_LINK = re.compile(r"(/(?:accounts|candidate)/[a-z/-]*/?)[\w%:.=-]{20,}")
TRACEBACK = "Traceback (most recent call last)"
CALLBACK = re.compile(r"(Exception in callback [\w.<>]*).*", re.DOTALL)
WARNED = re.compile(r"(?P<place>.*?:\d+): (?P<kind>\w+):", re.DOTALL)
# What would begin another line, or tell a terminal to do something.
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
MARK = 8  # characters from which the argument of an exception is looked for in a message
KEPT = (str, Number, UUID, date, time, timedelta, PurePath, Promise, type(None))

logger = logging.getLogger(__name__)


def describe(error: BaseException | None, trace: TracebackType | None = None) -> str:
    """Return the types of an exception and of what led to it, and their places; no message."""
    if error is None:
        return "no exception"
    told = [_one(error, trace)]
    seen = {id(error)}
    while (before := cause_of(error)) is not None and id(before) not in seen:
        error = before
        seen.add(id(error))
        if len(told) <= CAUSES:
            told.append(_one(error, None))
    return " after ".join(told)


def _one(error: BaseException, trace: TracebackType | None) -> str:
    kind = type(error).__name__
    if isinstance(error, BaseExceptionGroup):
        kind += f"({', '.join(type(inner).__name__ for inner in error.exceptions)})"
    frames = traceback.extract_tb(trace or error.__traceback__)[-FRAMES:]
    places = " < ".join(
        f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}"
        for frame in reversed(frames)
    )
    return f"{kind} at {places}" if places else kind


def cause_of(error: BaseException) -> BaseException | None:
    """Return the exception that led to this one, as Python tells it."""
    if error.__cause__ is not None or error.__suppress_context__:
        return error.__cause__
    return error.__context__


class WithoutWords(logging.Filter):
    """Take messages of exceptions out of a record; keep their type and place."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = _message(record)
        _kind, error, trace = record.exc_info if record.exc_info else (None, None, None)
        for one in (error, sys.exc_info()[1]):
            message = _without_texts(message, one)
        if record.name == "asyncio":  # after the line comes the repr of a task and its exception
            message = CALLBACK.sub(r"\1", message.partition("\n")[0])
        if record.name == "py.warnings":
            warned = WARNED.match(message)
            message = "{kind} at {place}".format(**warned.groupdict()) if warned else "a warning"
        if TRACEBACK in message:
            before = message.partition(TRACEBACK)[0].strip()
            found = "a traceback" if error else describe(sys.exc_info()[1])
            message = f"{before} [{found}]".strip()
        if record.exc_info:
            message = f"{message} [{describe(error, trace)}]"
        message = _with_safe_path(message, getattr(record, "request", None))
        record.msg, record.args = ONE_TIME_LINK.sub(r"\1…", message), None
        record.exc_info = record.exc_text = record.stack_info = None
        return True


def _message(record: logging.LogRecord) -> str:
    record.msg, record.args = _name(record.msg), _plain(record.args)
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):  # its template and arguments do not fit
        return f"a message from {record.filename}:{record.lineno}"


def _plain(args: Any) -> Any:
    if isinstance(args, dict):
        return {key: _name(value) for key, value in args.items()}
    return tuple(_name(value) for value in args) if isinstance(args, tuple) else args


def _name(value: Any) -> Any:
    """Return what may be logged of a value: of things that hold more than one, their type."""
    return value if isinstance(value, KEPT) else type(value).__name__


def _without_texts(message: str, error: BaseException | None) -> str:
    """Take out what somebody wrote of an exception by hand: `str(error)`, `error.args[0]`."""
    for one in _family(error):
        if type(one).__module__ == "django.middleware.csrf" and "://" not in str(one):
            continue  # a sentence of Django's that says what was wrong; others name the page
        texts = [str(one), repr(one), *(a for a in one.args if isinstance(a, str))]
        for n, text in enumerate(texts):
            if len(text) >= (1 if n < 2 else MARK):
                message = message.replace(text, type(one).__name__)
    return message


def _family(error: BaseException | None, seen: set[int] | None = None) -> Iterator[BaseException]:
    seen = set() if seen is None else seen
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        if isinstance(error, BaseExceptionGroup):
            for inner in error.exceptions:
                yield from _family(inner, seen)
        error = error.__cause__ or error.__context__


def _with_safe_path(message: str, request: Any) -> str:
    """Let of the address of a refused request stand what our URLs say, and ids."""
    path = getattr(request, "path", "")
    for shown in (path, _escaped(path)):  # the latter is what Django says of it
        if shown and shown in message:
            return message.replace(shown, _safe_path(path, request))
    return message


def _escaped(text: str) -> str:
    return text.encode("unicode_escape").decode("ascii")


def _safe_path(path: str, request: Any) -> str:
    match = getattr(request, "resolver_match", None)
    if match is None:
        return "an address that leads nowhere"
    safe = path
    for value in match.kwargs.values():
        if isinstance(value, str) and value:
            safe = safe.replace(value, "…")
    return safe


class Lines(logging.Formatter):
    """One line a record, for people: time in UTC, level, logger, message, and the ids at hand."""

    def format(self, record: logging.LogRecord) -> str:
        ids = " ".join(f"{name}={value}" for name, value in _ids(record).items())
        line = f"{_at(record)} {record.levelname} {record.name} {record.getMessage()}"
        line = CONTROLS.sub(lambda found: repr(found[0])[1:-1], line)
        return f"{line} ({ids})" if ids else line


class JsonLines(JsonFormatter):
    """One JSON object a record. What code hands over in `extra` is not among it: any may be."""

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        log_data.update(
            time=_at(record),
            level=record.levelname,
            logger=record.name,
            message=record.getMessage(),
            process=record.process,
            **_ids(record),
        )


def _ids(record: logging.LogRecord) -> dict[str, Any]:
    ids: dict[str, Any] = getattr(record, "ids", {})
    return ids


def _at(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def take_over() -> None:
    """Let the log tell what Python, its threads and Twisted would print past all handlers."""
    logging.captureWarnings(capture=True)
    # What is caught while a handler fails would be printed with the record's arguments.
    logging.raiseExceptions = False
    # Somebody else's stay: of a debugger, or of whoever runs tests.
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _tell_end
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = _tell_thread
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _tell_unraisable


def _tell_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    if isinstance(error, ImproperlyConfigured):  # ours: it says what is missing
        sys.stderr.write(f"{kind.__name__}: {error}\n")
        return
    logger.critical("the process ends", exc_info=(kind, error, trace))


def _tell_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        told = (args.exc_type, args.exc_value, args.exc_traceback)
        logger.error("a thread ended", exc_info=told)


def _tell_unraisable(args: "sys.UnraisableHookArgs") -> None:
    if args.exc_value is not None:
        told = (args.exc_type, args.exc_value, args.exc_traceback)
        logger.error("an error that nobody could catch", exc_info=told)
