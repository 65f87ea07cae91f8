"""The redactor of this process, and what it knows about a session."""

import functools

from sessions.models import Session
from transcription.redaction import Redactor, SessionRedactor


@functools.lru_cache(maxsize=1)
def redactor() -> Redactor:
    return Redactor()


def session_redactor(session: Session) -> SessionRedactor:
    """Return a redactor for one speaker, or one text, of a session.

    All of a session's share the numbers of their placeholders while one of them lives.
    """
    return redactor().for_session(
        names=[name for name in (session.candidate_name, session.owner.name) if name],
        keep_names=session.organization.keep_names,
        language=session.language,
        session=str(session.pk),
    )
