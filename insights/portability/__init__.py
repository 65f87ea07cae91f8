"""What a candidate may have of an interview, and what an organization hands out about a candidate.

A copy is a ZIP with the data for programs (`data.json`), the same in plain words (`transcript.txt`,
`README.txt`) and the checksums of all (`manifest.json`). It is made in memory and passed on: what
is sealed is never on a disk in clear.

Two extents. The candidate's own copy has everything that is kept about them, what others wrote and
rated included, once it was submitted; of other people it names who held the interview and nobody
else. The organization's has the names of all who wrote, and ratings that are not submitted yet.
Neither has keys, words as they were before they were redacted, or what was said off the record.
"""

from collections.abc import Collection, Iterator
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.kinds import Event
from accounts.models import Organization, User
from copilot.lib.crypto import CryptoError
from copilot.lib.errors import DomainError
from insights.exports import File
from insights.portability.archive import SCHEMA, Archive, Sink, as_json
from insights.portability.contents import gather
from insights.portability.reading import readme, talk
from sessions import access
from sessions.models import Session

__all__ = ["SCHEMA", "copy_of", "export_subject", "gather"]

MOST_SESSIONS = 500  # of one candidate, in one file


def copy_of(session: Session, *, full: bool = False) -> File:
    """Return what there is about the candidate of one interview, as a file."""
    sink = Sink()
    with Archive(sink) as archive:
        _put(archive, session, full=full)
    return File(_file_name(session), "application/zip", sink.take())


def export_subject(
    organization: Organization, session_ids: Collection[UUID], by: User | None
) -> tuple[str, Iterator[bytes]]:
    """Return name and bytes of one file over several interviews, and note that it was taken.

    The bytes come one interview at a time, so that memory holds no more than one. What is erased
    meanwhile is left out. `by` is None for the operator's command.
    """
    chosen = dict.fromkeys(session_ids)
    if not chosen or len(chosen) > MOST_SESSIONS:
        raise DomainError(
            "bad_choice",
            _("Choose between 1 and %(most)d interviews.") % {"most": MOST_SESSIONS},
            status=400,
        )
    known = access.sessions_of(organization).filter(pk__in=chosen).order_by("created_at", "pk")
    found = list(known.values_list("pk", flat=True))
    if not found:
        raise DomainError("erased", _("These interviews were erased."), status=410)
    audit.record(
        Event.SUBJECT_EXPORTED,
        organization_id=organization.pk,
        actor=by,
        details={"interviews": len(found)},
    )
    name = f"candidate-{timezone.localdate().isoformat()}-{len(found)}.zip"
    return name, _streamed(found)


def _streamed(session_ids: list[UUID]) -> Iterator[bytes]:
    sink = Sink()
    with Archive(sink) as archive:
        for session_id in session_ids:
            session = access.session_by_id(session_id)
            if session is None:
                continue
            try:
                _put(archive, session, full=True, folder=f"{_file_name(session)[:-4]}/")
            except (CryptoError, DomainError):  # erased while it was read, or tampered with
                archive.add(f"{session_id}-not-readable.txt", _("This interview does not open."))
            yield sink.take()
    yield sink.take()


def _put(archive: Archive, session: Session, *, full: bool, folder: str = "") -> None:
    data = gather(session, full=full)  # all of it first: half an interview is none
    archive.add(f"{folder}README.txt", readme(data))
    archive.add(f"{folder}transcript.txt", talk(data))
    archive.add(f"{folder}data.json", as_json(data))


def _file_name(session: Session) -> str:
    """Return a name without anybody's: it stays in lists of downloads."""
    day = timezone.localdate(session.started_at or session.created_at)
    return f"interview-{day.isoformat()}-{str(session.pk)[:8]}.zip"
