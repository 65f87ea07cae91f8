"""People, organizations and interviews for tests; plain functions with defaults."""

import os
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.test import Client
from django.utils import timezone

from accounts import tokens
from accounts.models import Organization, User
from accounts.roles import Role
from accounts.services import add_member, create_organization, deactivate
from insights.models import BankQuestion
from sessions import access, consents, services
from sessions.models import Session, SessionUserObjectPermission
from transcription import uploads
from transcription.models import Segment, Upload
from transcription.pipeline import SegmentDraft
from transcription.services import open_stream, save_segment

PASSWORD = "correct-horse-battery"


@dataclass
class Cast:
    """Olga owns; Sam may view, Cora comment, Eve's share has ended; Mia is a colleague, Vic a
    viewer, Ada administers; Otto administers another organization, and Lea left."""

    organization: Organization
    elsewhere: Organization
    olga: User
    sam: User
    cora: User
    eve: User
    mia: User
    vic: User
    ada: User
    otto: User
    lea: User
    session: Session


def make_user(organization: Organization, name: str, role: Role = Role.INTERVIEWER) -> User:
    user = User.objects.create_user(f"{name}@{organization.slug}.example", PASSWORD, name=name)
    add_member(organization=organization, user=user, role=role)
    return user


def client_of(user: User) -> Client:
    """Return a browser in which somebody is signed in."""
    client = Client()
    client.force_login(user)
    return client


def make_session(owner: User, organization: Organization, **fields: object) -> Session:
    wanted = {"title": "Backend engineer", "job": "Backend engineer", **fields}
    return services.create_session(owner=owner, organization=organization, **wanted)


def make_cast() -> Cast:
    here = create_organization(name="Here", slug="here")
    there = create_organization(name="There", slug="there")
    olga = make_user(here, "olga")
    lea = make_user(here, "lea")
    cast = Cast(
        organization=here,
        elsewhere=there,
        olga=olga,
        sam=make_user(here, "sam"),
        cora=make_user(here, "cora"),
        eve=make_user(here, "eve"),
        mia=make_user(here, "mia"),
        vic=make_user(here, "vic", Role.VIEWER),
        ada=make_user(here, "ada", Role.ADMIN),
        otto=make_user(there, "otto", Role.ADMIN),
        lea=lea,
        session=make_session(olga, here, candidate_name="Daniel Reyes"),
    )
    access.share(session=cast.session, colleague=cast.sam)
    access.share(session=cast.session, colleague=cast.cora, level="comment")
    share_until(cast.session, cast.eve, timezone.now() - timedelta(minutes=1))
    access.share(session=cast.session, colleague=lea)
    deactivate(membership=lea.memberships.get())
    lea.refresh_from_db()
    return cast


def share_until(session: Session, user: User, until: datetime) -> None:
    """Share with an end that may lie in the past already."""
    access.share(session=session, colleague=user)
    SessionUserObjectPermission.objects.filter(content_object=session, user=user).update(
        until=until
    )


def make_token(user: User, organization: Organization, *scopes: str) -> str:
    """Return the secret of an API token."""
    _token, raw = tokens.create(
        user=user, organization=organization, name="test", scopes=scopes, days=1
    )
    return raw


def go_live(session: Session) -> Session:
    """Note the consent and start the interview."""
    consents.record_consent(session=session, noted_by=session.owner, method="verbal")
    return services.start_session(session=session)


def make_upload(owner: User, organization: Organization, **fields: object) -> Upload:
    wanted = {"title": "Recorded", "size": 1_000_000, "consent": "written", **fields}
    return uploads.create_upload(owner=owner, organization=organization, **wanted)


def say(session: Session, text: str, *, role: str = "candidate", start: int = 0) -> Segment:
    """Store one line as if it had been heard at sample `start`."""
    opened = open_stream(session_id=session.pk, role=role, offset=0, origin_ms=0)
    draft = SegmentDraft(text, (), start, start + 16_000, 0.9, "scripted", {})
    return save_segment(opened=opened, draft=draft, language="en")


def make_bank_question(organization: Organization, text: str, **fields: object) -> BankQuestion:
    question = BankQuestion(organization=organization, fingerprint=os.urandom(16), **fields)
    question.text = text
    question.save()
    return question
