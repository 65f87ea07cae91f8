"""Whether this database was made with these master keys: asked before anything is served.

A wrong key would open nothing and seal what comes next with itself, so that no set of keys opens
the whole any more. Reasons name ids of master keys, never keys.
"""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

from accounts.keys.holders import holders
from accounts.models import InstallationKey, Organization
from copilot.lib.crypto import CryptoError, wrapped_by

CHECK = "check"  # name of the key that tells
SAMPLES = 5  # rows that a master key is tried at: one of them may be damaged
HELP = "docs/operations.md says how to restore keys"

__all__ = ["check", "holders", "stop_unless_ours"]


def check() -> None:
    """Raise ImproperlyConfigured unless the master keys are those of this database.

    1. The key that tells opens, where it was made already.
    2. So does at least one organization of every other master key that wraps any.
    3. Make the key that tells, for the next start. Of several first starts one makes it, and the
       others open it like any later one.
    """
    tables = set(connection.introspection.table_names())
    noted = InstallationKey._meta.db_table in tables
    made = InstallationKey.objects.filter(name=CHECK).first() if noted else None
    if made is not None:
        _open(made)
    if Organization._meta.db_table in tables:
        _open_organizations(_wrapped_by(made) if made else None)
    if noted and made is None:
        row, _created = InstallationKey.objects.get_or_create(name=CHECK)
        _open(row)


def stop_unless_ours() -> None:
    """End the process with a sentence where `check` fails; in a thread of its own.

    It may be called beside a running event loop, and before a fork: no connection is left open.
    """
    if not settings.INTERVIEW_CHECKS_KEYS:
        return
    with ThreadPoolExecutor(1) as thread:
        reason = thread.submit(_reason).result()
    if reason:
        raise SystemExit(reason)


def _reason() -> str:
    try:
        check()
    except ImproperlyConfigured as reason:
        return str(reason)
    except DatabaseError as error:
        return f"the database cannot be used: {str(error).strip().partition(chr(10))[0]}"
    finally:
        connection.close()
    return ""


def _open(row: InstallationKey) -> None:
    try:
        row.key()
    except CryptoError:
        raise _refusal(_wrapped_by(row)) from None


def _open_organizations(proven: str | None) -> None:
    """Try organizations of each master key but the one that is `proven` to be right."""
    tried: dict[str, int] = defaultdict(int)
    opened = {proven}
    rows = Organization.objects.only("wrapped_key").order_by("pk")
    for organization in rows.iterator():
        key_id = _wrapped_by(organization)
        # What is not wrapped at all is damaged: the others have not to wait for it.
        if key_id is None or key_id in opened or tried[key_id] == SAMPLES:
            continue
        tried[key_id] += 1
        try:
            organization.key()
        except CryptoError:
            continue
        opened.add(key_id)
    for key_id in sorted(tried.keys() - opened):
        raise _refusal(key_id)


def _wrapped_by(row: InstallationKey | Organization) -> str | None:
    try:
        return wrapped_by(bytes(row.wrapped_key))
    except CryptoError:
        return None


def _refusal(key_id: str | None) -> ImproperlyConfigured:
    configured = ", ".join(f"'{known}'" for known in settings.INTERVIEW_MASTER_KEYS.keys)
    if key_id is None:
        return ImproperlyConfigured(f"the key that proves the master keys is damaged: {HELP}")
    if key_id in settings.INTERVIEW_MASTER_KEYS.keys:
        return ImproperlyConfigured(
            f"INTERVIEW_MASTER_KEYS has another key under the id '{key_id}' than the one this "
            f"database was made with: {HELP}"
        )
    return ImproperlyConfigured(
        f"this database was made with master key '{key_id}'; INTERVIEW_MASTER_KEYS has "
        f"{configured}: {HELP}"
    )
