"""How REST operations tell what they take and answer; the schema is made from it.

Each method of an endpoint says its own with `extend_schema`. What is the same for all of them is
said here: refusals, who may come in, headers, tags.
"""

import re
from http import HTTPStatus
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers
from rest_framework.permissions import SAFE_METHODS

from copilot.lib import problems

# The first of these that an address holds names the resource an operation is about.
TAGS = (
    ("/webhooks/", "Webhooks"),
    ("/ats/", "ATS"),
    ("/exports/", "Exports"),
    ("/summary-templates/", "Summary"),
    ("/summary/", "Summary"),
    ("/scorecards/", "Scorecards"),
    ("/notes/", "Notes"),
    ("/devices/", "Devices"),
    ("/shares/", "Sharing"),
    ("/visibility/", "Sharing"),
    ("/consent", "Consent"),
    ("/candidate-link/", "Consent"),
    ("/requests/", "Consent"),
    ("/retention/", "Retention"),
    ("/hold/", "Retention"),
    ("/analytics/", "Analysis"),
    ("/insights/", "Analysis"),
    ("/claims/", "Analysis"),
    ("/tones/", "Analysis"),
    ("/analyse/", "Analysis"),
    ("/guide/questions/", "Analysis"),
    ("/transcript/", "Transcript"),
    ("/segments/", "Transcript"),
    ("/off-record/", "Transcript"),
    ("/guides/", "Guides"),
    ("/uploads/", "Recordings"),
    ("/sound-check/", "Recordings"),
    ("/tokens/", "Account"),
    ("/me/", "Account"),
    ("/schema/", "Schema"),
    ("/sessions/", "Interviews"),
)

# The resources in the order in which they are told.
RESOURCES = {
    "Interviews": "Plan an interview, start and end it, follow it, erase it.",
    "Sharing": "Who else sees an interview.",
    "Consent": "What the candidate is told, answers and asks for.",
    "Retention": "How long an interview is kept.",
    "Recordings": "An interview made of a recording, and the test sentence.",
    "Transcript": "What was said, line by line, redacted; corrections; off the record.",
    "Notes": "What people wrote beside the interview.",
    "Analysis": "Cards, claims, tones of wording, planned questions, who spoke how long.",
    "Summary": "What the interview came to: drafted, edited, signed. It judges nobody.",
    "Scorecards": "Ratings by people, blind until one's own are submitted.",
    "Exports": "The result as a file.",
    "ATS": "The result into an applicant tracking system, by a person's act.",
    "Webhooks": "Being told what happened: ids only, never words.",
    "Guides": "Competencies, questions and anchors that interviews are held by.",
    "Devices": "Second devices that join an interview.",
    "Account": "Who you are, and your tokens.",
    "Schema": "This description.",
    "Other": "The rest.",
}

REFUSALS = {
    400: "The request is wrong; `fields` of `invalid` names what.",
    401: "No sign-in, or a token that is wrong, revoked or over.",
    403: "The token lacks the scope, or a second factor is missing.",
    404: "It does not exist or it is not yours; both look the same.",
    409: "Its state does not allow this.",
    410: "It is being erased.",
    412: "It is not what `If-Match` names any more.",
    413: "The body is too large.",
    415: "The body is of a type that is not taken here.",
    422: "The `Idempotency-Key` was used for another request.",
    428: "A condition is missing: `If-Match`.",
    429: "Too many requests; try again after `Retry-After` seconds.",
    502: "The other side failed.",
    503: "Not now: the machine is needed elsewhere, or a part of it does not answer.",
    504: "The other side did not answer in time.",
}


def _in(place: str, name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {
        "in": place,
        "name": name,
        "schema": {"type": "string", **schema},
        "description": description,
    }


PARAMETERS = {
    "Cursor": _in("query", "cursor", "Where a page begins, from `next` or `previous`."),
    "Limit": _in("query", "limit", "Rows of a page.", type="integer", minimum=1, maximum=1000),
    "IfNoneMatch": _in("header", "If-None-Match", "An `ETag`: 304 where nothing changed."),
    "IfMatch": _in(
        "header", "If-Match", "The `ETag` that was read: 412 where it is another by now."
    ),
    "IdempotencyKey": _in(
        "header",
        "Idempotency-Key",
        "Sent again with the same key, it is done once and answered the same.",
        pattern="^[!-~]{1,255}$",
    ),
}

NOTHING_SAID = "No response body"  # what the generator writes where nobody said anything


class Problem(serializers.Serializer[Any]):
    """A refusal, after RFC 9457."""

    type = serializers.CharField(help_text="`urn:interview-copilot:problem:` and the code.")
    title = serializers.CharField(help_text="What the status means.")
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="A sentence for a person.")
    code = serializers.CharField(help_text="Stable; for programs.")
    fields = serializers.DictField(  # type: ignore[assignment]
        required=False, help_text="Of `invalid`: what is wrong with which field."
    )


def listed(shape: type[serializers.Serializer[Any]], **more: Any) -> serializers.Serializer[Any]:
    """Return the shape of `{"results": […]}`, and of what more stands beside it."""
    return inline_serializer(f"{_name(shape)}List", {"results": shape(many=True), **more})


def paged(shape: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """Return the shape of one page of a list that is read by cursor."""
    return inline_serializer(
        f"{_name(shape)}Page",
        {
            "next": serializers.URLField(
                allow_null=True, help_text="The next page; null on the last one."
            ),
            "previous": serializers.URLField(allow_null=True),
            "results": shape(many=True),
        },
    )


def _name(shape: type[serializers.Serializer[Any]]) -> str:
    return shape.__name__.removesuffix("Shape")


class Operation(AutoSchema):
    """An operation with what all of them share."""

    def get_tags(self) -> list[str]:
        return [next((tag for part, tag in TAGS if part in self.path), "Other")]

    def get_summary(self) -> str:
        return re.split(r"(?<=[.:;])\s", self.get_description().strip(), maxsplit=1)[0].rstrip(
            ".:;"
        )

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        name: str = super().get_serializer_name(serializer, direction)
        return name.removesuffix("Shape")

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        if operation.get("description", "").rstrip(".") == operation.get("summary"):
            del operation["description"]
        scope = "read" if self.method in SAFE_METHODS else "write"
        operation["security"] = [{"token": [scope]}, {"session": []}]
        responses = operation["responses"]
        for status in self._refusals(operation):
            responses.setdefault(str(status), {})
        for code, answer in responses.items():
            said = answer.get("description", "")
            said = "" if said == NOTHING_SAID else said
            if int(code) >= 400:
                responses[code] = self._refusal(int(code), said)
            else:
                answer["description"] = said or HTTPStatus(int(code)).phrase
        if self.method == "GET" and "application/json" in responses.get("200", {}).get(
            "content", {}
        ):
            responses["200"].setdefault("headers", {})["ETag"] = _ref("headers", "ETag")
            responses["304"] = _ref("responses", "304")
        operation["responses"] = dict(sorted(responses.items()))
        return operation

    def _refusals(self, operation: dict[str, Any]) -> list[int]:
        """Return the statuses that any operation of this form may be refused with."""
        found = [401, 403, 429]
        places = {parameter.get("in", "") for parameter in operation.get("parameters", [])}
        if "path" in places:
            found.append(404)
        if "{session_id}" in self.path:
            found.append(410)
        if (
            "query" in places
            or self._is_paged()
            or "requestBody" in operation
            or self.method not in SAFE_METHODS
        ):
            found.append(400)
        if self.method not in SAFE_METHODS:
            found += [409, 413, 415]
            found += [422] if self._is_done_once() else []
            found += [412] if self._is_conditional() else []
        return found

    def _refusal(self, status: int, said: str) -> dict[str, Any]:
        problem = self.resolve_serializer(Problem, "response")
        if status in REFUSALS and not said:
            return _ref("responses", str(status))
        return _problem(said or HTTPStatus(status).phrase, problem.ref)

    def _get_parameters(self) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super()._get_parameters()
        known = {parameter["name"] for parameter in parameters}
        shared = [name for name in self._shared() if PARAMETERS[name]["name"] not in known]
        return [*parameters, *(_ref("parameters", name) for name in shared)]

    def _shared(self) -> list[str]:
        if self.method == "GET":
            return [*(["Cursor", "Limit"] if self._is_paged() else []), "IfNoneMatch"]
        once = ["IdempotencyKey"] if self._is_done_once() else []
        return [*once, *(["IfMatch"] if self._is_conditional() else [])]

    def _is_paged(self) -> bool:
        answers = self.get_response_serializers()
        shape = answers.get(200) if isinstance(answers, dict) else answers
        return type(shape).__name__.endswith("Page")

    def _is_done_once(self) -> bool:
        return bool(getattr(self.view, "keeps_answers", False))

    def _is_conditional(self) -> bool:
        return self.method != "POST" and hasattr(self.view, "get")


def shared() -> dict[str, dict[str, Any]]:
    """Return the components that operations refer to beside their shapes."""
    problem = {"$ref": "#/components/schemas/Problem"}
    answers = {str(status): _problem(text, problem) for status, text in REFUSALS.items()}
    answers["429"]["headers"] = {
        "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}
    }
    answers["304"] = {"description": "It is what `If-None-Match` names still."}
    tag = {"schema": {"type": "string"}, "description": "For `If-None-Match` and `If-Match`."}
    return {
        "parameters": PARAMETERS,
        "responses": dict(sorted(answers.items())),
        "headers": {"ETag": tag},
    }


def _problem(description: str, shape: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {problems.CONTENT_TYPE: {"schema": shape}}}


def _ref(kind: str, name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/{kind}/{name}"}
