"""Results on their way to an ATS: ordered by a person, sent once, taken back with the interview.

A row of `AtsDelivery` is the outbox. `ordering` writes and calls back rows, `sending` works them
off, `results` makes what is sent of the signed version, `connections` opens the other side.
`removals` remembers what is over there under the organization's key, since that of an erased
interview is gone when it has to be taken back.
"""

from insights.deliveries import connections, removals, wording
from insights.deliveries.ordering import (
    call_back_all,
    cancel,
    deliveries_of,
    order,
    preview,
    retry,
)
from insights.deliveries.sending import deliver, overdue
from insights.deliveries.serializers import connection_json, delivery_json

__all__ = [
    "call_back_all",
    "cancel",
    "connection_json",
    "connections",
    "deliver",
    "deliveries_of",
    "delivery_json",
    "order",
    "overdue",
    "preview",
    "removals",
    "retry",
    "wording",
]
