"""The access matrix of the sockets: every person of the cast at every socket there is."""

import pytest
from channels.db import database_sync_to_async

from sessions.routing import websocket_urlpatterns as live
from tests.factories import go_live, make_token
from tests.flows.matrix import PEOPLE, RECORD, SCOPES, SEE, SIGNED_IN
from tests.sockets import socket_to
from transcription.routing import websocket_urlpatterns as audio

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = {  # route → (who enters, by which scope a token of the owner does)
    "ws/sessions/<uuid:session_id>/live/": (SEE, "read"),
    "ws/sessions/<uuid:session_id>/audio/<role:role>/": (RECORD, "audio"),
    "ws/vosk/<uuid:session_id>/<role:role>/": (RECORD, "audio"),
}
ROUTES = [str(pattern.pattern) for pattern in (*live, *audio)]


def test_every_socket_has_a_row():
    assert sorted(ROUTES) == sorted(ROWS)


@pytest.mark.parametrize("route", ROUTES)
async def test_each_person_enters_exactly_their_sockets(cast, django_user_model, hush, route):
    go = database_sync_to_async
    session = await go(go_live)(cast.session)
    cast.root = await go(django_user_model.objects.create_superuser)("root@example.com", "x")
    tokens = {
        f"token:{scope}": await go(make_token)(cast.olga, cast.organization, scope)
        for scope in SCOPES
    }
    path = "/" + route.replace("<uuid:session_id>", str(session.pk)).replace(
        "<role:role>", "candidate"
    )
    may_enter, scope = ROWS[route]
    entered = set()
    for person in PEOPLE:
        user = getattr(cast, person) if person in SIGNED_IN else None
        socket = await socket_to(path, user, token=tokens.get(person))
        accepted, _protocol = await socket.connect(timeout=10)
        if accepted:
            entered.add(person)
        await socket.disconnect(timeout=10)
    assert entered == may_enter | {f"token:{scope}"}
