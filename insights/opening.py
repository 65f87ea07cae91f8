"""What a page shows first of an interview, however long: the rest comes page by page afterwards."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from copilot.lib.sealed import opened
from insights import queries
from insights.kinds import LOOKS, Kind, Priority
from insights.models import Insight
from insights.serializers import claim_json, insight_json, tone_json
from sessions.models import Session
from sessions.queries import notes_after
from sessions.serializers import note_json
from sessions.states import Status
from transcription import queries as words
from transcription.models import Segment
from transcription.serializers import gap_json, segment_json

LINES = 150  # more than a screen shows, fewer than anybody waits for
CARDS = 50  # of each tab: a page keeps no more


@transaction.atomic
def opening(session: Session) -> dict[str, Any]:
    """Return the snapshot with as much as is in sight: the newest lines, or the first once ended.

    `more` is None where that is all. Else it says from where lines are missing ("before" or "from",
    in milliseconds), and claims and tones are to be asked for as well; `about` places the lines
    that the cards rest on. The cursor holds for everything: whatever changes after it is told by
    events, and what is fetched later can only be newer.
    """
    boot = queries.snapshot(session, after=session.revision)  # what stands, and no rows
    ended = session.status == Status.ENDED
    lines, all_lines = _in_sight(session, ended=ended)
    cards = _newest_cards(session)
    boot |= {
        "segments": [segment_json(line, doubtful=True) for line in lines],
        "insights": opened(cards, insight_json),
        "notes": opened(notes_after(session), note_json),
        "gaps": [gap_json(gap) for gap in words.gaps_after(session)],
        "about": [],
        "more": None,
    }
    if all_lines:
        boot["claims"] = opened(queries.claims_of(session), claim_json)
        boot["tones"] = opened(queries.tones_of(session), tone_json)
    else:
        boot["about"] = _places(session, cards, {line.pk for line in lines})
        edge = lines[-1].start_ms if ended else lines[0].start_ms
        boot["more"] = {"from" if ended else "before": edge}
    return boot


def _in_sight(session: Session, *, ended: bool) -> tuple[list[Segment], bool]:
    """Return the lines to begin with, in order, and whether these are all."""
    order = ("start_ms", "sequence") if ended else ("-start_ms", "-sequence")
    found = list(words.transcript(session).order_by(*order)[: LINES + 1])
    lines = found[:LINES]
    return (lines if ended else lines[::-1]), len(found) <= LINES


def _newest_cards(session: Session) -> list[Insight]:
    """Return the cards that a page keeps: of each tab the newest, and the newest of each fold.

    What is urgent, and what was pinned, stays though more has come since.
    """
    living = queries.shown(session).exclude(state=Insight.State.SUPERSEDED)
    taken: list[Any] = []
    counts: dict[tuple[str, str], int] = {}
    # Which they are is told by columns in the clear: only what is shown is opened.
    columns = living.values_list("pk", "kind", "priority", "feedback", "asked_in")
    for pk, kind, priority, feedback, asked_in in columns.order_by("-created_at", "-revision"):
        places = [(LOOKS[Kind(kind)].tab, n) for n in _places_of(priority, feedback, asked_in)]
        if all(counts.get(place, 0) >= CARDS for place in places):
            continue
        for place in places:
            counts[place] = counts.get(place, 0) + 1
        taken.append(pk)
    return list(queries.shown(session).filter(pk__in=taken))


def _places_of(priority: int, feedback: str, asked_in: Any) -> Iterable[str]:
    if feedback in {Insight.Feedback.NOT_NOW, Insight.Feedback.WRONG}:
        return ("aside",)
    if feedback == Insight.Feedback.PINNED:
        return ("pinned",)
    if asked_in:
        return ("asked",)
    return ("list", "urgent") if priority == Priority.HIGH else ("list",)


def _places(session: Session, cards: list[Insight], sent: set[Any]) -> list[dict[str, Any]]:
    """Return where the lines lie that cards rest on, without those that are sent."""
    wanted = {str(line) for card in cards for line in (*card.segments, card.asked_in) if line}
    wanted -= {str(line) for line in sent}
    rows = words.transcript(session).filter(pk__in=wanted).values("pk", "role", "start_ms")
    return [{"id": str(r["pk"]), "role": r["role"], "start_ms": r["start_ms"]} for r in rows]
