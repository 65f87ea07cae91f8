"""The audit: who did what, when and from where.

An entry is written in the transaction of the act: nothing happens without its trace, and what is
rolled back leaves none. Right after the commit it gets its place in the chain of its organization,
which shows every later change (see `chain`).
"""

import json
import logging
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db import models, transaction
from django.utils import timezone

from accounts import origin
from accounts.audit.chain import Codes, address, seal, seal_all
from accounts.audit.export import export_csv, export_jsonl
from accounts.kinds import Event
from accounts.models import AuditEntry, Membership, User
from accounts.signals import act_noted

__all__ = [
    "export_csv",
    "export_jsonl",
    "record",
    "record_for_user",
    "record_once",
    "seal_all",
]

logger = logging.getLogger(__name__)

MAX_DETAILS = 1024  # bytes of JSON
MAX_LIST = 20
ONCE_SECONDS = 300


def record(
    event: Event,
    *,
    organization_id: UUID | None,
    obj: models.Model | None = None,
    object_type: str = "",
    object_id: str = "",
    details: dict[str, Any] | None = None,
    actor: User | None = None,
) -> None:
    """Note an act in the caller's transaction; who and from where comes from `origin`.

    `details` are ids, kinds and counts: text, whole numbers, booleans, None and short lists of
    them; anything else raises TypeError. Never words, names of candidates or secrets.
    """
    by = origin.current()
    if obj is not None:
        object_type, object_id = obj._meta.label_lower, str(obj.pk)
    entry = AuditEntry(
        organization_id=organization_id,
        at=timezone.now(),
        action=event.value,
        actor_id=actor.pk if actor else by.user_id,
        actor=actor.email if actor else by.user,
        via=by.via,
        token_id=by.token_id,
        ip=address(by.ip),
        object_type=object_type,
        object_id=object_id,
        details=_checked(details or {}),
    )
    entry.digest = Codes(organization_id).for_new(entry)
    entry.save(force_insert=True)
    transaction.on_commit(lambda: seal(organization_id), robust=True)
    act_noted.send(
        sender=AuditEntry,
        event=event,
        organization_id=organization_id,
        object_type=object_type,
        object_id=object_id,
    )


@transaction.atomic
def record_for_user(
    event: Event, user: User, *, details: dict[str, Any] | None = None, actor: User | None = None
) -> None:
    """Note what concerns an account in each of its organizations; without any, the installation."""
    memberships = Membership.objects.filter(user=user, is_active=True).order_by("pk")
    chains: list[UUID | None] = [*memberships.values_list("organization_id", flat=True)]
    for organization_id in chains or [None]:
        record(event, organization_id=organization_id, obj=user, details=details, actor=actor)


def record_once(
    event: Event,
    *,
    organization_id: UUID | None,
    obj: models.Model,
    details: dict[str, Any] | None = None,
    seconds: int = ONCE_SECONDS,
) -> None:
    """Note what one person does again and again, like viewing, only once in a while.

    Another object, way (page, API, socket) or token counts anew. Without a cache all is noted.
    """
    by = origin.current()
    parts = (event.value, obj._meta.label_lower, obj.pk, by.via, by.user_id, by.token_id)
    key = "audit:" + ":".join(map(str, parts))
    if not _first(key, seconds):
        return
    try:
        record(event, organization_id=organization_id, obj=obj, details=details)
    except BaseException:
        cache.delete(key)  # the next one has to leave the trace that this one did not
        raise


def _first(key: str, seconds: int) -> bool:
    try:
        added: bool = cache.add(key, True, seconds)
    except Exception as error:  # each cache has errors of its own
        logger.warning("the audit goes on without a cache: %s", type(error).__name__)
        return True
    return added


def _checked(details: dict[str, Any]) -> dict[str, Any]:
    for name, value in details.items():
        items = value if isinstance(value, list | tuple) else [value]
        if not isinstance(name, str) or len(items) > MAX_LIST:
            raise TypeError("details of an audit entry have names and are short")
        for item in items:
            if not isinstance(item, str | int | None) or (isinstance(item, str) and "\0" in item):
                raise TypeError(f"an audit entry does not take {type(item).__name__} as {name}")
    if len(json.dumps(details, ensure_ascii=False).encode()) > MAX_DETAILS:
        raise TypeError(f"details of an audit entry are at most {MAX_DETAILS} bytes")
    return details
