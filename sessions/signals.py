"""One of the project's three signals: sent on commit, robustly; connected in insights.apps."""

from django.dispatch import Signal

session_ended = Signal()  # session_id: UUID
