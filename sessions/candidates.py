"""The candidate's own page: the way to it, what they ask for there, and what they are answered.

A link is the id of its row and of the interview, signed: it is of use without an account, until
somebody revokes it or makes another one. After an erasure it still leads to the receipt.
"""

import base64
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from django.core import signing
from django.db import transaction
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts import audit, limits
from accounts.kinds import Event
from accounts.models import Membership, Organization, User
from accounts.queries import may
from accounts.roles import Act, Role, allows
from copilot.lib.errors import DomainError
from copilot.lib.mail import remove_files, send_on_commit
from sessions import access, events, retention
from sessions.models import CandidateLink, CandidateRequest, Erasure, Session
from sessions.states import Status

COOKIE = "candidate"  # holds the token of a link, for the candidate's page alone
SALT = "sessions.candidate"
MAILS = 10  # a day, of one interview
ASKED = 20  # times a day, by one link
MOST_WHY = 600  # characters of a reason
Kind = CandidateRequest.Kind
State = CandidateRequest.State
DECIDED = (Kind.ERASURE, Kind.COPY)  # by the owner or by who has Act.PRIVACY


@dataclass(frozen=True, slots=True)
class Visit:
    """Where a link leads: to an interview, or to what is left of one that was erased."""

    link: CandidateLink | None = None
    erasure: Erasure | None = None


# --- The link ------------------------------------------------------------------------------------


@transaction.atomic
def make_link(*, session: Session, by: User) -> tuple[CandidateLink, str]:
    """Return a new link and its path, which is shown to nobody again; earlier ones are void."""
    held = access.hold(session)
    _living(held).update(revoked_at=timezone.now())
    link = CandidateLink.objects.create(session=held, made_by=by)
    audit.record(Event.CANDIDATE_LINKED, organization_id=held.organization_id, obj=link)
    events.announce_on_commit(held)
    return link, reverse("candidate_link", args=[token_of(link)])


@transaction.atomic
def revoke_links(*, session: Session) -> None:
    """Void the way to the candidate's page; nothing where there is none."""
    held = access.hold(session)
    for link in _living(held):
        link.revoked_at = timezone.now()
        link.save(update_fields=["revoked_at"])
        audit.record(Event.CANDIDATE_UNLINKED, organization_id=held.organization_id, obj=link)
    events.announce_on_commit(held)


@transaction.atomic
def mail_link(*, link: CandidateLink, url: str, address: str = "") -> None:
    """Send a link to the candidate's address, or to another one, which is theirs from now on.

    Raises DomainError where none is known, and TooMany.
    """
    session = access.hold(link.session)
    if address.strip():
        session.candidate_email = address.strip()
        session.save(update_fields=["candidate_email"])
    address = session.candidate_email
    if not address:
        detail = _("Enter the candidate's e-mail address first.")
        raise DomainError("no_address", detail, status=400)
    limits.take(f"candidate.mail.{session.pk}", MAILS, 24 * 3600)
    link.mailed_at = timezone.now()
    link.save(update_fields=["mailed_at"])
    with translation.override(session.language):
        context = {"organization": session.organization, "link": url}
        send_on_commit(
            kind="candidate link",
            subject=_("Your interview with %s") % session.organization.name,
            text=render_to_string("candidate/email/link.txt", context),
            to=[address],
        )
    events.announce_on_commit(session)


def forget_mails(session_id: UUID) -> int:
    """Remove mails to the candidate that lie in files here; return how many there were."""
    links = CandidateLink.objects.filter(session_id=session_id, mailed_at__isnull=False)
    return remove_files([_signed(link) for link in links])  # whatever secret key signed it


def token_of(link: CandidateLink) -> str:
    return signing.Signer(salt=SALT).sign(_signed(link))


def _signed(link: CandidateLink) -> str:
    return base64.urlsafe_b64encode(link.pk.bytes + link.session_id.bytes).decode().rstrip("=")


def find(token: str) -> Visit | None:
    """Return where a token leads; None where it is wrong, over or revoked."""
    ids = _ids(token)
    if ids is None:
        return None
    link_id, session_id = ids
    links = CandidateLink.objects.select_related("session__organization", "session__owner")
    link = links.filter(pk=link_id, session_id=session_id).first()
    if link is not None and not _is_open(link):
        return None
    if link is not None and link.session.wrapped_key is not None:
        return Visit(link=link)
    erasure = Erasure.objects.select_related("organization").filter(session_id=session_id).first()
    return Visit(erasure=erasure) if erasure is not None else None


def of_cookies(cookies: Mapping[str, str]) -> CandidateLink | None:
    """Return the link by which the candidate's browser came in; None without, or when erased."""
    visit = find(cookies.get(COOKIE, ""))
    return visit.link if visit is not None else None


def _ids(token: str) -> tuple[UUID, UUID] | None:
    with suppress(signing.BadSignature, ValueError):
        raw = base64.urlsafe_b64decode(signing.Signer(salt=SALT).unsign(token) + "==")
        return UUID(bytes=raw[:16]), UUID(bytes=raw[16:])
    return None


def _is_open(link: CandidateLink) -> bool:
    over = link.expires_at is not None and link.expires_at <= timezone.now()
    return link.revoked_at is None and not over


def _living(session: Session) -> QuerySet[CandidateLink]:
    return session.candidate_links.filter(revoked_at=None)


@transaction.atomic
def note_opened(link: CandidateLink) -> None:
    """Note that the candidate read their page; the first time counts."""
    unread = CandidateLink.objects.filter(pk=link.pk, opened_at=None)
    if link.opened_at is None and unread.update(opened_at=timezone.now()):
        session = link.session
        audit.record(Event.CANDIDATE_READ, organization_id=session.organization_id, obj=link)
        events.announce_on_commit(session)


# --- What they ask for ---------------------------------------------------------------------------


@transaction.atomic
def ask(*, link: CandidateLink, kind: str, page_url: str = "") -> CandidateRequest:
    """Note what the candidate asks for and tell who may answer; asked already, it is the same.

    `page_url` is where they answer. Raises DomainError: bad_request, not_live (for a pause),
    TooMany.
    """
    if kind not in Kind.values:
        raise DomainError("bad_request", _("This cannot be asked for."), status=400)
    held = access.hold(link.session)
    if kind == Kind.PAUSE and held.status != Status.LIVE:
        raise DomainError("not_live", _("The interview is not being recorded."))
    present = held.requests.filter(kind=kind, state=State.OPEN).first()
    if present is not None:
        return present
    limits.take(f"candidate.ask.{link.pk}", ASKED, 24 * 3600)
    request = CandidateRequest.objects.create(session=held, link=link, kind=kind)
    _trace(Event.CANDIDATE_ASKED, request)
    events.announce_on_commit(held)
    with translation.override(held.organization.language):
        if kind == Kind.PAUSE:
            notice = {
                "level": "warning",
                "code": "pause_asked",
                "text": _("The candidate asks for a pause."),
            }
            events.publish_on_commit(held.pk, "notice", notice)
        else:
            _tell_deciders(request, page_url)
    return request


def _tell_deciders(request: CandidateRequest, page_url: str) -> None:
    session = request.session
    context = {
        "what": request.get_kind_display(),
        "link": page_url,
        "organization": session.organization,
    }
    owner = session.owner.email if session.owner.is_active else ""
    to = {owner, *_privacy_addresses(session.organization)} - {""}
    send_on_commit(
        kind="candidate request",
        subject=_("A candidate asks for %(what)s") % context,
        text=render_to_string("candidate/email/request.txt", context),
        to=sorted(to),
    )


def _privacy_addresses(organization: Organization) -> list[str]:
    roles = [role for role in Role if allows(role, Act.PRIVACY)]
    members = Membership.objects.filter(organization=organization, role__in=roles, is_active=True)
    return list(members.filter(user__is_active=True).values_list("user__email", flat=True))


def open_requests(organization: Organization) -> QuerySet[CandidateRequest]:
    """Return what candidates of an organization wait to be answered, the oldest first."""
    living = CandidateRequest.objects.filter(
        session__organization=organization, session__wrapped_key__isnull=False, state=State.OPEN
    )
    wanted = Q(kind__in=DECIDED) | Q(kind=Kind.PAUSE, session__status=Status.LIVE)
    return living.filter(wanted).select_related("session", "session__owner").order_by("asked_at")


def may_answer(user: User, request: CandidateRequest, *, privacy: bool | None = None) -> bool:
    """Tell whether somebody who sees the interview decides about it.

    `privacy` is whether they have Act.PRIVACY there, where that is known already.
    """
    session = request.session
    if session.owner_id == user.pk:
        return True
    if request.kind not in DECIDED:
        return False
    return may(user, Act.PRIVACY, session.organization_id) if privacy is None else privacy


@transaction.atomic
def answer(*, request: CandidateRequest, by: User, grant: bool, why: str = "") -> CandidateRequest:
    """Grant what the candidate asked for, or refuse it and say why.

    A granted erasure destroys the key in the same transaction: none is granted and not begun. A
    legal hold turns it into a refusal. Raises DomainError: forbidden, answered (somebody was
    quicker), erased.
    """
    if not may_answer(by, request):
        raise DomainError("forbidden", _("You may not answer this."), status=403)
    request = _decide(request, by, grant, why)
    if request.kind == Kind.ERASURE and request.state == State.GRANTED:
        try:
            retention.erase_now(session=request.session, reason=Erasure.Reason.CANDIDATE, by=by)
        except DomainError as error:
            if error.code != "kept":
                raise
            _refuse_for_hold(request)
    return request


@transaction.atomic
def _decide(request: CandidateRequest, by: User, grant: bool, why: str) -> CandidateRequest:
    held = access.hold(request.session)
    row = held.requests.select_for_update().filter(pk=request.pk, state=State.OPEN).first()
    if row is None:
        raise DomainError("answered", _("This was answered already."))
    row.session = held
    kept = grant and row.kind == Kind.ERASURE and held.legal_hold
    row.state = State.GRANTED if grant and not kept else State.REFUSED
    row.answer = _held_back(held) if kept else why.strip()[:MOST_WHY] or None
    row.answered_at, row.answered_by = timezone.now(), by
    row.save()
    _trace(Event.CANDIDATE_ANSWERED, row, granted=row.state == State.GRANTED)
    events.announce_on_commit(held)
    return row


@transaction.atomic
def _refuse_for_hold(request: CandidateRequest) -> None:
    held = access.hold(request.session)
    request.state, request.answer = State.REFUSED, _held_back(held)
    request.save(update_fields=["state", "answer"])
    _trace(Event.CANDIDATE_ANSWERED, request, granted=False)
    events.announce_on_commit(held)


def _held_back(session: Session) -> str:
    """Return why an erasure waits, for the candidate: not what the hold is about."""
    with translation.override(session.language):
        return _("The law requires that this is kept for the time being. It is erased afterwards.")


def _trace(event: Event, request: CandidateRequest, **details: bool) -> None:
    audit.record(
        event,
        organization_id=request.session.organization_id,
        obj=request,
        details={"kind": request.kind, **details},
    )
