"""The access matrix: every person of the cast at every door that the URL configuration has."""

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from django.apps import apps
from django.conf import settings
from django.core.cache import cache
from django.db import models, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

from accounts import audit, invitations
from accounts.kinds import Event
from accounts.models import ApiToken, AuditEntry, User
from insights.analyzers.base import Finding
from insights.cards import store_finding
from insights.kinds import Kind
from insights.models import AtsConnection, AtsRemoval, LlmSpending, SummaryTemplate
from insights.webhooks import endpoints
from sessions import candidates, notices, receipts
from sessions.models import Erasure, Guide
from sessions.notes import add_note
from tests.factories import (
    Cast,
    go_live,
    make_bank_question,
    make_cast,
    make_session,
    make_token,
    say,
)
from tests.flows.matrix import (
    PEOPLE,
    PROVE,
    RULES,
    SCOPES,
    SIGN_IN,
    SIGNED_IN,
    Answer,
    Row,
    doors,
)
from transcription.models import Upload

pytestmark = pytest.mark.django_db


def a_credential() -> dict[str, Any]:
    """Return what a browser says about a passkey it has made."""
    point = generate_private_key(SECP256R1()).public_key()
    key = AttestedCredentialData.create(bytes(16), b"id", ES256.from_cryptography_key(point))
    made = AuthenticatorData.create(bytes(32), AuthenticatorData.FLAG.AT, 0, key)
    return {
        "id": "aWQ",
        "rawId": "aWQ",
        "type": "public-key",
        "clientExtensionResults": {},
        "response": {
            "clientDataJSON": websafe_encode(
                b'{"type":"webauthn.create","challenge":"YQ","origin":"http://testserver"}'
            ),
            "attestationObject": websafe_encode(AttestationObject.create("none", made, {})),
        },
    }


class World:
    """The cast, signed in, and one object of each kind to put into an address."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        session = go_live(cast.session)
        line = say(session, "I have worked with AWS for three years.")
        card = store_finding(
            session_id=session.pk,
            finding=Finding(Kind.QUESTION, "Which part?", "worked with AWS", (str(line.pk),)),
            state="complete",
            source="rules",
        )
        here = cast.organization
        invitation, link = invitations.invite(
            organization=here, email="new@example.com", role="viewer", invited_by=cast.ada
        )
        recorded = make_session(cast.olga, here)
        upload = Upload.objects.create(session=recorded, created_by=cast.olga, size=1_000_000)
        guide = Guide.objects.create(organization=here, title="Backend")
        competency = guide.competencies.create(name="Design")
        planned = competency.questions.create(text="How?")
        session.guide = guide
        session.save(update_fields=["guide"])
        way = candidates.make_link(session=session, by=cast.olga)
        passkey = Authenticator.objects.create(
            user=cast.olga, type="webauthn", data={"name": "Key", "credential": a_credential()}
        )
        self.tokens = {scope: make_token(cast.olga, here, scope) for scope in SCOPES}
        audit.record(Event.SESSION_VIEWED, organization_id=here.pk, obj=session)
        self.cookies: dict[str, str] = {}
        self.root = User.objects.create_superuser("root@example.com", "x")
        self.values: dict[str, Any] = {
            "session_id": session.pk,
            "insight_id": card.pk,
            "segment_id": line.pk,
            "note_id": add_note(session=session, author=cast.olga, text="Mine.").pk,
            "request_id": candidates.ask(link=way[0], kind="copy").pk,
            "question": planned.pk,
            "number": 1,
            "upload_id": upload.pk,
            "guide_id": guide.pk,
            "device_id": card.pk,  # no device's
            "channel": "candidate",
            "token_id": ApiToken.objects.get(user=cast.olga, scopes=["audio"]).pk,
            "user_id": cast.sam.pk,
            "membership_id": cast.sam.memberships.get().pk,
            "token": link,
            "pk": passkey.pk,
            "id": cast.sam.pk,
            "uidb36": "1",
            "key": "set-password",
            "provider_id": "nobody",
            "app_label": "accounts",
            "url": "nowhere",
        }
        connection = AtsConnection.objects.create(
            organization=here, name="ATS", kind="generic", base_url="https://ats.example.org"
        )
        self.values |= {"connection_id": connection.pk, "delivery_id": card.pk}  # no delivery's
        AtsRemoval.objects.create(
            organization=here, connection=connection, session_id=uuid4(), state="failed"
        )
        webhook, _secret = endpoints.create(
            organization=here, url="https://hooks.example.com/", by=cast.ada
        )
        message = endpoints.test(webhook=webhook)
        self.values |= {"webhook_id": webhook.pk, "message_id": message.pk}
        LlmSpending.objects.create(organization=here, day=date(2026, 1, 5))
        SummaryTemplate.objects.create(organization=here, name="Short")
        make_bank_question(here, "What did you measure?")
        erasure = Erasure.objects.create(
            organization=here, session_id=uuid4(), reason="expired", started_at=timezone.now()
        )
        receipts.sign(erasure)
        erasure.save()
        notice = notices.publish(
            organization=here, country="", language="en", text="Ours.", by=cast.ada
        )
        self.values |= {
            "organization": here.slug,
            "erasure_id": erasure.pk,
            "notice_id": notice.pk,
        }
        self.objects: dict[type[models.Model], models.Model] = {
            User: cast.sam,
            AuditEntry: AuditEntry.objects.filter(organization=here).first(),
            type(invitation): invitation,
            type(here): here,
            type(session): session,
            Guide: guide,
            type(competency): competency,
        }

        for person in SIGNED_IN:
            client = Client()
            client.force_login(self.root if person == "root" else getattr(cast, person))
            self.cookies[person] = client.cookies[settings.SESSION_COOKIE_NAME].value

    def client_of(self, person: str) -> Client:
        if person.startswith("token:"):
            bearer = self.tokens[person.removeprefix("token:")]
            return Client(headers={"Authorization": f"Bearer {bearer}"})
        client = Client()
        if person in self.cookies:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.cookies[person]
        return client

    def address(self, route: str) -> str:
        """Put the objects of this world into a route of the URL configuration."""
        values = dict(self.values)
        if found := re.match(r"admin/(\w+)/(\w+)/", route):
            model = apps.get_model(*found.groups())
            mine = (
                self.objects.get(model)
                or model.objects.filter(
                    **{
                        "organization" if hasattr(model, "organization") else "pk__isnull": (
                            self.cast.organization if hasattr(model, "organization") else False
                        )
                    }
                ).first()
            )
            values["object_id"] = mine.pk
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda m: str(values[m[1]]), _plain(route))
        return f"/{path}"


def _plain(route: str) -> str:
    """Turn a route's regular expressions into the form of paths."""
    route = re.sub(r"\(\?P<(\w+)>[^()]*\)", r"<\1>", route)
    return route.replace("^", "").replace("$", "")


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker) -> Iterator[World]:
    """One world for all doors, in a transaction that is rolled back: making it takes a while."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield World(make_cast())
        transaction.set_rollback(True)


def ask(client: Client, method: str, address: str, row: Row) -> Answer:
    """Return how one request is answered, and leave nothing of it behind."""
    body = row.body if row.form else json.dumps(row.body)
    kind = {} if row.form else {"content_type": "application/json"}
    given = {} if method == "get" else {"data": body, **kind}
    if method in ("put", "patch", "delete") and row.form:
        given = {"data": "", "content_type": "application/x-www-form-urlencoded"}
    point = transaction.savepoint()
    try:
        answer = getattr(client, method)(address, **given)
    finally:
        transaction.savepoint_rollback(point)
        cache.clear()  # nobody's requests count against the next person
    for kind, place in ((SIGN_IN, "account_login"), (PROVE, "account_reauthenticate")):
        if answer.status_code == 302 and answer.url.partition("?")[0] == reverse(place):
            return kind
    return answer.status_code


def test_every_door_has_a_row_and_every_row_a_door():
    assert set(RULES) == set(doors())


@pytest.mark.parametrize("door", sorted(set(doors())), ids=lambda door: f"{door[1]} {door[0]}")
def test_each_person_passes_exactly_their_doors(world, door):
    route, method = door
    row = RULES[door]
    clients = {person: world.client_of(person) for person in PEOPLE}
    got = {p: ask(client, method, world.address(route), row) for p, client in clients.items()}
    assert got == {person: row.rule(person) for person in PEOPLE}
