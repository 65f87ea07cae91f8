"""Three lines each: what wakes the services. Arguments are ids."""

from uuid import UUID

from celery import shared_task
from celery.signals import worker_ready

from insights import (
    analysis,
    asking,
    corrections,
    debounce,
    latency,
    prediction,
    reviews,
    summaries,
)


@worker_ready.connect
def warm_up(**kwargs: object) -> None:
    """Let the first interview of the day not wait for imports and word lists."""
    asking.warm_up()


@shared_task
def analyze(session_id: str) -> None:
    """Run one debounced analysis, and plan the trailing one."""
    again = analysis.analyze_session(session_id=UUID(session_id))
    if again is not None:
        analyze.apply_async([session_id], countdown=again)
    elif reviews.wanted(UUID(session_id)):
        review.delay(session_id)
    if again is None and summaries.due(UUID(session_id)):
        summarise.delay(session_id)


@shared_task
def predict(session_id: str) -> None:
    """Fetch follow-ups to what is being said."""
    prediction.prefetch(UUID(session_id))


@shared_task
def review(session_id: str, after: int | None = None, tries: int = 0) -> None:
    """Read one window of a finished interview once more, and plan the next."""
    step = reviews.review_session(session_id=UUID(session_id), after=after, tries=tries)
    if step is not None:
        review.apply_async([session_id, step.after, step.tries], countdown=step.seconds)
    elif summaries.due(UUID(session_id)):
        summarise.delay(session_id)


@shared_task
def summarise(session_id: str) -> None:
    """Draft what a finished interview came to, or draft it again."""
    summaries.make(session_id=UUID(session_id))


@shared_task
def reread(session_id: str) -> None:
    """Read the turn around a corrected line again, and plan the next."""
    again = corrections.reread(session_id=UUID(session_id))
    if again is not None:
        reread.apply_async([session_id], countdown=again)
    elif summaries.due(UUID(session_id)):
        summarise.delay(session_id)


@shared_task
def sweep_reviews() -> None:
    """Go on with the reviews and readings that a dead worker or a lost message left unfinished."""
    for session_id in corrections.overdue():
        reread.delay(str(session_id))
    for session_id, after in reviews.overdue():
        review.delay(str(session_id), after)


@shared_task
def sweep() -> None:
    """Start over what a dead worker or a lost message left unread."""
    for session_id in debounce.overdue():
        analyze.delay(str(session_id))


@shared_task
def fold_latencies() -> None:
    """Keep of hours long past only the sum."""
    latency.fold()
