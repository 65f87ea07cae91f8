"""Two of the project's signals, sent robustly; connected in insights.apps."""

from django.dispatch import Signal

segment_saved = Signal()  # session_id: UUID, segment_id: UUID; on commit
# session_id: UUID, role: str, text: str; what somebody is saying so far, with patterns of personal
# data taken out, now and then, on a worker thread. Never stored, and nothing waits for it.
hypothesis_heard = Signal()
