"""Refusals as problem details (RFC 9457): the one shape of an error over HTTP."""

from http import HTTPStatus
from typing import Any

from django.http import JsonResponse
from rest_framework.response import Response

CONTENT_TYPE = "application/problem+json"
TYPE = "urn:interview-copilot:problem:"  # followed by the code


def problem(status: int, code: str, detail: str, **more: Any) -> dict[str, Any]:
    """Return the members of a refusal: `code` is stable, `detail` a sentence for a person.

    `more` is what is particular to a code, such as `fields` of `invalid`. Nothing in it may hold
    words that somebody spoke.
    """
    return {
        "type": TYPE + code,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **more,
    }


def answer(status: int, code: str, detail: str, **more: Any) -> Response:
    """Return a refusal from a REST view."""
    body = problem(status, code, detail, **more)
    return Response(body, status=status, content_type=CONTENT_TYPE)


def plain_answer(status: int, code: str, detail: str, **more: Any) -> JsonResponse:
    """Return a refusal from any other view."""
    body = problem(status, code, detail, **more)
    refused = JsonResponse(body, status=status, content_type=CONTENT_TYPE)
    refused.headers["Cache-Control"] = "no-store"
    return refused
