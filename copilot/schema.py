"""The schema of the API (OpenAPI 3.1) as it is served, and two pages that show it."""

from functools import cache
from typing import Any

from csp.decorators import csp_update
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import override
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer2
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import Endpoint
from copilot import examples
from copilot.lib import openapi
from insights.webhooks.kinds import Kind, place_of

DESCRIPTION = """\
What the pages of Interview Copilot do, for programs.

Everything said is redacted before it is stored, and stays sealed; nothing here gives it back
otherwise. `docs/api.md` reads better than this page: how lists, conditions, repeated requests and
versions work, with examples.

**Signing in.** A program sends an API token made on *Your account → API tokens*:
`Authorization: Bearer icp_…`. Its scopes: `read` for GET, `write` for everything else here, `audio`
for the audio socket; each operation names the one it needs. Pages of ours carry the session cookie
of a signed-in person, and `X-CSRFToken` with everything but GET.

**Refusals** are problem details (RFC 9457): `code` is for programs and stays, `detail` is a
sentence for a person. 405, 406 and 500 come in the same form. What does not exist and what is not
yours both are 404.
"""


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "icp_…",
            "description": "An API token; scopes `read`, `write` and `audio`.",
        }


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "rest_framework.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-session",
            "description": "A signed-in person's; all but GET also needs `X-CSRFToken`. "
            "On a local installation it is called `sessionid`.",
        }


def finish(result: dict[str, Any], **_more: Any) -> dict[str, Any]:
    """Add what no endpoint says of itself: description, examples, webhooks, ordered resources."""
    result["info"]["description"] = DESCRIPTION
    result["components"] |= openapi.shared()
    result["webhooks"] = {kind.value: {"post": _message(kind)} for kind in Kind}
    told = [one for methods in result["paths"].values() for one in methods.values()]
    for operation in told:
        if operation["operationId"] in examples.REQUESTS:
            body = operation["requestBody"]["content"]["application/json"]
            body["example"] = examples.REQUESTS[operation["operationId"]]
    used = {tag for operation in told for tag in operation["tags"]}
    result["tags"] = [
        {"name": name, "description": text}
        for name, text in openapi.RESOURCES.items()
        if name in used
    ]
    return result


# What messages name beside the interview.
ALSO = {
    Kind.SESSION_ERASED: "receipt",
    Kind.CANDIDATE_ASKED: "request",
    Kind.UPLOAD_FINISHED: "upload",
    Kind.ATS_DELIVERED: "delivery",
    Kind.ATS_FAILED: "delivery",
}
SIGNATURE = {
    "webhook-id": "The same however often it is tried: take each once.",
    "webhook-timestamp": "Seconds since 1970, of this attempt.",
    "webhook-signature": "`v1,…`, one for each secret that is valid, separated by a space.",
}


def _message(kind: Kind) -> dict[str, Any]:
    """Return the operation by which a receiver is told of an event."""
    ids = {"webhook": examples.OTHER} if kind == Kind.TEST else {"session": examples.SESSION}
    if kind in ALSO:
        ids[ALSO[kind]] = examples.OTHER
    place = place_of(kind, ids)
    return {
        "operationId": f"told_{kind.name.lower()}",
        "summary": f"Told when {kind.label}",
        "tags": ["Webhooks"],
        "security": [],
        "parameters": [
            {
                "in": "header",
                "name": name,
                "required": True,
                "schema": {"type": "string"},
                "description": text,
            }
            for name, text in SIGNATURE.items()
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/WebhookMessage"},
                    "example": {
                        "type": kind.value,
                        "timestamp": "2026-11-02T09:30:00.000Z",
                        "data": {**ids, **({"url": place} if place else {})},
                    },
                }
            },
        },
        "responses": {
            "2XX": {"description": "It has arrived. Anything else is tried again, but for 410."},
            "410": {"description": "Nobody listens here any more: the webhook is switched off."},
        },
    }


@cache
def schema() -> dict[str, Any]:
    """Return the schema; it is made once a process, as the same for everybody."""
    with override("en"):
        generator = SchemaGenerator()  # type: ignore[no-untyped-call]
        made: dict[str, Any] = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return made


class Yaml(OpenApiYamlRenderer2):
    """The schema as YAML; a refusal stays JSON."""

    def render(self, data: Any, media_type: Any = None, context: Any = None) -> bytes:
        if context["response"].status_code >= 400:
            return JSONRenderer().render(data)
        text: bytes = super().render(data, media_type, context)  # type: ignore[no-untyped-call]
        return text


class Schema(Endpoint):
    """This schema, as JSON or, with `Accept: application/yaml`, as YAML."""

    renderer_classes = [JSONRenderer, Yaml]

    @extend_schema(operation_id="schema_get", responses={200: {"type": "object"}, 404: None})
    def get(self, request: Request) -> Response:
        return Response(schema())


@login_required
def swagger(request: HttpRequest) -> HttpResponse:
    """Swagger UI, where operations can be tried as who is signed in."""
    return render(request, "api/swagger.html")


@login_required
@csp_update({"style-src": ["'self'", "'unsafe-inline'"], "worker-src": ["'self'", "blob:"]})
def redoc(request: HttpRequest) -> HttpResponse:
    """Redoc, which writes its own styles into the page and searches in a worker."""
    return render(request, "api/redoc.html")
