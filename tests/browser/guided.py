"""People talk in an interview with a guide, in another process than the one that serves it.

Run inside the product, `talk` does what it is told line by line.
"""

import json
import sys
import uuid

from accounts.models import User
from accounts.queries import active_membership
from insights import instant
from sessions import access, services
from sessions.models import Guide, Session
from tests.factories import go_live, say

SECOND = 16_000  # samples
ANCHORS = ["Has read of it", "Needs help", "Works alone", "Designs it for others", "Teaches it"]


def talk() -> None:
    """Read [function, id of the interview, arguments] a line; answer each with JSON."""
    for told in sys.stdin:
        name, session_id, args = json.loads(told)
        session = access.session_by_id(uuid.UUID(session_id)) if session_id else None
        print(json.dumps(TOLD[name](session, *args)), flush=True)


def unguided(_none: None = None) -> str:
    """Prepare an interview of Ines without a guide."""
    ines = User.objects.get(email="ines@northwind.example")
    organization = active_membership(ines).organization
    return str(services.create_session(owner=ines, organization=organization, title="Guided").pk)


def create(_none: None = None, level: str = "view") -> str:
    """Hold an interview of Ines by the guide of the demo; Sam may do with it what is said."""
    session = Session.objects.get(pk=unguided())
    session.guide = Guide.objects.get(title="Backend engineer", organization=session.organization)
    session.save()
    session.guide.competencies.update(anchors=ANCHORS)
    sam = User.objects.get(email="sam@northwind.example")
    access.share(session=session, colleague=sam, level=level)
    return str(go_live(session).pk)


def hear(session: Session, role: str, text: str) -> None:
    """Let a line be heard, half a minute after the one before it."""
    start = 30 * session.segments.count() * SECOND
    segment = say(session, text, role=role, start=start)
    instant.note_segment(session_id=session.pk, segment_id=segment.pk)


def end(session: Session) -> None:
    services.end_session(session=session)


TOLD = {f.__name__: f for f in (unguided, create, hear, end)}
