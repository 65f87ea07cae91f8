"""Who spoke how long: from the times and roles of the lines alone, nothing of it is decrypted.

Nothing is said about pace or pauses: silence belongs to nobody. Where both speak at once it counts
for both.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from insights.models import Coverage
from sessions.models import Session
from sessions.queries import plan_of
from transcription import queries as words
from transcription.models import Role

BUCKETS = 40  # of the timeline
_ORDER = tuple(Role.values)

Span = tuple[int, int]  # milliseconds on the interview's clock


@dataclass(frozen=True, slots=True)
class Spoken:
    """When one role spoke: stretches that do not overlap, in order; and its turns."""

    role: str
    spans: list[Span]
    turns: int
    longest_ms: int

    @property
    def talk_ms(self) -> int:
        return sum(end - start for start, end in self.spans)

    def within(self, start: int, end: int) -> int:
        return sum(max(0, min(end, b) - max(start, a)) for a, b in self.spans)


def analytics(session: Session) -> dict[str, Any]:
    """Return the shares of the talk, the turns, and how they lie over the interview."""
    rows = words.transcript(session).order_by("start_ms", "pk")
    lines = [(role, start, end) for role, start, end in rows.values_list(*_TIMES) if end > start]
    spoken = speakers(lines)
    length = max([int(session.elapsed().total_seconds() * 1000), *[end for *_, end in lines]])
    talk = sum(one.talk_ms for one in spoken)
    heard = _union((start, end) for _role, start, end in lines)
    return {
        "length_ms": length,
        "silence_ms": max(0, length - sum(end - start for start, end in heard)),
        "off_record_ms": off_record_ms(session),
        "roles": [
            {
                "role": one.role,
                "talk_ms": one.talk_ms,
                "share": round(one.talk_ms / talk, 4),
                "turns": one.turns,
                "longest_ms": one.longest_ms,
            }
            for one in spoken
        ],
        "timeline": _timeline(spoken, length),
        "questions": questions(session),
    }


_TIMES = ("role", "start_ms", "end_ms")


def speakers(lines: list[tuple[str, int, int]]) -> list[Spoken]:
    """Return who spoke, from lines in the order of speaking: a turn ends where another begins."""
    turns: list[tuple[str, list[Span]]] = []
    for role, start, end in lines:
        if not turns or turns[-1][0] != role:
            turns.append((role, []))
        turns[-1][1].append((start, end))
    found = []
    for role in _ORDER:
        own = [_union(spans) for of, spans in turns if of == role]
        if own:
            longest = max(sum(end - start for start, end in spans) for spans in own)
            spans = _union(span for spans in own for span in spans)
            found.append(Spoken(role, spans, len(own), longest))
    return found


def _union(spans: Iterable[Span]) -> list[Span]:
    """Return the same stretches without overlaps, in order."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _timeline(spoken: list[Spoken], length: int) -> list[dict[str, int]]:
    """Return the milliseconds that each role spoke in each of so many equal parts."""
    edges = [length * n // BUCKETS for n in range(BUCKETS + 1)]
    return [
        {"start_ms": start, **{one.role: one.within(start, end) for one in spoken}}
        for start, end in pairwise(edges)
    ]


def off_record_ms(session: Session) -> int:
    """Return how long the interview was off the record."""
    stretches = session.off_records.values_list("from_ms", "to_ms")
    return sum(end - start for start, end in stretches if end is not None)


def questions(session: Session) -> dict[str, int] | None:
    """Return how many of the planned questions were asked; None without a guide."""
    plan = plan_of(session)
    if plan is None:
        return None
    planned = {q["id"] for competency in plan["competencies"] for q in competency["questions"]}
    asked = Coverage.objects.filter(session=session, asked=True, question__in=planned)
    return {"planned": len(planned), "asked": asked.count()}
