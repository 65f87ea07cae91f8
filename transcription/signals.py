"""One of the project's two signals: sent on commit, robustly; connected in insights.apps."""

from django.dispatch import Signal

segment_saved = Signal()  # session_id: UUID, segment_id: UUID
