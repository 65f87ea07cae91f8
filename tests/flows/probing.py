"""What `test_schemathesis.py` puts into addresses: one object of each kind, made in the product.

It runs inside the served product, `make()` anew for each operation that writes, so that what one
destroys is there for the next one.
"""

import json

from accounts import tokens
from accounts.models import ApiToken, Organization, User
from accounts.roles import Role
from accounts.services import create_organization
from insights.analyzers.base import Finding
from insights.cards import store_finding
from insights.kinds import Kind
from insights.models import AtsConnection, AtsDelivery, Summary, Webhook, WebhookDelivery
from insights.summaries import making, signing
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
    program = {"user": anna, "organization": here, "name": "probed"}
    token = ApiToken.objects.filter(user=anna, name="probed", bound_to=None).first()
    token = token or tokens.create(**program, scopes=["read"], days=1)[0]  # a person has few
    device, _secret = tokens.create_for_device(
        **program, bound_to=session.pk, channel="candidate", hours=1
    )
    ids = {
        "session_id": str(session.pk),
        "guide_id": str(guide.pk),
        "user_id": ben.pk,
        "question": planned.pk,
        "number": 1,
        "token_id": str(token.pk),
        "device_id": str(device.pk),
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
        ids["delivery_id"] = _ordered(session, anna, ids["connection_id"])
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


def _ordered(session: Session, by: User, connection_id: object) -> str:
    """Sign the summary as version 1; return the id of an order to send it, which failed."""
    making.make(session_id=session.pk)
    session.refresh_from_db()
    revision = Summary.objects.get(session=session).revision
    version = signing.sign(session=session, by=by, revision=revision)
    order = AtsDelivery(
        session=session,
        connection_id=connection_id,
        requested_by=by,
        version=version.number,
        parts=["note"],
        state="failed",
        fingerprint=bytes(16),
    )
    order.target = {"candidate": "p1", "application": "", "label": "Daniel Reyes"}
    order.save()
    return str(order.pk)


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
        "message_id": str(told.pk),
    }
