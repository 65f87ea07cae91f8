"""REST: oneself and one's API tokens."""

from typing import Any, cast
from uuid import UUID

from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import tokens
from accounts.authentication import InScope, WithinLimits
from accounts.models import ApiToken, User
from accounts.queries import memberships_of, organizations_requiring_more
from accounts.rest import Endpoint
from accounts.roles import Scope
from accounts.shapes import Me as MeShape
from accounts.shapes import NewToken, TokenShape
from accounts.tokens import MAX_DAYS
from copilot.lib.errors import DomainError
from copilot.lib.openapi import paged


def _token_json(token: ApiToken) -> dict[str, Any]:
    return {
        "id": str(token.pk),
        "name": token.name,
        "begins_with": token.prefix,
        "organization": str(token.organization_id),
        "scopes": token.scopes,
        "created_at": token.created_at.isoformat(),
        "expires_at": token.expires_at.isoformat(),
        "last_used_at": token.last_used_at.isoformat() if token.last_used_at else None,
        "revoked_at": token.revoked_at.isoformat() if token.revoked_at else None,
    }


class Me(Endpoint):
    @extend_schema(operation_id="me_get", responses={200: MeShape})
    def get(self, request: Request) -> Response:
        """Return who you are, where you belong with which role, and by which token you came."""
        user = cast("User", request.user)
        organizations = [
            {
                "id": str(m.organization_id),
                "name": m.organization.name,
                "slug": m.organization.slug,
                "role": m.role,
            }
            for m in memberships_of(user)
        ]
        waiting = [
            {"id": str(organization.pk), "name": organization.name}
            for organization in organizations_requiring_more(user)
            if user.border in (None, organization.pk)
        ]
        me = {
            "id": user.pk,
            "email": user.email,
            "name": user.display_name,
            "organizations": organizations,
            "second_factor_required_by": waiting,
            "token": _token_json(user.api_token) if user.api_token else None,
        }
        return Response(me)


class TokenInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=80)
    organization = serializers.UUIDField(
        required=False, help_text="Of several organizations the one it is for."
    )
    scopes = serializers.MultipleChoiceField(
        choices=[scope.value for scope in Scope], allow_empty=False
    )
    days = serializers.IntegerField(min_value=1, max_value=MAX_DAYS, default=90)


class Tokens(Endpoint):
    keeps_answers = False  # a secret is told once and stored nowhere

    @extend_schema(operation_id="tokens_list", responses={200: paged(TokenShape)})
    def get(self, request: Request) -> Response:
        """Return your API tokens, the newest first; a token sees itself alone."""
        rows = _of(cast("User", request.user))
        return self.page(request, rows, _token_json, ("-created_at", "-pk"))

    @extend_schema(operation_id="tokens_create", request=TokenInput, responses={201: NewToken})
    def post(self, request: Request) -> Response:
        """Make a token; for people who have just proved who they are, never by a token.

        403 `proof_required`: the page `proof_url` asks for the proof.
        """
        user = cast("User", request.user)
        if user.api_token is None and is_reauthentication_required(request._request, app=""):
            detail = _("Prove once more who you are, then try again.")
            url = request.build_absolute_uri(reverse("account_reauthenticate"))
            raise DomainError("proof_required", detail, status=403, proof_url=url)
        given = TokenInput(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data
        places = [m.organization for m in memberships_of(user)]
        if "organization" in wanted:
            places = [place for place in places if place.pk == wanted["organization"]]
        if not places:
            raise DomainError("not_a_member", _("You are not a member there."), status=403)
        token, secret = tokens.create(
            user=user,
            organization=places[0],
            name=wanted["name"],
            scopes=wanted["scopes"],
            days=wanted["days"],
        )
        return Response({**_token_json(token), "secret": secret}, status=201)


class InScopeOrItself(InScope):
    """A token may look at itself and end itself, whatever its scopes."""

    def has_permission(self, request: Request, view: Any) -> bool:
        token = getattr(request.user, "api_token", None)
        itself = token is not None and token.pk == view.kwargs.get("token_id")
        return itself or super().has_permission(request, view)


class Token(Endpoint):
    permission_classes = [IsAuthenticated, WithinLimits, InScopeOrItself]

    @extend_schema(operation_id="tokens_get", responses={200: TokenShape})
    def get(self, request: Request, token_id: UUID) -> Response:
        """Return one of your tokens; a token sees itself alone."""
        return Response(_token_json(_own(request, token_id)))

    @extend_schema(operation_id="tokens_revoke", responses={204: None})
    def delete(self, request: Request, token_id: UUID) -> Response:
        """Revoke a token at once; its open sockets close. A token may revoke itself alone."""
        tokens.revoke(token=_own(request, token_id))
        return Response(status=204)


def _of(user: User) -> QuerySet[ApiToken]:
    """Return the tokens that somebody may look at: all of their own, by a token only itself."""
    found = tokens.of_programs(user)
    if user.api_token is not None:
        found = found.filter(pk=user.api_token.pk)
    elif user.border is not None:
        found = found.filter(organization=user.border)
    return found


def _own(request: Request, token_id: UUID) -> ApiToken:
    token = _of(cast("User", request.user)).filter(pk=token_id).first()
    if token is None:
        raise Http404("no such token")
    return token
