"""The redactor of this process, and what it knows about a session."""

import functools
import re

from sessions.access import names_shared_with
from sessions.models import Session
from transcription.redaction import Redactor, SessionRedactor

# Mail boxes that are called after no person.
_NOBODY = frozenset("contact hello info jobs mail office career careers resume".split())


@functools.lru_cache(maxsize=1)
def redactor() -> Redactor:
    return Redactor()


def session_redactor(session: Session) -> SessionRedactor:
    """Return a redactor for one speaker, or one text, of a session.

    All of a session's share the numbers of their placeholders while one of them lives. It knows the
    candidate, by name and by the name in their address, the owner, and whom it is shared with.
    """
    box = _box_words(session.candidate_email or "")
    candidate = session.candidate_name or ""
    others = names_shared_with(session)
    return redactor().for_session(
        names=[name for name in (candidate, session.owner.name) if name],
        also={0: box} if candidate else {},
        others=others if candidate else [*others, " ".join(box)],
        keep_names=session.organization.keep_names,
        language=session.language,
        session=str(session.pk),
    )


def _box_words(email: str) -> list[str]:
    """Return the words of an address that may be a name ("jane.miller@...")."""
    words = re.split(r"[^a-z]+", email.partition("@")[0].lower())
    return [word for word in words if len(word) > 2 and word not in _NOBODY]
