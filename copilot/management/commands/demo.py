"""Fill an empty installation with an organization, people, guides and three interviews."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from accounts.models import Organization, User
from accounts.roles import Role
from accounts.services import add_member, create_organization
from insights.analysis import analyze_session
from sessions import access, consents, guides, services
from sessions.models import Guide, Session
from transcription.engines.base import SAMPLE_RATE
from transcription.pipeline import SegmentDraft
from transcription.services import OpenStream, open_stream, save_segment

DATA = Path(__file__).resolve().parent.parent / "demo.json"
WORDS_PER_SECOND = 2.6  # ordinary speech


class Command(BaseCommand):
    help = "Create the demo organization, its people, guides and three interviews; once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--greeting", metavar="URL", help="print logins and what to try")

    def handle(self, *, greeting: str | None, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("the demo has passwords everybody knows: not in production")
        plan = json.loads(DATA.read_text())
        if not Organization.objects.filter(slug=plan["organization"]["slug"]).exists():
            create(plan)
        if greeting:
            self.greet(plan, greeting)

    def greet(self, plan: dict[str, Any], url: str) -> None:
        self.stdout.write(f"\n  {url}\n\n  Logins (password {plan['password']}):")
        for person in plan["people"]:
            self.stdout.write(f"    {person['email']:<26} {person['role']}")
        self.stdout.write(
            f"""
  Try: sign in as ines, open "{plan["ready"]["title"]}", note the consent,
       press "Play sample interview" and watch transcript and cards appear.
       Sign in as sam in a second browser: the interview is shared with him.
       Sign in as ada and open Administration: members, invitations, guides, audit.
"""
        )


@transaction.atomic
def create(plan: dict[str, Any]) -> None:
    organization = create_organization(**plan["organization"])
    organization.retention_hours = plan["retention_hours"]
    organization.save()
    people = {p["email"]: _person(organization, p, plan["password"]) for p in plan["people"]}
    ada, ines, sam, vera = people.values()
    guide, *_more = [_guide(organization, entry, ada, people) for entry in plan["guides"]]
    ready = plan["ready"]
    session = services.create_session(
        owner=ines,
        organization=organization,
        title=ready["title"],
        job=ready["job"],
        candidate_name=ready["candidate"],
        profile=ready["profile"],
        guide=guide,
        planned_minutes=ready["minutes"],
        is_sample=True,
    )
    access.share(session=session, colleague=sam, level="comment")
    for number, script in enumerate(plan["finished"]):
        finished = _finished(organization, (ines, sam)[number], script)
        access.share(session=finished, colleague=vera)


def _person(organization: Organization, person: dict[str, str], password: str) -> User:
    user = User.objects.create_user(person["email"], password, name=person["name"])
    add_member(organization=organization, user=user, role=Role(person["role"]))
    return user


def _guide(
    organization: Organization, plan: dict[str, Any], admin: User, people: dict[str, User]
) -> Guide:
    """Write a guide: the person's it names, else the organization's."""
    owner = people.get(plan.get("owner", ""))
    return guides.create(
        organization=organization, by=owner or admin, plan=plan, of_organization=owner is None
    )


def _finished(organization: Organization, owner: User, script: dict[str, Any]) -> Session:
    """Hold an interview from its script through the services that a real one goes through."""
    session = services.create_session(
        owner=owner,
        organization=organization,
        title=script["title"],
        job=script["job"],
        candidate_name=script["candidate"],
        profile=script["profile"],
        planned_minutes=30,
    )
    consents.record_consent(session=session, noted_by=owner, method="verbal")
    began = timezone.now() - timedelta(days=script["days_ago"])
    services.start_session(session=session, at=began)
    streams: dict[str, OpenStream] = {}
    at = 0.5
    for role, text in script["lines"]:
        if role not in streams:
            streams[role] = open_stream(
                session_id=session.pk, role=role, offset=0, engine="scripted", origin_ms=0
            )
        seconds = len(text.split()) / WORDS_PER_SECOND
        draft = SegmentDraft(
            text=text,
            words=(),
            start=int(at * SAMPLE_RATE),
            end=int((at + seconds) * SAMPLE_RATE),
            confidence=1.0,
            engine="scripted",
            kinds={},
        )
        save_segment(opened=streams[role], draft=draft, language=session.language)
        at += seconds + 1.0
    analyze_session(session_id=session.pk)
    return services.end_session(session=session, at=began + timedelta(seconds=at))
