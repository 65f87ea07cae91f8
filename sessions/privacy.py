"""How an organization, or the whole installation, stands: what is kept, what goes next, what waits.

Numbers, ids and times; nothing here opens anything that is sealed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts.models import Organization
from sessions import access
from sessions.models import CandidateRequest, ConsentNotice, ConsentRecord, Erasure, Session
from sessions.states import Status

OVERDUE = timedelta(minutes=5)  # within which what expired is erased
NEXT = 5  # of what expires, held and so on are named


@dataclass(frozen=True, slots=True)
class Standing:
    states: dict[str, int]  # how many interviews are in each
    next_expiry: datetime | None
    overdue: int  # should have been erased, and were not
    held: int  # under a legal hold
    without_end: int  # ended, and nobody knows when they go
    withdrawn: int  # kept although the candidate withdrew their consent
    requests: int  # of candidates, open
    oldest_request: datetime | None
    notices: int  # in force
    unfinished: int  # erasures that began and still have rows or files to remove
    oldest_unfinished: datetime | None
    receipts: int

    @property
    def kept(self) -> int:
        return sum(self.states.values())


def standing(organization: Organization | None = None, now: datetime | None = None) -> Standing:
    """Return the numbers of one organization, or of all."""
    now = now or timezone.now()
    kept = access.sessions_of(organization)
    expiring = kept.filter(legal_hold=False, expires_at__isnull=False)
    asked = CandidateRequest.objects.filter(state=CandidateRequest.State.OPEN, session__in=kept)
    erasures = _of(Erasure.objects.all(), organization)
    unfinished = erasures.filter(finished_at=None)
    return Standing(
        states=dict(kept.order_by().values_list("status").annotate(Count("pk"))),
        next_expiry=expiring.filter(expires_at__gt=now)
        .order_by("expires_at")
        .values_list("expires_at", flat=True)
        .first(),
        overdue=expiring.filter(expires_at__lte=now - OVERDUE).count(),
        held=kept.filter(legal_hold=True).count(),
        without_end=kept.filter(status=Status.ENDED, expires_at=None, legal_hold=False).count(),
        withdrawn=withdrawn(kept).count(),
        requests=asked.count(),
        oldest_request=asked.order_by("asked_at").values_list("asked_at", flat=True).first(),
        notices=_of(ConsentNotice.objects.filter(retired_at=None), organization).count(),
        unfinished=unfinished.count(),
        oldest_unfinished=unfinished.order_by("started_at")
        .values_list("started_at", flat=True)
        .first(),
        receipts=erasures.exclude(signature="").count(),
    )


def next_to_go(organization: Organization) -> QuerySet[Session]:
    """Return the interviews that are erased next, without anything of their content."""
    kept = _plain(access.sessions_of(organization)).filter(legal_hold=False)
    return kept.filter(expires_at__isnull=False).order_by("expires_at", "pk")[:NEXT]


def held(organization: Organization) -> QuerySet[Session]:
    """Return the interviews under a legal hold, the oldest first."""
    return _plain(access.sessions_of(organization)).filter(legal_hold=True).order_by("created_at")


def withdrawn(kept: QuerySet[Session]) -> QuerySet[Session]:
    """Narrow down to those whose candidate withdrew and did not agree again."""
    answers = ConsentRecord.objects.filter(session=OuterRef("pk"))
    standing_ones = answers.filter(withdrawn_at=None, answer=ConsentRecord.Answer.AGREED)
    return kept.filter(Exists(answers.exclude(withdrawn_at=None)), ~Exists(standing_ones))


def _plain(found: QuerySet[Session]) -> QuerySet[Session]:
    return found.defer("candidate_name", "candidate_email", "profile", "plan").select_related(
        "owner"
    )


def _of(rows: QuerySet, organization: Organization | None) -> QuerySet:  # type: ignore[type-arg]  # of either model
    return rows if organization is None else rows.filter(organization=organization)
