"""What `test_schemathesis.py` puts into addresses: one object of each kind, made in the product.

It runs inside the served product, `make()` once for each operation, so that what one operation
destroys is there for the next one.
"""

import json

from accounts.models import Organization, User
from accounts.roles import Role
from accounts.services import create_organization
from insights.analyzers.base import Finding
from insights.cards import store_finding
from insights.kinds import Kind
from insights.models import AtsConnection, Webhook, WebhookDelivery
from sessions import access, candidates, consents, notes, services
from sessions.models import Guide, Session
from tests.factories import go_live, make_session, make_token, make_user, say
from transcription.models import Upload

NOWHERE = "https://receiver.invalid/"


def begin() -> str:
    """Make two organizations; return the tokens of their admins as JSON."""
    here = create_organization(name="Probed", slug="probed")
    there = create_organization(name="Prober", slug="prober")
    mine = make_user(here, "anna", Role.ADMIN)
    make_user(here, "ben")
    foreign = make_user(there, "otto", Role.ADMIN)
    return json.dumps(
        {
            "own": make_token(mine, here, "read", "write"),
            "foreign": make_token(foreign, there, "read", "write"),
        }
    )


def make(state: str) -> str:
    """Make what ids of an address may name, around an interview in `state`; return them as JSON."""
    here = Organization.objects.get(slug="probed")
    anna = User.objects.get(email="anna@probed.example")
    ben = User.objects.get(email="ben@probed.example")
    guide = Guide.objects.create(organization=here, title="Backend", owner=anna)
    competency = guide.competencies.create(name="Design")
    planned = competency.questions.create(text="How did you measure it?")
    session = make_session(anna, here, guide=guide, candidate_name="Daniel Reyes")
    access.share(session=session, colleague=ben)
    link, _path = candidates.make_link(session=session, by=anna)
    ids = {
        "session_id": str(session.pk),
        "guide_id": str(guide.pk),
        "user_id": ben.pk,
        "question": planned.pk,
        "number": 1,
        **_of_organization(here),
    }
    if state == "draft":
        consents.record_consent(session=session, noted_by=anna, method="verbal")
    else:
        go_live(session)
        ids |= _said(session, anna)
        ids["request_id"] = str(candidates.ask(link=link, kind="copy").pk)
    if state == "ended":
        services.end_session(session=session)
    recorded = make_session(anna, here)
    upload = Upload.objects.create(session=recorded, created_by=anna, size=1_000_000)
    return json.dumps({**ids, "upload_id": str(upload.pk)})


def _said(session: Session, author: User) -> dict[str, str]:
    say(session, "Tell me about your work with AWS.", role="interviewer")
    line = say(session, "I have worked with AWS for three years.", start=32_000)
    finding = Finding(Kind.QUESTION, "Which part?", "worked with AWS", (str(line.pk),))
    card = store_finding(session_id=session.pk, finding=finding, state="complete", source="rules")
    note = notes.add_note(session=session, author=author, text="Ask about load.")
    return {"segment_id": str(line.pk), "insight_id": str(card.pk), "note_id": str(note.pk)}


def _of_organization(here: Organization) -> dict[str, str]:
    connection = AtsConnection.objects.create(
        organization=here, name="ATS", kind="generic", base_url=NOWHERE
    )
    # Switched off: what happens here is told to nobody.
    webhook = Webhook(organization=here, url=NOWHERE, is_active=False)
    webhook.secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    webhook.save()
    told = WebhookDelivery.objects.create(
        webhook=webhook,
        event="webhook.test",
        state="failed",
        body={"type": "webhook.test", "timestamp": "2026-01-05T10:00:00+00:00", "data": {}},
    )
    return {
        "connection_id": str(connection.pk),
        "webhook_id": str(webhook.pk),
        "webhook_delivery_id": str(told.pk),
    }
