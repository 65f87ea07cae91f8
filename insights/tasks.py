"""Three lines each: what wakes the services. Arguments are ids."""

from uuid import UUID

from celery import shared_task
from celery.signals import worker_ready

from insights import (
    analysis,
    asking,
    corrections,
    debounce,
    deliveries,
    latency,
    prediction,
    reviews,
    summaries,
    webhooks,
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
def summarise(session_id: str, step: int = 0, tries: int = 0) -> None:
    """Draft what a finished interview came to, or draft it again: one call, and plan the next."""
    later = summaries.go_on(session_id=UUID(session_id), step=step, tries=tries)
    if later is not None:
        again = [session_id, step + 1, later.tries]
        summarise.apply_async(again, countdown=later.seconds)


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


@shared_task
def deliver(delivery_id: str) -> None:
    """Send what a person ordered to an ATS."""
    deliveries.deliver(UUID(delivery_id))


@shared_task
def remove(removal_id: str) -> None:
    """Remove over there what was sent of an erased interview."""
    deliveries.removals.remove(UUID(removal_id))


@shared_task
def sweep_deliveries() -> None:
    """Send and take back what is due; let go of what was taken back long ago."""
    for delivery_id in deliveries.overdue():
        deliver.delay(str(delivery_id))
    for removal_id in deliveries.removals.overdue():
        remove.delay(str(removal_id))
    deliveries.removals.clear()


@shared_task
def send_webhook(delivery_id: str) -> None:
    """Try to send a message to a webhook, then begin with another one that waits."""
    tried = webhooks.deliver(UUID(delivery_id))
    if tried is None:
        return
    if tried.again is not None:
        send_webhook.apply_async([delivery_id], countdown=tried.again)
    waiting = webhooks.next_due()
    if waiting is not None:
        send_webhook.delay(str(waiting))


@shared_task
def sweep_webhooks() -> None:
    """Send what is due, and what a dead worker or a lost message left behind."""
    for delivery_id in webhooks.overdue():
        send_webhook.delay(str(delivery_id))


@shared_task
def clear_webhooks() -> None:
    """Forget messages that were done with long ago."""
    webhooks.clear()
