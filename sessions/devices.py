"""A second device joins one channel of an interview: by a short code, once, for a few minutes.

The device then holds a token that is good for sending that channel's audio and nothing else. It
ends with the interview, when it is removed, and when whoever let it in may no longer record.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, identity, limits, tokens
from accounts.kinds import Event
from accounts.models import ApiToken, User
from copilot.lib.errors import DomainError
from sessions import access, events
from sessions.access import Perm
from sessions.models import DeviceCode, Session, Status

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that looks like something else
LENGTH = 6  # 31⁶ codes; with the limits below a guess in a million minutes
MINUTES = 10  # for which a code is good
HOURS = 12  # after which a device has to join again, should nobody end the interview
CHANNELS = ("interviewer", "candidate", "room")
MAX_DEVICES = 8  # of one interview
TRIES = 20  # a minute and address
TRIES_OF_ALL = 600  # a minute


@dataclass(frozen=True, slots=True)
class Joined:
    """What a device needs: where it records, and its token, which is shown to nobody again."""

    session_id: UUID
    channel: str
    secret: str


def make_code(*, session: Session, channel: str, by: User) -> tuple[DeviceCode, str]:
    """Return a fresh code for a channel; codes made for it before are void."""
    if channel not in CHANNELS:
        raise DomainError("bad_channel", _("There is no such channel."), status=400)
    if by.api_token is not None:
        raise DomainError("no_token_by_token", _("A token cannot let devices in."), status=403)
    if session.status not in (Status.DRAFT, Status.LIVE):
        raise DomainError("ended", _("This interview has ended."))
    if devices_of(session).count() >= MAX_DEVICES:
        raise DomainError("too_many_devices", _("Remove a device that is no longer used first."))
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    with transaction.atomic():
        DeviceCode.objects.filter(session=session, channel=channel, used_at=None).delete()
        row = DeviceCode.objects.create(
            session=session,
            channel=channel,
            code_hash=identity.hash_token(code),
            made_by=by,
            expires_at=timezone.now() + timedelta(minutes=MINUTES),
        )
    return row, code


def normal(code: str) -> str:
    """Return a code as it was made, however it was typed."""
    return "".join(code.split()).replace("-", "").upper()


def join(*, code: str, name: str) -> Joined:
    """Let a device in; raise DomainError `bad_code`, whatever is wrong with the code.

    Raises TooMany for who guesses.
    """
    limits.take(f"join.{limits.place()}", TRIES)
    limits.take("join", TRIES_OF_ALL)
    with transaction.atomic():
        row = (
            DeviceCode.objects.select_for_update(of=("self",))
            .select_related("made_by")
            .filter(code_hash=identity.hash_token(normal(code)), used_at=None)
            .filter(expires_at__gt=timezone.now())
            .first()
        )
        if row is None:
            raise _bad_code()
        try:
            session = access.get_session(row.made_by, row.session_id, Perm.RECORD)
        except Http404:
            raise _bad_code() from None
        if session.status not in (Status.DRAFT, Status.LIVE):
            raise _bad_code()
        row.used_at = timezone.now()
        row.save(update_fields=["used_at"])
        token, secret = tokens.create_for_device(
            user=row.made_by,
            organization=session.organization,
            bound_to=session.pk,
            channel=row.channel,
            name=name,
            hours=HOURS,
        )
        audit.record(
            Event.DEVICE_JOINED,
            organization_id=session.organization_id,
            obj=session,
            details={"channel": row.channel, "token": str(token.pk), "let_in_by": row.made_by_id},
        )
        notice = {
            "level": "info",
            "code": "device_joined",
            "role": row.channel,
            "text": _("A device has joined."),
        }
        events.publish_on_commit(session.pk, "notice", notice)
    return Joined(session.pk, row.channel, secret)


def _bad_code() -> DomainError:
    detail = _("This code is not valid. Codes are good once, for %(minutes)d minutes.")
    return DomainError("bad_code", detail % {"minutes": MINUTES}, status=400)


def devices_of(session: Session) -> QuerySet[ApiToken]:
    """Return the devices that are in, the latest first."""
    return ApiToken.objects.filter(
        bound_to=session.pk, revoked_at__isnull=True, expires_at__gt=timezone.now()
    )


def remove(*, session: Session, device_id: UUID) -> None:
    """Put one device out; its socket closes. Raises Http404."""
    device = devices_of(session).filter(pk=device_id).first()
    if device is None:
        raise Http404("no such device")
    with transaction.atomic():
        tokens.revoke(token=device)
        audit.record(
            Event.DEVICE_REMOVED,
            organization_id=session.organization_id,
            obj=session,
            details={"channel": device.channel, "token": str(device.pk)},
        )


def let_go(session: Session) -> None:
    """Put all devices out and make open codes void: the interview is over."""
    DeviceCode.objects.filter(session=session).delete()
    for device in devices_of(session):
        tokens.revoke(token=device)


def of_secret(secret: str, session_id: UUID, channel: str) -> Session | None:
    """Return the interview that a device's secret is good for; None where it is for another."""
    user = identity.of_token(secret)
    token = getattr(user, "api_token", None)
    if token is None or token.bound_to != session_id or token.channel != channel:
        return None
    try:
        return access.get_session(user, session_id, Perm.RECORD)
    except Http404:
        return None
