"""Messages to webhooks were stored: who enqueues sends them."""

from django.dispatch import Signal

webhooks_waiting = Signal()  # delivery_ids: list[UUID]; sent on commit, robustly
