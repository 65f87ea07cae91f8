"""The other side: a connection opened with its credential, tried, and asked for candidates."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Organization
from copilot.lib import outgoing
from copilot.lib.crypto import CryptoError
from copilot.lib.errors import DomainError
from insights import ats
from insights.ats.base import Account, Adapter, AtsError, Part, Target
from insights.deliveries.backoff import LEASE
from insights.models import AtsConnection

logger = logging.getLogger(__name__)

MOST_FOUND = 20


def active(organization: Organization) -> QuerySet[AtsConnection]:
    """Return the connections through which an organization's people may send."""
    return organization.ats_connections.filter(is_active=True)


def get(organization: Organization, connection_id: UUID) -> AtsConnection:
    """Return an active connection of the organization; raise DomainError `no_connection`."""
    found = active(organization).filter(pk=connection_id).first()
    if found is None:
        raise DomainError("no_connection", _("There is no such connection any more."), status=404)
    return found


class Sender:
    """Sends requests within the lease of who sends: nothing leaves once somebody may take over."""

    def __init__(self, lease: timedelta) -> None:
        self._seconds = lease.total_seconds() - outgoing.SECONDS  # a request ends within the lease
        self.renew()

    def renew(self) -> None:
        self._until = time.monotonic() + self._seconds

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes
    ) -> outgoing.Answer:
        if time.monotonic() > self._until:
            raise outgoing.Unreachable("too_slow")
        allowed = outgoing.Allowed(settings.INTERVIEW_OUTGOING_ALLOW)
        return outgoing.request(allowed, method, url, headers=headers, content=content)


def opened(connection: AtsConnection, sender: Sender | None = None) -> Adapter:
    """Return the adapter of a connection, at work with its credential; it asks for nothing yet."""
    account = Account(
        base_url=connection.base_url,
        credential=_credential(connection),
        options=connection.options or {},
        mapping=connection.mapping or {},
    )
    return ats.ADAPTERS[connection.kind](account, sender or Sender(LEASE))


def _credential(connection: AtsConnection) -> str:
    """Return the key; one that does not open is as good as a wrong one: a person enters another."""
    try:
        return connection.credential or ""
    except CryptoError:
        logger.error("the credential of ATS connection %s does not open", connection.pk)
        raise AtsError("bad_credential", permanent=True) from None


@contextmanager
def told() -> Iterator[None]:
    """Turn whatever goes wrong over there into an AtsError."""
    try:
        yield
    except AtsError:
        raise
    except outgoing.Refused as error:
        raise AtsError(error.code, permanent=True) from None
    except outgoing.Unreachable as error:
        raise AtsError(error.code, permanent=False, unsure=error.sent) from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # An answer that nobody thought of. Its text may hold words, so only its kind is told.
        logger.error("an ATS answered what was not expected: %s", type(error).__name__)
        raise AtsError("odd_answer", permanent=False, unsure=True) from None


def parts_of(connection: AtsConnection) -> list[Part]:
    """Return what can be written through a connection, in the order in which it is."""
    try:
        writable = opened(connection).parts
    except (AtsError, LookupError, TypeError, ValueError):  # its options say nothing usable
        return []
    return [part for part in Part if part in writable]


def finds(connection: AtsConnection) -> bool:
    """Tell whether candidates can be searched through it."""
    try:
        return bool(opened(connection).finds)
    except (AtsError, LookupError, TypeError, ValueError):
        return False


def check(connection: AtsConnection) -> str:
    """Try a connection and keep how it went; return whom the key stands for.

    Raises AtsError.
    """
    error = ""
    try:
        with told():
            return opened(connection).check()
    except AtsError as failed:
        error = failed.code
        raise
    finally:
        AtsConnection.objects.filter(pk=connection.pk).update(
            checked_at=timezone.now(), check_error=error
        )


def find(connection: AtsConnection, text: str) -> list[Target]:
    """Return the candidates over there that fit the text; raises AtsError."""
    with told():
        return opened(connection).find(text)[:MOST_FOUND]
