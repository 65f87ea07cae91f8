"""Off the record: what was said last is taken back, with everything that was made of it.

One transaction holds the interview while it goes: whatever is stored for it later finds the lines
gone, and an analysis that is under way has lost the right to store what it finds. What a language
model was sent before cannot be called back.
"""

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from copilot.lib.errors import DomainError
from insights import cards, coverage, debounce, ledger, memory, prediction, tones
from sessions import access, stretches
from sessions.models import Session
from sessions.notes import unlink
from transcription import corrections
from transcription.corrections import Erased


@transaction.atomic
def begin(*, session: Session, by: User, seconds: int) -> tuple[Session, float | None]:
    """Go off the record and erase the last seconds; return the session as it is then, and the
    countdown of the analysis to enqueue, where one has to start over.

    Raises DomainError: not_live, already_off, erased.
    """
    held = access.hold(session)
    stretch = stretches.begin(session=held, by=by, seconds=seconds)
    gone = corrections.erase(session=held, since_ms=stretch.from_ms)
    memory.forget(held)
    prediction.forget(held)
    countdown = debounce.start_over(held.pk)
    if gone:
        _forget(held, gone)
    stretches.announce(held)
    return held, countdown


@transaction.atomic
def end(*, session: Session) -> Session:
    """Go on the record again. Raises DomainError: not_off, erased."""
    held = access.hold(session)
    if stretches.close(held) is None:
        raise DomainError("not_off", _("The interview is on the record."))
    stretches.announce(held)
    return held


def _forget(session: Session, gone: Sequence[Erased]) -> None:
    lines = {line.id for line in gone}
    cards.forget(session, gone)
    ledger.forget(session)
    tones.forget(session, lines)
    coverage.forget(session, lines)
    unlink(session, lines)
