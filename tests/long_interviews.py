"""Interviews as long as wanted, stored at once: sealed rows through the models."""

import random
import uuid
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from insights.kinds import LOOKS, Kind
from insights.models import Claim, Insight, SentimentPoint
from sessions.models import Note, Session
from sessions.states import Status
from tests.factories import go_live
from transcription.models import Segment, Stream

APART_MS = 2_400  # from one line to the next: 3000 lines are two hours
WORDS = 15  # a line
SPOKEN = (
    "we moved the service to another region because the old cluster was slow and the team could "
    "measure every deploy with a replica that I wrote tests for until customers saw fewer errors "
    "then I asked who owns it and decided on Kafka instead of polling which cut costs by a third"
).split()
KINDS = [Kind.INSIGHT, Kind.QUESTION, Kind.QUESTION, Kind.TIP, Kind.HIGHLIGHT, Kind.FACT_CHECK]
TONES = ["positive", "neutral", "negative", "neutral"]


class _Counter:
    """Hands out revisions in the order of storing."""

    def __init__(self, session: Session) -> None:
        self.last = session.revision

    def next(self) -> int:
        self.last += 1
        return self.last


@transaction.atomic
def make_long(
    session: Session,
    *,
    segments: int = 3_000,
    insights: int = 600,
    claims: int = 200,
    tones: int = 1_000,
    notes: int = 60,
    end: bool = False,
) -> Session:
    """Hold an interview of this length; with `end` its last line was its last."""
    chance = random.Random(6)  # noqa: S311  # the same interview each time
    session = go_live(session)
    began = timezone.now() - timedelta(milliseconds=segments * APART_MS)
    revisions = _Counter(session)
    lines = _lines(session, segments, chance, revisions)
    Segment.objects.bulk_create(lines, batch_size=500)
    said = [line for line in lines if line.role == "candidate"]

    def about(count: int) -> list[tuple[int, Segment]]:
        return [(n, said[n * len(said) // count]) for n in range(count)]

    cards = [_card(session, n, line, revisions) for n, line in about(insights)]
    Insight.objects.bulk_create(cards)
    for card, (_n, line) in zip(cards, about(insights), strict=True):
        card.created_at = began + timedelta(milliseconds=line.end_ms)
    Insight.objects.bulk_update(cards, ["created_at"], batch_size=500)
    Claim.objects.bulk_create(_claim(session, n, line, revisions) for n, line in about(claims))
    SentimentPoint.objects.bulk_create(
        _tone(session, n, line, revisions) for n, line in about(tones)
    )
    Note.objects.bulk_create(_note(session, n, line, revisions) for n, line in about(notes))
    session.revision, session.started_at = revisions.last, began
    if end:
        session.status, session.ended_at = Status.ENDED, timezone.now()
        session.expires_at = timezone.now() + timedelta(days=1)
    session.save()
    return session


def _lines(
    session: Session, count: int, chance: random.Random, revisions: _Counter
) -> list[Segment]:
    streams = {
        role: Stream.objects.create(session=session, role=role, origin_ms=0, engine="scripted")
        for role in ("interviewer", "candidate")
    }
    return [
        _line(session, streams["interviewer" if n % 3 == 0 else "candidate"], n, chance, revisions)
        for n in range(count)
    ]


def _line(
    session: Session, stream: Stream, number: int, chance: random.Random, revisions: _Counter
) -> Segment:
    start = number * APART_MS
    step = (APART_MS - 200) // WORDS
    words = [
        [
            word,
            start + at * step,
            start + (at + 1) * step,
            round(chance.uniform(0.5, 1), 2),
            "",
            -21.5,
        ]
        for at, word in enumerate(chance.sample(SPOKEN, WORDS))
    ]
    revision = revisions.next()
    return Segment(
        session=session,
        stream=stream,
        role=stream.role,
        start_sample=start * 16,
        end_sample=(start + APART_MS - 200) * 16,
        start_ms=start,
        end_ms=start + APART_MS - 200,
        text=f"{' '.join(str(word[0]) for word in words)} {number}.",
        words=words,
        confidence=0.9,
        engine="scripted",
        language="en",
        sequence=revision,
        revision=revision,
    )


def _card(session: Session, number: int, line: Segment, revisions: _Counter) -> Insight:
    kind = KINDS[number % len(KINDS)]
    return Insight(
        session=session,
        kind=kind,
        title=LOOKS[kind].title,
        content=f"What was measured there, and what came of it for customer {number}?",
        quote=line.text,
        reason="No result was named.",
        priority=LOOKS[kind].priority,
        state=Insight.State.COMPLETE,
        source=Insight.Source.RULES,
        segments=[str(line.pk)],
        fingerprint=uuid.uuid4().bytes,
        revision=revisions.next(),
    )


def _claim(session: Session, number: int, line: Segment, revisions: _Counter) -> Claim:
    return Claim(
        session=session,
        segment=line,
        kind="number",
        statement=f"Cut costs by a third for customer {number}",
        quote=line.text,
        reason="Nothing here tells.",
        source=Insight.Source.RULES,
        fingerprint=uuid.uuid4().bytes,
        revision=revisions.next(),
    )


def _tone(session: Session, number: int, line: Segment, revisions: _Counter) -> SentimentPoint:
    reading = {
        "overall": TONES[number // 9 % len(TONES)],
        "confidence": 0.7,
        "indicators": ["clear"] if number % 2 else ["hedges"],
    }
    return SentimentPoint(session=session, segment=line, reading=reading, revision=revisions.next())


def _note(session: Session, number: int, line: Segment, revisions: _Counter) -> Note:
    return Note(
        session=session,
        author=session.owner,
        text=f"Ask about customer {number} again",
        at_ms=line.start_ms,
        revision=revisions.next(),
    )
