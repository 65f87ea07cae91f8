"""REST: the list of interviews, narrowed down and sorted; a new interview."""

from typing import Any, cast

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce, Lower
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.rest import Endpoint
from copilot.lib.openapi import paged
from sessions import access
from sessions.api import preparing
from sessions.api.preparing import PreparedInput
from sessions.models import Session
from sessions.serializers import RELATED, detail_json, listed_json
from sessions.shapes import InterviewForYou, InterviewListed
from sessions.states import Status

# What each order sorts by. An interview that has not begun is sorted by when it was made.
SORTED = {
    "created_at": "created_at",
    "started_at": "begun_at",
    "title": "title_lower",
}
ORDERS = [sign + name for name in SORTED for sign in ("", "-")]


class ListInput(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=[status.value for status in Status], required=False)
    owner = serializers.ChoiceField(choices=["me"], required=False)
    language = serializers.CharField(max_length=8, required=False)
    q = serializers.CharField(
        max_length=160, required=False, help_text="A part of the title or the job."
    )
    created_after = serializers.DateTimeField(required=False)
    created_before = serializers.DateTimeField(required=False)
    started_after = serializers.DateTimeField(required=False)
    started_before = serializers.DateTimeField(required=False)
    ordering = serializers.ChoiceField(choices=ORDERS, default="-created_at")


def _narrowed(rows: QuerySet[Session], wanted: dict[str, Any], user: User) -> QuerySet[Session]:
    if "q" in wanted:
        rows = rows.filter(Q(title__icontains=wanted["q"]) | Q(job__icontains=wanted["q"]))
    if "owner" in wanted:
        rows = rows.filter(owner=user)
    same: dict[str, Any] = {name: wanted[name] for name in ("status", "language") if name in wanted}
    for name in ("created", "started"):
        for edge, comparison in (("after", "gte"), ("before", "lt")):
            if f"{name}_{edge}" in wanted:
                same[f"{name}_at__{comparison}"] = wanted[f"{name}_{edge}"]
    return rows.filter(**same)


class SessionList(Endpoint):
    @extend_schema(
        operation_id="sessions_list",
        parameters=[ListInput],
        responses={200: paged(InterviewListed)},
    )
    def get(self, request: Request) -> Response:
        """Return the interviews that you may see, the newest first unless told otherwise.

        `…_after` takes in its moment, `…_before` does not. Candidates' names and addresses are
        sealed and not searched.
        """
        given = ListInput(data=request.query_params)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data
        user = cast("User", request.user)
        rows = _narrowed(access.sessions_visible_to(user), wanted, user)
        rows = rows.annotate(
            begun_at=Coalesce("started_at", "created_at"), title_lower=Lower("title")
        )
        sign = "-" if wanted["ordering"].startswith("-") else ""
        by = sign + SORTED[wanted["ordering"].removeprefix("-")]
        return self.page(request, rows.prefetch_related(*RELATED), listed_json, (by, f"{sign}pk"))

    @extend_schema(
        operation_id="sessions_create",
        request=PreparedInput,
        responses={201: InterviewForYou, 404: None},
    )
    def post(self, request: Request) -> Response:
        """Prepare an interview; what is left out is as the page of a new one has it."""
        user = cast("User", request.user)
        organization = access.home_of_guides(user)
        given = PreparedInput(data=request.data)
        given.is_valid(raise_exception=True)
        made = preparing.create(given.validated_data, user=user, organization=organization)
        self.about = made.pk
        headers = {"Location": request.build_absolute_uri(f"{made.pk}/")}
        return Response(detail_json(made, access.perms_of(user, made)), 201, headers=headers)
