"""What all REST endpoints share: lists page by page, requests that are done once, conditions."""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any, ClassVar, cast
from urllib.parse import urlsplit
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from django.conf import settings
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponseNotModified
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.permissions import SAFE_METHODS
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request, clone_request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from accounts import idempotency
from accounts.idempotency import Answer
from accounts.limits import Left
from accounts.models import User
from copilot.lib.crypto import derive
from copilot.lib.errors import DomainError
from copilot.lib.sealed import opened

REPEATED_HEADERS = ("Location",)  # of an answer that is kept
# What a 304 has in common with the answer that it stands for (RFC 9110).
OF_NOT_MODIFIED = ("ETag", "Cache-Control", "Vary", "RateLimit", "RateLimit-Policy")


class ByCursor(CursorPagination):
    """`?cursor=…&limit=…`: a page stays the same while rows are added in front of it.

    A cursor says what the last row is sorted by, which may be a title: it is encrypted, and good
    for one list in one order. The same cursor is the same text each time, for the sake of ETags.
    """

    page_size = 100
    max_page_size = 1000
    page_size_query_param = "limit"

    def get_page_size(self, request: Request) -> int:
        given = request.query_params.get("limit")
        if given is None:
            return self.page_size
        number = int(given) if given.isdecimal() and len(given) < 10 else 0
        if not 1 <= number <= self.max_page_size:
            detail = _("A number from 1 to %(most)d.") % {"most": self.max_page_size}
            raise ValidationError({"limit": [detail]})
        return number

    def decode_cursor(self, request: Request) -> Cursor | None:
        given = request.query_params.get("cursor")
        if given is None:
            return None
        try:
            sealed = base64.urlsafe_b64decode(given.rstrip("=") + "=" * (-len(given) % 4))
            return Cursor(*json.loads(_cipher().decrypt(sealed, [self._place()])))
        except (ValueError, InvalidTag):
            detail = _("This cursor is none of this list; begin anew without one.")
            raise DomainError("bad_cursor", detail, status=400) from None

    def encode_cursor(self, cursor: Cursor) -> str:
        place = json.dumps(list(cursor)).encode()
        sealed = base64.urlsafe_b64encode(_cipher().encrypt(place, [self._place()]))
        text = sealed.decode().rstrip("=")
        return replace_query_param(str(self.base_url), "cursor", text)

    def _place(self) -> bytes:
        return f"{urlsplit(str(self.base_url)).path}|{'|'.join(self.ordering)}".encode()


def _cipher() -> AESSIV:
    return AESSIV(derive(settings.SECRET_KEY.encode(), "cursors of the API"))


class Endpoint(APIView):
    """Base of every REST view.

    A request that writes with an `Idempotency-Key`, or under `If-Match`, runs in one transaction
    with all that its handler does: work is enqueued on commit, and nobody outside is talked to.
    """

    # Whether answers to requests with an Idempotency-Key are kept. Not for files and parts of them,
    # for what is never told twice, and for what takes long or asks somebody outside.
    keeps_answers: ClassVar[bool] = True

    left: dict[str, Left] | None = None  # of the limits, by the permission that counts
    about: UUID | None = None  # the interview an answer is about, where the address has none

    def hold(self, **place: Any) -> None:
        """Hold what the address names until the transaction ends, for who changes it."""

    def page(
        self,
        request: Request,
        rows: QuerySet[Any],
        show: Callable[[Any], dict[str, Any]],
        ordering: tuple[str, ...],
        size: int = ByCursor.page_size,
    ) -> Response:
        """Return `{"next", "previous", "results"}` of the rows in this order.

        The order ends with a unique field and begins with one that is never null. A damaged row is
        left out. `size` is how many come where the request does not say.
        """
        paginator = ByCursor()
        paginator.ordering, paginator.page_size = ordering, size
        found: list[Model] = paginator.paginate_queryset(rows, request, view=self) or []
        return paginator.get_paginated_response(opened(found, show))

    # --- One request -----------------------------------------------------------------------------

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        self.args, self.kwargs = args, kwargs
        asked = self.request = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        try:
            self.initial(asked, *args, **kwargs)
            answer = self._answered(asked)
        except Exception as error:
            answer = self.handle_exception(error)
        self.response = self.finalize_response(asked, answer, *args, **kwargs)
        return self.response

    def _answered(self, request: Request) -> Any:
        method = request.method or ""
        handler = self.http_method_not_allowed
        if method.lower() in self.http_method_names:
            handler = getattr(self, method.lower(), handler)
        key = request.headers.get("Idempotency-Key") if self.keeps_answers else None
        wanted = request.headers.get("If-Match") if hasattr(self, "get") else None
        if method == "POST":
            wanted = None  # what it makes or does is not what GET shows
        if method in SAFE_METHODS or (key is None and wanted is None):
            return handler(request, *self.args, **self.kwargs)
        with transaction.atomic():
            row = None if key is None else self._begun(request, key)
            if isinstance(row, Answer):
                headers = {**row.headers, "Idempotency-Replayed": "true"}
                return Response(row.body, status=row.status, headers=headers)
            if wanted is not None:
                self._check(request, wanted)
            answer = handler(request, *self.args, **self.kwargs)
            if answer.status_code >= 400:
                transaction.set_rollback(True)
            elif row is not None:
                self._keep(row, answer)
        return answer

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        answer = super().finalize_response(request, response, *args, **kwargs)
        if self.left:
            answer.headers["RateLimit-Policy"] = ", ".join(
                f'"{name}";q={left.limit};w={left.period}' for name, left in self.left.items()
            )
            answer.headers["RateLimit"] = ", ".join(
                f'"{name}";r={left.count};t={left.seconds}' for name, left in self.left.items()
            )
        is_read = request.method in ("GET", "HEAD") and answer.status_code == 200
        if is_read and isinstance(answer, Response):
            known = request.headers.get("If-None-Match", "")
            answer.add_post_render_callback(lambda rendered: _marked(rendered, known))
        return answer

    # --- Done once -------------------------------------------------------------------------------

    def _begun(self, request: Request, key: str) -> Any:
        return idempotency.begin(
            user=cast("User", request.user),
            key=key,
            method=request.method or "",
            path=request.get_full_path(),
            content=request.body,
        )

    def _keep(self, row: Any, answer: Any) -> None:
        if not isinstance(answer, Response):  # a file
            idempotency.let_go(row)
            return
        body = None if answer.data is None else json.loads(JSONRenderer().render(answer.data))
        headers = {name: answer[name] for name in REPEATED_HEADERS if answer.has_header(name)}
        about = self.about or self.kwargs.get("session_id")
        idempotency.keep(row, Answer(answer.status_code, body, headers), about)

    # --- Conditions ------------------------------------------------------------------------------

    def _check(self, request: Request, wanted: str) -> None:
        """Raise DomainError `precondition_failed` where this is not what the client has seen."""
        self.hold(**self.kwargs)
        shown = self.get(clone_request(request, "GET"), *self.args, **self.kwargs)  # type: ignore[attr-defined]  # asked before
        tag = _tag(JSONRenderer().render(shown.data))
        if wanted.strip() != "*" and tag not in parse_etags(wanted):
            detail = _("This is not what If-Match names any more; read it again.")
            raise DomainError("precondition_failed", detail, status=412)


def _tag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _marked(answer: Any, known: str) -> Any:
    """Give an answer its ETag; return 304 in its place where the client has it."""
    tag = answer.headers["ETag"] = _tag(answer.content)
    if known.strip() != "*" and tag not in [one.removeprefix("W/") for one in parse_etags(known)]:
        return answer
    same = HttpResponseNotModified()
    for name in OF_NOT_MODIFIED:
        if answer.has_header(name):
            same.headers[name] = answer.headers[name]
    return same
