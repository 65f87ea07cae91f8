"""Logs hold ids, counts, kinds and places in the code; never words somebody spoke.

An exception's message may quote what was said (`ValueError: invalid literal … 'Jane'`), and
libraries log messages and tracebacks as they come. This filter sits on the handler, behind all of
them, and leaves of an exception its type and where it happened, and of a one-time link its place.
"""

import logging
import re
import traceback
from types import TracebackType
from typing import Any

FRAMES = 4  # innermost frames to name
ONE_TIME_LINK = re.compile(r"(/accounts/[a-z/-]*/)[\w%:-]{20,}")  # Django logs refused addresses


def describe(error: BaseException | None, trace: TracebackType | None = None) -> str:
    """Return the type of an exception and the innermost places it passed, without its message."""
    if error is None:
        return "no exception"
    frames = traceback.extract_tb(trace or error.__traceback__)[-FRAMES:]
    places = " < ".join(
        f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}"
        for frame in reversed(frames)
    )
    return f"{type(error).__name__} at {places}" if places else type(error).__name__


class WithoutWords(logging.Filter):
    """Take messages of exceptions out of a record; keep their type and place."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.args = _plain(record.args)
        message = record.getMessage()
        if record.name == "asyncio":
            message = message.partition("\n")[0]  # the rest is the repr of a task and its exception
        if record.exc_info:
            _kind, error, trace = record.exc_info
            message = f"{message} [{describe(error, trace)}]"
        record.msg, record.args = ONE_TIME_LINK.sub(r"\1…", message), None
        record.exc_info = record.exc_text = record.stack_info = None
        return True


def _plain(args: Any) -> Any:
    if isinstance(args, dict):
        return {key: _name(value) for key, value in args.items()}
    return tuple(_name(value) for value in args) if args else args


def _name(value: Any) -> Any:
    return type(value).__name__ if isinstance(value, BaseException) else value
