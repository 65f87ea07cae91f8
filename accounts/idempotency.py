"""Requests that may be sent again: what has an `Idempotency-Key` is done once.

`begin` takes the key, `keep` stores the answer, both in the transaction of the act: a process that
dies leaves neither act nor answer, and of two at once the second waits for the first one's end.
What is refused is not kept. Answers are sealed, and erased with the interview that they are about.

A key belongs to a person inside what they came for: an API token's organization has keys of its
own. Who belongs to no organization has none: there is nothing they could do twice.
"""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from accounts.models import IdempotentRequest, User
from accounts.queries import memberships_of
from accounts.signals import answer_kept, answer_repeated
from copilot.lib.errors import DomainError

KEPT = timedelta(hours=24)  # at least
WAIT_SECONDS = 10  # for another request with the same key
KEY = re.compile("[!-~]{1,255}")
MOST = 1000  # answers that one statement forgets


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any = field(repr=False)  # as JSON has it
    headers: dict[str, str] = field(default_factory=dict, repr=False)


def begin(
    *, user: User, key: str, method: str, path: str, content: bytes
) -> IdempotentRequest | Answer | None:
    """Take a key for a request, in the caller's transaction; `path` has the query, too.

    Return what the request was answered before, if it was; None for somebody who has no keys.
    Raise DomainError: `bad_key`; `key_reused` for another request; `in_progress` where the same
    one takes too long.
    """
    if not KEY.fullmatch(key):
        detail = _("An Idempotency-Key has 1 to 255 visible ASCII characters.")
        raise DomainError("bad_key", detail, status=400)
    memberships = memberships_of(user)
    if not memberships:
        return None
    mine = IdempotentRequest(
        organization=memberships[0].organization,
        user=user,
        key_hash=_hashed(str(user.border or ""), key.encode()),
        # Keyed: a plain hash of few words could be guessed.
        fingerprint=_hashed(f"{method} {path}", content),
        status=0,
    )
    _insert(mine)
    found = IdempotentRequest.objects.select_related("organization").get(
        user=user, key_hash=mine.key_hash
    )
    if found.pk == mine.pk:
        return mine
    if found.fingerprint != mine.fingerprint:
        detail = _("This Idempotency-Key was used for another request.")
        raise DomainError("key_reused", detail, status=422)
    return _repeated(found, user, [m.organization_id for m in memberships])


def _hashed(what: str, value: bytes) -> str:
    digest = hashlib.sha256(what.encode() + b"\0" + value).hexdigest()
    return salted_hmac("accounts.idempotency", digest, algorithm="sha256").hexdigest()


def _insert(row: IdempotentRequest) -> None:
    """Insert the row unless another one has its key; wait for one that is being written."""
    postgres = connection.vendor == "postgresql"  # SQLite lets one transaction write at a time
    try:
        with connection.cursor() as cursor:
            if postgres:
                cursor.execute(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'")
            IdempotentRequest.objects.bulk_create([row], ignore_conflicts=True)
            if postgres:
                cursor.execute("SET LOCAL lock_timeout = DEFAULT")
    except OperationalError:
        detail = _("The same request is being answered; try again in a moment.")
        raise DomainError("in_progress", detail) from None


def _repeated(found: IdempotentRequest, user: User, where: list[UUID]) -> Answer:
    """Return the stored answer; to who belongs there no longer it is not repeated."""
    if found.organization_id not in where:
        detail = _("This Idempotency-Key was used for another request.")
        raise DomainError("key_reused", detail, status=422)
    if found.body is None:
        return Answer(found.status, None)
    if found.about is not None:
        answer_repeated.send(sender=IdempotentRequest, session_id=found.about, user=user)
    return Answer(found.status, found.body["body"], found.body["headers"])


def keep(row: IdempotentRequest, answer: Answer, about: UUID | None) -> None:
    """Store what the request is answered; `about` is the interview that this goes with.

    Where that is gone by now nothing is kept: nobody can do it again.
    """
    row.status, row.about = answer.status, about
    if answer.body is not None:
        row.body = {"body": answer.body, "headers": answer.headers}
        if about is not None and not _is_there(about):
            let_go(row)
            return
    row.save(update_fields=["status", "body", "about"])


def _is_there(session_id: UUID) -> bool:
    asked = answer_kept.send(sender=IdempotentRequest, session_id=session_id)
    return all(there for _receiver, there in asked)


def let_go(row: IdempotentRequest) -> None:
    """Give the key back: the answer is none that is kept."""
    IdempotentRequest.objects.filter(pk=row.pk).delete()


def forget_about(session_id: UUID) -> None:
    """Erase the answers about an interview, in the transaction in which its key goes."""
    IdempotentRequest.objects.filter(about=session_id).delete()


def forget_old() -> int:
    """Erase the answers that are old enough; return how many went."""
    old = IdempotentRequest.objects.filter(created_at__lt=timezone.now() - KEPT)
    count = 0
    while chosen := list(old.values_list("pk", flat=True)[:MOST]):
        count += IdempotentRequest.objects.filter(pk__in=chosen).delete()[0]
    return count
