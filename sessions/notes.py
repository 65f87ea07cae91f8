"""Notes and bookmarks beside an interview; who wrote one may change it and take it back."""

from collections.abc import Collection
from uuid import UUID

from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from copilot.lib.errors import DomainError
from sessions import access, events
from sessions.models import Note, Session
from sessions.serializers import note_json

NOTE_CHARS = 2000


@transaction.atomic
def add_note(
    *,
    session: Session,
    author: User,
    text: str = "",
    kind: str = Note.Kind.NOTE,
    note_id: UUID | None = None,
    segment: UUID | None = None,
    at_ms: int | None = None,
    seconds_ago: int = 0,
) -> Note:
    """Keep what somebody wrote or marked, and show it to everybody who watches.

    It is about now, or `seconds_ago`, or `at_ms` on the interview's clock. Where `note_id` is one
    of the author's notes here already, that one is changed: they may not have heard of it.
    """
    held = access.hold(session)
    known = Note.objects.filter(pk=note_id).first() if note_id else None
    if known is not None:
        if (known.session_id, known.author_id) != (held.pk, author.pk):
            raise _taken()
        return _rewrite(known, held, text)
    if at_ms is None:
        if kind == Note.Kind.BOOKMARK and held.started_at is None:
            raise DomainError("not_started", _("There is nothing to mark before the interview."))
        at_ms = max(0, int((held.elapsed().total_seconds() - seconds_ago) * 1000))
    if segment is not None and not held.segments.filter(pk=segment).exists():
        fields = {"segment": [_("This interview has no such line.")]}
        raise DomainError("invalid", _("Some fields are wrong."), status=400, fields=fields)
    note = Note(session=held, author=author, kind=kind, segment=segment, at_ms=at_ms)
    if note_id:
        note.pk = note_id
    text = _checked(text, kind)
    try:
        with transaction.atomic():
            return _store(note, held, text)
    except IntegrityError:  # in another interview, this moment
        raise _taken() from None


def _taken() -> DomainError:
    return DomainError("taken", _("Another note has this id."))


@transaction.atomic
def change_note(
    *, session: Session, author: User, note_id: UUID, text: str, writing: bool = False
) -> Note:
    """Write a note anew; one that was removed is there again.

    While its author is still `writing` it does not count as edited.
    """
    held = access.hold(session)
    return _rewrite(_own(held, author, note_id), held, text, writing=writing)


@transaction.atomic
def remove_note(*, session: Session, author: User, note_id: UUID) -> None:
    """Erase the words of a note, and let everybody who watches take it away."""
    held = access.hold(session)
    note = _own(held, author, note_id)
    if not note.removed:
        note.removed = True
        _store(note, held, "")


def unlink(held: Session, lines: Collection[UUID]) -> None:
    """Let notes stand without lines that are gone; call with the session locked."""
    for note in held.notes.filter(segment__in=lines).select_related("author"):
        note.session = held  # whose key is at hand
        note.segment = None
        _store(note, held, note.text or "")


def _rewrite(note: Note, held: Session, text: str, *, writing: bool = True) -> Note:
    text = _checked(text, note.kind)
    if text == (note.text or "") and not note.removed:
        return note
    note.removed = False
    if not writing:
        note.edited_at = timezone.now()
    return _store(note, held, text)


def _store(note: Note, held: Session, text: str) -> Note:
    note.text = text or None
    note.revision = events.next_revision(held.pk)
    note.save()
    body = {"revision": note.revision, "note": note_json(note)}
    events.publish_on_commit(held.pk, "note", body)
    return note


def _checked(text: str, kind: str) -> str:
    text = text.strip()
    if len(text) > NOTE_CHARS or not (text or kind == Note.Kind.BOOKMARK):
        detail = _("A note has between 1 and %(most)d characters.") % {"most": NOTE_CHARS}
        raise DomainError("bad_note", detail, status=400)
    return text


def _own(held: Session, author: User, note_id: UUID) -> Note:
    note = held.notes.select_related("author").filter(pk=note_id, author=author).first()
    if note is None:
        raise Http404("no such note")
    note.session = held  # whose key is at hand
    return note
