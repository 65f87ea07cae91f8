"""Three lines each: what wakes the services. Arguments are ids."""

from uuid import UUID

from celery import shared_task

from insights import analysis, debounce


@shared_task
def analyze(session_id: str) -> None:
    """Run one debounced analysis, and plan the trailing one."""
    again = analysis.analyze_session(session_id=UUID(session_id))
    if again is not None:
        analyze.apply_async([session_id], countdown=again)


@shared_task
def sweep() -> None:
    """Start over what a dead worker or a lost message left unread."""
    for session_id in debounce.overdue():
        analyze.delay(str(session_id))
