"""An interview whose analysis is known word by word, and events of it, made by another process.

Run inside the product, `narrate` does what it is told line by line.
"""

import json
import sys
import uuid

from asgiref.sync import async_to_sync
from django.db import transaction

from accounts.models import User
from accounts.queries import active_membership
from insights.models import Claim, Insight, SentimentPoint
from insights.serializers import claim_json, insight_json, tone_json
from sessions import access, events, services
from sessions.models import Session
from tests.factories import go_live, say

LINES = [
    ("interviewer", "Tell me about the cluster you ran."),
    ("candidate", "I ran Kubernetes for fifteen years, on my own."),
    ("candidate", "Honestly I guess it was, um, kind of fine."),
    ("interviewer", "How did you measure that it was fine?"),
    ("candidate", "We cut the error rate from four percent to one."),
    ("candidate", "I am proud of that, and I would love to do it again."),
]
SECOND = 16_000  # samples
APART = 20  # seconds from one line to the next


def narrate() -> None:
    """Read [function, id of the interview, arguments, keywords] a line; answer each with JSON."""
    for told in sys.stdin:
        name, session_id, args, kwargs = json.loads(told)
        session = access.session_by_id(uuid.UUID(session_id)) if session_id else None
        print(json.dumps(TOLD[name](session, *args, **kwargs)), flush=True)


def create(_none: None = None, *, lines: int = len(LINES)) -> str:
    """Hold an interview of Ines that Sam may read, with lines but nothing found in them."""
    ines = User.objects.get(email="ines@northwind.example")
    session = services.create_session(
        owner=ines,
        organization=active_membership(ines).organization,
        title="Analysed",
        job="Site reliability engineer",
    )
    access.share(session=session, colleague=User.objects.get(email="sam@northwind.example"))
    go_live(session)
    for number in range(lines):
        role, text = LINES[number % len(LINES)]
        say(session, text, role=role, start=number * APART * SECOND)
    for found in (session.insights, session.claims, session.tones):
        found.all().delete()  # what is found in lines at once: here it is all given
    return str(session.pk)


def end(session: Session) -> None:
    services.end_session(session=session)


def allow(session: Session, **switches: bool | None) -> None:
    """Set switches of the interview's organization."""
    for name, value in switches.items():
        setattr(session.organization, name, value)
    session.organization.save(update_fields=list(switches))


def speak(session: Session, text: str, at_s: int) -> None:
    """Let the candidate say a line, in which is found what is to be found."""
    say(session, text, start=at_s * SECOND)


def line(session: Session, number: int) -> uuid.UUID:
    """Return the id of the line that was spoken as the number-th, from 0."""
    return session.segments.order_by("start_ms").values_list("pk", flat=True)[number]


@transaction.atomic
def card(session: Session, number: int, content: str, **fields: object) -> None:
    """Store and show a card about a line."""
    insight = Insight(
        session=session,
        **{
            "kind": "question",
            "title": "Suggested Question",
            "content": content,
            "quote": "",
            "reason": "",
            "priority": 2,
            "state": "complete",
            "source": "rules",
            "segments": [str(line(session, number))],
            "fingerprint": uuid.uuid4().bytes,
            **fields,
        },
    )
    save(insight, "insight", insight_json)


@transaction.atomic
def claim(session: Session, number: int, statement: str, **fields: object) -> None:
    """Store and show a claim that was made in a line."""
    segment = session.segments.get(pk=line(session, number))
    known = Claim(
        session=session,
        segment=segment,
        **{
            "kind": "years",
            "statement": statement,
            "quote": segment.text,
            "reason": "",
            "source": "rules",
            "fingerprint": uuid.uuid4().bytes,
            **fields,
        },
    )
    save(known, "claim", claim_json)


@transaction.atomic
def tone(session: Session, number: int, overall: str, *indicators: str) -> None:
    """Store and show the tone of a line."""
    reading = {"overall": overall, "confidence": 0.7, "indicators": list(indicators)}
    segment = session.segments.get(pk=line(session, number))
    save(SentimentPoint(session=session, segment=segment, reading=reading), "tone", tone_json)


def save(row, event, shape) -> None:
    """Give a row the next revision, store it and tell everybody who watches."""
    access.lock_session(row.session_id)
    row.revision = events.next_revision(row.session_id)
    row.save()
    body = {"revision": row.revision, event.removesuffix("_changed"): shape(row)}
    events.publish_on_commit(row.session_id, event, body)


def asked(session: Session, content: str, number: int) -> None:
    """Tell that a line asked the question of a card."""
    change(session, "card", content, asked_in=line(session, number))


@transaction.atomic
def change(session: Session, what: str, content: str, **fields: object) -> None:
    """Change the card (or claim) of this content (or statement), and tell it."""
    if what == "claim":
        row = next(known for known in session.claims.all() if known.statement == content)
    else:
        row = next(known for known in session.insights.all() if known.content == content)
    for name, value in fields.items():
        setattr(row, name, value)
    if what == "claim":
        save(row, "claim", claim_json)
    else:
        save(row, "insight_changed", insight_json)


def furnish(session: Session) -> None:
    """Put some of everything into the interview."""
    quote = "I ran Kubernetes for fifteen years, on my own."
    claim(
        session,
        1,
        "Fifteen years of Kubernetes",
        verdict="conflicts",
        against="technology",
        reason="Kubernetes was first released in 2014.",
        other_quote="Kubernetes, first released in June 2014",
    )
    claim(
        session,
        4,
        "Error rate from 4 % to 1 %",
        kind="number",
        verdict="supported",
        against="answer",
        reason="Said the same before.",
        other_quote=quote,
        other_segment=line(session, 1),
    )
    claim(session, 5, "Did it before", reason="Nothing here tells.")
    card(
        session,
        1,
        "Kubernetes is younger than the experience claimed with it.",
        kind="fact_check",
        title="Verify Claim",
        priority=3,
        verdict="conflicts",
        quote=quote,
        other_quote="Kubernetes, first released in June 2014",
    )
    card(session, 2, "What did you do yourself, and what did others do?", quote=quote)
    card(session, 2, "How did you notice that it was not fine?", priority=3)
    card(session, 5, "Which result are you proudest of, and why?", source="bank")
    for number, reading in {
        1: ("positive", "confident", "clear"),
        2: ("negative", "hedges", "fillers"),
        4: ("neutral", "clear"),
        5: ("positive", "enthusiastic"),
    }.items():
        tone(session, number, *reading)


def analysed_by(
    session: Session, engine: str, reason: str = "", *, reviewing: bool = False
) -> None:
    """Tell who analyses the interview."""
    with transaction.atomic():
        analysis = {"engine": engine, "reason": reason, "detail": "", "reviewing": reviewing}
        state = {"state": {"analysis": analysis}}
        events.publish_on_commit(session.pk, "session", state)


def partial(session: Session, text: str, role: str = "candidate") -> None:
    """Tell what somebody is just saying."""
    body = {"role": role, "text": text, "start_ms": 900_000, "end_ms": 901_000}
    async_to_sync(events.publish)(session.pk, "partial", body)


def reviewed(session: Session) -> None:
    """Note that the interview has just been read once more."""
    session.runs.create(purpose="review", after=0, through=10_000, engine="rules")


def furnish_long(session: Session) -> None:
    """Give each line a tone, which changes every few lines."""
    tones = ["positive", "neutral", "negative", "stressed"]
    for number in range(session.segments.count()):
        tone(session, number, tones[number // 7 % 4])


TOLD = {
    f.__name__: f
    for f in (
        *(create, end, allow, speak, furnish, furnish_long),
        *(card, claim, tone, asked, change, analysed_by, partial, reviewed),
    )
}
