"""What can be said about a line at once: local patterns, the question bank, what was predicted."""

from datetime import UTC, datetime
from uuid import UUID

from insights import cards, queries
from insights.analyzers.patterns import instant
from insights.models import Insight
from sessions import access


def note_segment(*, session_id: UUID, segment_id: UUID) -> None:
    """Show what local patterns see in one line, as preliminary cards."""
    session = access.session_by_id(session_id)
    if session is None or not session.organization.analysis_enabled:
        return
    segment = session.segments.filter(pk=segment_id).first()
    if segment is None:
        return
    line = queries.line_of(segment)
    findings = instant(
        line,
        context=queries.context(session, segment.sequence - 1),
        sentiment=session.organization.sentiment,
        today=datetime.now(UTC).date(),
    )
    for finding in findings:
        cards.store_finding(
            session_id=session_id,
            finding=finding,
            state=Insight.State.PRELIMINARY,
            source=Insight.Source.PATTERN,
        )
