"""Webhooks: an organization's programs are told what happened, by ids and never by words.

`kinds` names what is told. `outbox` writes a row for each who listens, in the transaction of the
act. `sending` works rows off, signed after Standard Webhooks, and tries again. `endpoints` is what
admins do: add, change, rotate, test, send again.
"""

from insights.webhooks import endpoints, kinds
from insights.webhooks.outbox import clear, next_due, note_act, note_erased, overdue, put
from insights.webhooks.sending import deliver

__all__ = [
    "clear",
    "deliver",
    "endpoints",
    "kinds",
    "next_due",
    "note_act",
    "note_erased",
    "overdue",
    "put",
]
