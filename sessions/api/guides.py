"""REST: guides."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.rest import Endpoint
from copilot.lib.openapi import paged
from sessions import access, guides
from sessions.guides.checks import Refused
from sessions.serializers import guide_head_json, guide_json
from sessions.shapes import GuideHead, GuideWritten, WholeGuide


class GuideInput(serializers.Serializer[Any]):
    """What goes with a guide; the guide itself is checked where it is written."""

    of_organization = serializers.BooleanField(required=False, allow_null=True, default=None)
    updated_at = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")


@contextmanager
def _by_field() -> Iterator[None]:
    """Answer what is wrong with a guide like what is wrong with any other form."""
    try:
        yield
    except Refused as refused:
        fields = {place: [problem] for place, problem in refused.problems.items()}
        raise serializers.ValidationError(fields) from None


class Guides(Endpoint):
    @extend_schema(operation_id="guides_list", responses={200: paged(GuideHead)})
    def get(self, request: Request) -> Response:
        """Return the guides of the organization, for who may prepare interviews."""
        found = access.guides_visible_to(request.user)
        return self.page(request, found, guide_head_json, ("title", "pk"))

    @extend_schema(
        operation_id="guides_create", request=GuideWritten, responses={201: WholeGuide, 404: None}
    )
    def post(self, request: Request) -> Response:
        """Make a guide of one's own or, as an admin, one `of_organization`."""
        organization = access.home_of_guides(request.user)
        given = GuideInput(data=request.data)
        given.is_valid(raise_exception=True)
        with _by_field():
            guide = guides.create(
                organization=organization,
                by=cast("User", request.user),
                plan=request.data,
                of_organization=bool(given.validated_data["of_organization"]),
            )
        return Response(guide_json(guide), status=201)


class Guide(Endpoint):
    @extend_schema(operation_id="guides_get", responses={200: WholeGuide})
    def get(self, request: Request, guide_id: UUID) -> Response:
        """Return a guide with its competencies and questions."""
        return Response(guide_json(access.get_guide(request.user, guide_id)))

    def hold(self, **place: Any) -> None:
        access.lock_guide(place["guide_id"])

    @extend_schema(operation_id="guides_write", request=GuideWritten, responses={200: WholeGuide})
    def put(self, request: Request, guide_id: UUID) -> Response:
        """Write the whole guide: what comes with an id stays, what is not named is deleted.

        `updated_at` is that of the guide you saw; under `If-Match` it may be left out.
        """
        guide = access.get_guide(request.user, guide_id, edit=True)
        given = GuideInput(data=request.data)
        given.is_valid(raise_exception=True)
        seen = given.validated_data["updated_at"]
        if not seen and "If-Match" in request.headers:  # the guide is held since that was looked at
            seen = guide.updated_at.isoformat()
        with _by_field():
            guide = guides.change(
                guide=guide,
                by=cast("User", request.user),
                plan=request.data,
                seen=seen,
                of_organization=given.validated_data["of_organization"],
            )
        return Response(guide_json(guide))

    @extend_schema(operation_id="guides_delete", responses={204: None})
    def delete(self, request: Request, guide_id: UUID) -> Response:
        """Delete a guide; interviews that have begun keep the one they were held by."""
        guides.delete(guide=access.get_guide(request.user, guide_id, edit=True))
        return Response(status=204)
