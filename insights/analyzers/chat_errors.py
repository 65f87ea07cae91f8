"""Turns what the openai package raises into AnalyzerError, and reads what a server cannot do."""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
import openai

from insights.analyzers.base import AnalyzerError

_MAX_RETRY_AFTER = 3600.0
_CONTEXT_WORDS = ("context_length", "context length", "exceed_context", "maximum context")
_TIMEOUT_STATUS = (408, 504)


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a server understands; `format` is bounded_schema, schema, object or text."""

    format: str = "bounded_schema"
    usage: bool = True
    temperature: bool = True
    tokens: str = "max_tokens"


class UnsupportedError(AnalyzerError):
    """A server refused a parameter; `dialect` knows what to send instead."""

    def __init__(self, message: str, complaint: str) -> None:
        super().__init__("malformed", message)
        self._complaint = complaint

    def milder(self, dialect: Dialect) -> Dialect | None:
        """Return the dialect without what the server complained of, None when nothing is left."""
        told = self._complaint
        if "max_completion_tokens" in told and dialect.tokens == "max_tokens":
            return replace(dialect, tokens="max_completion_tokens")
        if ("stream_options" in told or "include_usage" in told) and dialect.usage:
            return replace(dialect, usage=False)
        if "temperature" in told and dialect.temperature:
            return replace(dialect, temperature=False)
        return _milder_format(dialect, told)


def failure(error: Exception) -> AnalyzerError:
    """Return the AnalyzerError for whatever an attempt raised; no text of the server in it."""
    if isinstance(error, AnalyzerError):
        return error
    if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException):
        return AnalyzerError("timeout", "The model did not answer in time.")
    if isinstance(error, openai.APIStatusError):
        return _status_failure(error)
    if isinstance(error, openai.APIConnectionError | httpx2.ConnectError):
        return AnalyzerError("unreachable", "The model's server cannot be reached.")
    if isinstance(error, httpx2.HTTPError | httpx2.StreamError | OSError):
        return AnalyzerError("unreachable", "The connection to the model's server broke off.")
    return AnalyzerError(
        "malformed", f"The model's answer cannot be read ({type(error).__name__})."
    )


def _status_failure(error: openai.APIStatusError) -> AnalyzerError:
    status = error.status_code
    told = f"{error.code or ''} {error.message} {error.body}".casefold()
    if status == 429:
        hopeless = "insufficient_quota" in told
        reason = "The model's quota is used up." if hopeless else "The model is rate-limited."
        return AnalyzerError(
            "rate_limited",
            reason,
            retry_after=retry_after(error.response.headers),
            lasting=hopeless,
        )
    if status in (401, 403):
        return AnalyzerError(
            "unauthorized", f"The model's server refused the key ({status}).", lasting=True
        )
    if any(word in told for word in _CONTEXT_WORDS):
        return AnalyzerError("too_long", "The window is too long for the model.")
    if "content_filter" in told or "content management policy" in told:
        return AnalyzerError("refused", "The model's server filtered the request.")
    if _complains(status, told):
        return UnsupportedError(f"The model's server refused a parameter ({status}).", told)
    if status in _TIMEOUT_STATUS:
        return AnalyzerError("timeout", f"The model's server timed out ({status}).")
    if status >= 500:
        return AnalyzerError(
            "unreachable",
            f"The model's server failed ({status}).",
            retry_after=retry_after(error.response.headers),
        )
    if status == 404:
        return AnalyzerError(
            "unreachable", "The server knows no such model or address (404).", lasting=True
        )
    return AnalyzerError("malformed", f"The model's server refused the request ({status}).")


def retry_after(headers: Any) -> float | None:
    """Return the seconds of a Retry-After header, given as seconds or as a date."""
    value = headers.get("retry-after-ms")
    try:
        if value:
            return _bounded(float(value) / 1000)
        value = headers.get("retry-after")
        return _bounded(float(value)) if value else None
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    return _bounded((when.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def _bounded(seconds: float) -> float | None:
    return min(max(0.0, seconds), _MAX_RETRY_AFTER) if math.isfinite(seconds) else None


def _complains(status: int, told: str) -> bool:
    if status not in (400, 404, 415, 422, 500, 501):
        return False
    names = ("response_format", "json_schema", "stream_options", "max_completion_tokens")
    more = ("temperature", "invalid schema", "grammar") if status != 500 else ("grammar",)
    return any(name in told for name in (*names, *more))


def _milder_format(dialect: Dialect, told: str) -> Dialect | None:
    if dialect.format == "bounded_schema":
        bounds = ("length", "minimum", "maximum", "items", "invalid schema", "not permitted")
        only_bounds = any(word in told for word in bounds) and "json_object" not in told
        return replace(dialect, format="schema" if only_bounds else "object")
    following = {"schema": "object", "object": "text"}.get(dialect.format)
    return replace(dialect, format=following) if following else None
