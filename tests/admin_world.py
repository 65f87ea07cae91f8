"""Two organizations with one of everything, and every address of the admin site."""

import re
import time
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

from allauth.account.internal.flows import login
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import URLPattern, URLResolver
from django.utils import timezone

from accounts import invitations, tokens
from accounts.models import ApiToken, AuditEntry, Invitation, Membership, Organization, User
from accounts.roles import Role, Scope
from accounts.services import create_organization
from insights.models import (
    AtsConnection,
    AtsRemoval,
    BankQuestion,
    LlmSpending,
    SummaryTemplate,
    Webhook,
    WebhookDelivery,
)
from insights.webhooks import endpoints
from sessions.models import Erasure, Guide, Session
from tests.factories import make_bank_question, make_session, make_user

CANDIDATE = "Quixotia Candidatova"
FOREIGN = "zanzibar"  # is in every name of the other organization


@dataclass
class World:
    """One organization; its objects by model."""

    organization: Organization
    admin: User
    interviewer: User
    viewer: User
    objects: dict[type[models.Model], Any]


def make_world(name: str) -> World:
    organization = create_organization(name=name, slug=name)
    boss = make_user(organization, f"{name}-admin", Role.ADMIN)
    interviewer = make_user(organization, f"{name}-interviewer")
    viewer = make_user(organization, f"{name}-viewer", Role.VIEWER)
    guide = Guide.objects.create(organization=organization, title=f"{name} guide")
    competency = guide.competencies.create(name=f"{name} competency")
    competency.questions.create(text=f"{name} question")
    session = make_session(
        interviewer,
        organization,
        title=f"{name} interview",
        job=f"{name} job",
        candidate_name=CANDIDATE,
        profile=f"{CANDIDATE} wrote {name}",
        guide=guide,
    )
    invitation, _link = invitations.invite(
        organization=organization,
        email=f"new@{name}.example",
        role=Role.INTERVIEWER,
        invited_by=boss,
    )
    token, _raw = tokens.create(
        user=interviewer, organization=organization, name=f"{name} key", scopes=[Scope.READ], days=9
    )
    ats = AtsConnection(
        organization=organization, name=f"{name} ats", kind="lever", base_url="https://ats.example"
    )
    ats.credential = f"{name}-credential"
    ats.save()
    removal = AtsRemoval(
        organization=organization,
        connection=ats,
        session_id=uuid4(),
        state="failed",
        error="by_hand",
        remote={"target": {"candidate": f"{name}-candidate", "application": ""}, "parts": {}},
    )
    removal.save()
    webhook, _secret = endpoints.create(
        organization=organization, url=f"https://{name}.example/hook", by=boss
    )
    spending = LlmSpending.objects.create(
        organization=organization, day=date(2026, 1, 5), calls=3, tokens_in=900, cost=0.01
    )
    erasure = Erasure.objects.create(
        organization=organization,
        session_id=uuid4(),
        reason=Erasure.Reason.PERSON,
        started_at=timezone.now(),
    )
    return World(
        organization=organization,
        admin=boss,
        interviewer=interviewer,
        viewer=viewer,
        objects={
            ApiToken: token,
            AtsConnection: ats,
            AtsRemoval: removal,
            AuditEntry: organization.audit_entries.first(),
            Erasure: erasure,
            BankQuestion: make_bank_question(organization, f"What did {name} measure?"),
            Guide: guide,
            Invitation: invitation,
            LlmSpending: spending,
            Membership: Membership.objects.get(user=interviewer),
            Organization: organization,
            Session: session,
            SummaryTemplate: SummaryTemplate.objects.create(
                organization=organization, name=f"{name} template", is_default=True
            ),
            User: interviewer,
            Webhook: webhook,
            WebhookDelivery: endpoints.test(webhook=webhook),
        },
    )


def signed_in(user: User, *, proven: bool = True) -> Client:
    """Return a client signed in; `proven`: who entered the password a moment ago."""
    client = Client()
    client.force_login(user)
    record = {"method": "password", "at": time.time(), "reauthenticated": proven}
    session = client.session
    session[login.AUTHENTICATION_METHODS_SESSION_KEY] = [record]
    session[login._AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(user.pk)
    session.save()
    return client


def addresses() -> list[tuple[str, type[models.Model] | None]]:
    """Return every route below /admin/ with the model it belongs to."""
    found: list[tuple[str, type[models.Model] | None]] = []
    by_place = {f"{m._meta.app_label}/{m._meta.model_name}/": m for m in admin.site._registry}

    def walk(patterns: list[Any], prefix: str, model: type[models.Model] | None) -> None:
        for entry in patterns:
            route = prefix + str(entry.pattern)
            if isinstance(entry, URLResolver):
                walk(entry.url_patterns, route, by_place.get(str(entry.pattern)))
            elif isinstance(entry, URLPattern):
                found.append((route, model))

    walk(admin.site.urls[0], "/admin/", None)
    return found


def fill(route: str, model: type[models.Model] | None, world: World) -> str:
    """Put the objects of a world into a route; a parameter nobody thought of fails the test."""
    if "(?P<app_label>" in route:
        return "/admin/interviews/"
    if "(?P<url>" in route:
        return "/admin/nothing/here"
    parts = {
        "<path:object_id>": model and world.objects[model].pk,
        "<id>": model and world.objects[model].pk,
        "<int:membership_id>": world.objects[Membership].pk,
    }
    for part, value in parts.items():
        route = route.replace(part, str(value))
    assert "<" not in route, f"give {route} a value here"
    return route


OBJECT = re.compile(r"<(path:object_id|id|int:membership_id)>")


def takes_object(route: str) -> bool:
    return bool(OBJECT.search(route))


def without_object(route: str) -> str:
    """Return an address of the route where nothing is."""
    return OBJECT.sub("999999999", route)
