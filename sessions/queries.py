"""Reads about a session the caller already passed the door for."""

from django.db.models import QuerySet

from sessions.models import Note, Session


def notes_after(session: Session, revision: int = 0) -> QuerySet[Note]:
    return session.notes.filter(revision__gt=revision).select_related("author")
