"""Ratings by people: one's own first, those of others once it is submitted. No machine rates.

Nor does one recommend: `overall`, whether and why a person would hire, is typed by that person.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.kinds import Event
from accounts.models import User
from copilot.lib.errors import DomainError
from sessions import access, events
from sessions.models import SCALE, Scorecard, Session, Status
from sessions.queries import plan_of

COMMENT_CHARS = 2000
MOST_LINES = 20  # quoted for one rating
FIELDS = frozenset({"value", "comment", "segments"})
OVERALL = frozenset({"recommendation", "text"})


def overview(session: Session, reader: User) -> dict[str, Any]:
    """Return the reader's own ratings and those of others that the reader may see.

    Who may rate sees nothing of others before their own are submitted; who may only read sees what
    is submitted once the interview has ended.
    """
    cards = list(session.scorecards.select_related("author").order_by("submitted_at", "pk"))
    mine = next((card for card in cards if card.author_id == reader.pk), None)
    others = [card for card in cards if card.author_id != reader.pk]
    submitted = [card for card in others if card.submitted_at is not None]
    shown = submitted if _sees_others(session, reader, mine) else []
    return {
        "scale": SCALE,
        "mine": mine and _card_json(mine),
        "others": [{"author": card.author.display_name, **_card_json(card)} for card in shown],
        "waiting": len(others) - len(submitted),
    }


def _card_json(card: Scorecard) -> dict[str, Any]:
    return {
        "ratings": card.ratings,
        "overall": card.overall or _unsaid(),
        "submitted_at": _iso(card.submitted_at),
    }


def panel(session: Session, reader: User) -> dict[str, Any]:
    """Return what everybody submitted, competency by competency; who sees it sees the others'.

    `difference` is how far apart the values lie, in steps of the scale: None for fewer than two. It
    is told to be talked about; nothing here ranks, adds up or averages.
    """
    submitted = session.scorecards.exclude(submitted_at=None).select_related("author")
    cards = list(submitted.order_by("submitted_at", "pk"))
    mine = next((card for card in cards if card.author_id == reader.pk), None)
    visible = _sees_others(session, reader, mine)
    shown = cards if visible else []
    rated = [(card, card.ratings) for card in shown]
    plan = plan_of(session) or {"competencies": []}
    return {
        "scale": SCALE,
        "visible": visible,
        "people": [
            {
                "id": card.author_id,
                "name": card.author.display_name,
                "mine": card.author_id == reader.pk,
                "overall": card.overall or _unsaid(),
                "submitted_at": _iso(card.submitted_at),
            }
            for card in shown
        ],
        "competencies": [_compared(competency, rated) for competency in plan["competencies"]],
    }


def _compared(
    competency: dict[str, Any], rated: list[tuple[Scorecard, dict[str, Any]]]
) -> dict[str, Any]:
    key = str(competency["id"])
    ratings = [
        {"person": card.author_id, **{**_unrated(), **ratings.get(key, {})}}
        for card, ratings in rated
    ]
    values = [rating["value"] for rating in ratings if rating["value"]]
    return {
        "id": competency["id"],
        "name": competency["name"],
        "anchors": competency.get("anchors", []),
        "ratings": ratings,
        "difference": max(values) - min(values) if len(values) > 1 else None,
    }


def _sees_others(session: Session, reader: User, mine: Scorecard | None) -> bool:
    if access.perms_of(reader, session)["comment"]:
        return mine is not None and mine.submitted_at is not None
    return session.status == Status.ENDED


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


@transaction.atomic
def save(
    *,
    session: Session,
    author: User,
    ratings: dict[str, Any] | None = None,
    overall: dict[str, Any] | None = None,
) -> Scorecard:
    """Keep somebody's ratings of the competencies they name; what is not named stays as it is."""
    held = _held(session)
    checked = {} if ratings is None else _checked(held, ratings)
    recommended = None if overall is None else _overall(overall)
    card = _own(held, author)
    begun = card is None
    card = card or Scorecard(session=held, author=author, ratings={})
    _refuse_submitted(card)
    kept = {**card.ratings, **checked}
    card.ratings = {key: rating for key, rating in kept.items() if rating != _unrated()}
    if recommended is not None:
        card.overall = recommended if recommended != _unsaid() else None
    card.save()
    if begun:
        _announce(card)
    return card


@transaction.atomic
def submit(*, session: Session, author: User) -> Scorecard:
    """Make somebody's ratings final: others who submitted see them, and the other way round."""
    card = _own(_held(session), author)
    if card is None or not _says_something(card):
        detail = _("Rate at least one competency first, or say what you recommend.")
        raise DomainError("nothing_rated", detail)
    _refuse_submitted(card)
    card.submitted_at = timezone.now()
    card.save()
    audit.record(
        Event.SCORECARD_SUBMITTED,
        organization_id=session.organization_id,
        obj=session,
        details={"rated": sum(1 for rating in card.ratings.values() if rating["value"])},
    )
    _announce(card)
    return card


def _held(session: Session) -> Session:
    held = access.hold(session)
    if held.status == Status.DRAFT:
        raise DomainError("not_started", _("Rate once the interview has started."))
    return held


def _own(session: Session, author: User) -> Scorecard | None:
    return session.scorecards.select_for_update().filter(author=author).first()


def _says_something(card: Scorecard) -> bool:
    overall: dict[str, Any] = card.overall or _unsaid()
    return bool(overall["recommendation"]) or any(r["value"] for r in card.ratings.values())


def _refuse_submitted(card: Scorecard) -> None:
    if card.submitted_at is not None:
        raise DomainError("submitted", _("Your ratings are submitted; they stay as they are."))


def _announce(card: Scorecard) -> None:
    """Tell who watches that somebody began or submitted, and nothing of what they rated."""
    body = {
        "author": card.author.display_name,
        "author_id": card.author_id,
        "submitted": card.submitted_at is not None,
    }
    events.publish_on_commit(card.session_id, "scorecard", body)


# --- What may be kept ----------------------------------------------------------------------------


def _unrated() -> dict[str, Any]:
    return {"value": None, "comment": "", "segments": []}


def _unsaid() -> dict[str, Any]:
    return {"recommendation": "", "text": ""}


def _overall(given: dict[str, Any]) -> dict[str, Any]:
    if not given.keys() <= OVERALL:
        raise _bad(_("What you recommend has a choice and a text, and nothing else."))
    overall = {**_unsaid(), **given}
    if overall["recommendation"] not in Scorecard.Recommendation.values:
        raise _bad(_("There is no such recommendation."))
    return {**overall, "text": _words(overall["text"])}


def _words(text: Any) -> str:
    if not isinstance(text, str) or len(text) > COMMENT_CHARS:
        raise _bad(_("A comment has at most %(most)d characters.") % {"most": COMMENT_CHARS})
    if any("\ud800" <= character <= "\udfff" for character in text):  # half of one
        raise _bad(_("The comment holds a character that cannot be kept."))
    return text.strip()


def _checked(session: Session, ratings: dict[str, Any]) -> dict[str, Any]:
    plan = plan_of(session)
    if plan is None:
        raise DomainError("no_guide", _("Without a guide there is nothing to rate."))
    known = {str(competency["id"]) for competency in plan["competencies"]}
    unknown = ratings.keys() - known
    if unknown:
        raise _bad(_("The guide of this interview has no such competency."))
    return {key: _rating(rating) for key, rating in ratings.items()}


def _rating(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict) or not given.keys() <= FIELDS:
        raise _bad(_("A rating has a value, a comment and lines, and nothing else."))
    rating = {**_unrated(), **given}
    value, lines = rating["value"], rating["segments"]
    if value is not None and (type(value) is not int or not 1 <= value <= SCALE):
        raise _bad(_("A value is a whole number from 1 to %(most)d.") % {"most": SCALE})
    comment = _words(rating["comment"])
    if not isinstance(lines, list) or len(lines) > MOST_LINES or not all(map(_is_id, lines)):
        raise _bad(_("A rating quotes at most %(most)d lines.") % {"most": MOST_LINES})
    return {"value": value, "comment": comment, "segments": list(dict.fromkeys(lines))}


def _is_id(line: object) -> bool:
    try:
        return isinstance(line, str) and str(UUID(line)) == line
    except ValueError:
        return False


def _bad(detail: str) -> DomainError:
    return DomainError("bad_rating", detail, status=400)
