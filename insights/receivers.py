"""Where words become meaning: the project's signals end here."""

from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.kinds import Event
from accounts.signals import act_noted
from insights import (
    analysis,
    debounce,
    deliveries,
    instant,
    memory,
    prediction,
    sealed_cache,
    summaries,
    tasks,
    webhooks,
)
from insights.queries import REDACTED
from insights.signals import webhooks_waiting
from sessions import retention
from sessions.signals import (
    Removed,
    consent_withdrawn,
    session_ended,
    session_erased,
    session_erasing,
)
from transcription.signals import hypothesis_heard, segment_saved

CACHED = (memory.NAME, prediction.HEARD, prediction.READY, summaries.NOTES, *REDACTED)
PREDICTION_SECONDS = 10  # for which a prediction is worth beginning


def on_segment(sender: object, session_id: UUID, segment_id: UUID, **kwargs: Any) -> None:
    """Make the session due, show what local patterns see at once, wake a worker.

    In this order: whatever fails after the first step, the sweep still finds the session.
    """
    countdown = analysis.mark_segment(session_id=session_id)
    instant.note_segment(session_id=session_id, segment_id=segment_id)
    if countdown is not None:
        tasks.analyze.apply_async([str(session_id)], countdown=countdown)


def on_hypothesis(sender: object, session_id: UUID, role: str, text: str, **kwargs: Any) -> None:
    """Let follow-ups be fetched while the candidate talks; too late they are of no use."""
    if prediction.heard(session_id, role, text):
        tasks.predict.apply_async([str(session_id)], expires=PREDICTION_SECONDS)


def on_consent_withdrawn(sender: object, session_id: UUID, **kwargs: Any) -> None:
    """Take the lease from whoever reads or sends: nothing more is made of what was said."""
    debounce.start_over(session_id)
    deliveries.call_back_all(session_id)


def on_end(sender: object, session_id: UUID, **kwargs: Any) -> None:
    """Read the last words, also those stored just before a crash could mark them."""
    analysis.mark_segment(session_id=session_id)
    tasks.analyze.delay(str(session_id))


@transaction.atomic
def on_erasing(sender: object, session_id: UUID, limit: int, **kwargs: Any) -> Removed:
    """Remove what was made of an interview that is erased, in the cache first.

    What is under way finds neither the interview nor its lease when it wants to store something.
    What was sent to an ATS is taken back there too, in its own time.
    """
    deliveries.removals.wake(session_id)
    deliveries.call_back_all(session_id)
    sealed_cache.forget_all(session_id, CACHED)
    return retention.remove_rows("insights", session_id, limit)


def on_act(
    sender: object,
    event: Event,
    organization_id: UUID | None,
    object_type: str,
    object_id: str,
    **kwargs: Any,
) -> None:
    """Tell webhooks of an act, in its transaction."""
    webhooks.note_act(event, organization_id, object_type, object_id)


def on_erased(
    sender: object, organization_id: UUID, session_id: UUID, receipt_id: UUID, **kwargs: Any
) -> None:
    """Tell webhooks that an interview is gone."""
    webhooks.note_erased(organization_id, session_id, receipt_id)


def on_webhooks_waiting(sender: object, delivery_ids: list[UUID], **kwargs: Any) -> None:
    """Send at once; what the queue loses the sweep finds."""
    for delivery_id in delivery_ids:
        tasks.send_webhook.delay(str(delivery_id))


def connect() -> None:
    act_noted.connect(on_act, dispatch_uid="insights.on_act")
    session_erased.connect(on_erased, dispatch_uid="insights.on_erased")
    webhooks_waiting.connect(on_webhooks_waiting, dispatch_uid="insights.on_webhooks_waiting")
    session_erasing.connect(on_erasing, dispatch_uid="insights.on_erasing")
    segment_saved.connect(on_segment, dispatch_uid="insights.on_segment")
    hypothesis_heard.connect(on_hypothesis, dispatch_uid="insights.on_hypothesis")
    consent_withdrawn.connect(on_consent_withdrawn, dispatch_uid="insights.on_consent_withdrawn")
    session_ended.connect(on_end, dispatch_uid="insights.on_end")
