"""REST: who may see an interview besides who holds it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.queries import colleagues
from accounts.rest import Endpoint
from copilot.lib.openapi import paged
from sessions import access, services
from sessions.access import Level, Perm, Share
from sessions.models import Session
from sessions.serializers import listed_json
from sessions.shapes import InterviewListed, ShareShape

LONGEST = timedelta(days=3650)


class ShareInput(serializers.Serializer[Any]):
    """A colleague by id or e-mail address, what they may do, and until when."""

    user = serializers.IntegerField(required=False, min_value=1, max_value=2**62)
    email = serializers.EmailField(required=False, max_length=254)
    level = serializers.ChoiceField(choices=[level.value for level in Level], default=Level.VIEW)
    until = serializers.DateTimeField(required=False, allow_null=True, default=None)

    def validate_until(self, until: datetime | None) -> datetime | None:
        if until is not None and until > timezone.now() + LONGEST:
            raise serializers.ValidationError(_("Choose a day within the next ten years."))
        return until

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("user" in attrs) == ("email" in attrs):
            raise serializers.ValidationError(_("Name a colleague by user or by email."))
        return attrs


class VisibilityInput(serializers.Serializer[Any]):
    visibility = serializers.ChoiceField(choices=Session.Visibility.choices)


def _share_json(share: Share) -> dict[str, Any]:
    return {
        "user": share.user.pk,
        "name": share.user.display_name,
        "email": share.user.email,
        "level": share.level,
        "until": share.until.isoformat() if share.until else None,
    }


def _shares(session: Session) -> dict[int, Share]:
    return {share.user.pk: share for share in access.sharing(session) if share.level}


class Shares(Endpoint):
    """With whom an interview is shared; for its owner and the organization's admins."""

    @extend_schema(operation_id="shares_list", responses={200: paged(ShareShape)})
    def get(self, request: Request, session_id: UUID) -> Response:
        """Return with whom the interview is shared, those left out whose share has ended."""
        session = access.get_session(request.user, session_id, Perm.SHARE)
        shares = _shares(session)
        people = User.objects.filter(pk__in=shares)
        return self.page(request, people, lambda user: _share_json(shares[user.pk]), ("pk",))

    @extend_schema(operation_id="shares_give", request=ShareInput, responses={201: ShareShape})
    def post(self, request: Request, session_id: UUID) -> Response:
        """Share with a colleague of the organization, or change what one was given."""
        session = access.get_session(request.user, session_id, Perm.SHARE)
        given = ShareInput(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data
        colleague = _colleague(session, wanted)
        access.share(
            session=session, colleague=colleague, level=wanted["level"], until=wanted["until"]
        )
        share = Share(colleague, Level(wanted["level"]), wanted["until"])
        return Response(_share_json(share), status=201)


def _colleague(session: Session, wanted: dict[str, Any]) -> User:
    """Return the colleague that is meant; of other people nobody is told that they exist."""
    name = "user" if "user" in wanted else "email"
    everybody = [session.owner, *colleagues(session.owner, session.organization_id)]
    for person in everybody:
        if wanted[name] == person.pk or str(wanted[name]).casefold() == person.email:
            return person
    raise serializers.ValidationError({name: [_("There is no such colleague.")]})


class OneShare(Endpoint):
    @extend_schema(operation_id="shares_end", responses={204: None})
    def delete(self, request: Request, session_id: UUID, user_id: int) -> Response:
        """Share no longer with this colleague."""
        session = access.get_session(request.user, session_id, Perm.SHARE)
        share = _shares(session).get(user_id)
        if share is None:
            raise Http404("not shared")
        access.unshare(session=session, colleague=share.user)
        return Response(status=204)


class Visibility(Endpoint):
    @extend_schema(
        operation_id="shares_visibility", request=VisibilityInput, responses={200: InterviewListed}
    )
    def put(self, request: Request, session_id: UUID) -> Response:
        """Say who may open the interview: its owner, those it is shared with, or everybody."""
        session = access.get_session(request.user, session_id, Perm.SHARE)
        given = VisibilityInput(data=request.data)
        given.is_valid(raise_exception=True)
        services.set_visibility(session=session, **given.validated_data)
        return Response(listed_json(session))
