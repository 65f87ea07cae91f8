"""Who opens a socket: a page of this very origin by its cookie, or a program by its token."""

from typing import Any
from urllib.parse import urlsplit

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.security.websocket import AllowedHostsOriginValidator
from django.conf import settings
from django.http import parse_cookie

from accounts import identity
from accounts.authentication import basic, bearer, enter_by_token
from accounts.identity import Credentials
from accounts.limits import TooMany
from accounts.middleware import client_address
from accounts.models import User
from accounts.origin import Origin, acting, become
from sessions.doorkeeper import in_database
from sessions.views.devices import DEVICE_COOKIE


class Refuse(AsyncWebsocketConsumer):
    """Refuse the handshake, so that an unknown path looks like a forbidden one."""

    async def connect(self) -> None:
        await self.close()


refuse = Refuse.as_asgi()


class Identify:
    """Find out who connects, and let all that this connection does be done by them.

    A token needs no Origin: no page can set the header. One that is no good is refused even
    beside a cookie. A token as a password does need one where a page sends it: browsers repeat
    passwords by themselves.
    """

    def __init__(self, application: Any) -> None:
        self._application = application
        self._pages = AllowedHostsOriginValidator(SameOrigin(self._by_cookie))

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        peer = scope.get("client") or [""]
        address = client_address(_header(scope, b"x-forwarded-for"), peer[0])
        authorization = _header(scope, b"authorization")
        token = bearer(authorization)
        if token is None and not _header(scope, b"origin"):
            token = basic(authorization)
        with acting(Origin(via="socket", ip=address)):
            if token is None:
                await self._pages(scope, receive, send)
            else:
                await self._by_token(token, scope, receive, send)

    async def _by_token(self, token: str, scope: dict[str, Any], receive: Any, send: Any) -> None:
        try:
            user = await in_database(enter_by_token)(token)
        except TooMany:
            user = None
        if user is None:
            await refuse(scope, receive, send)
            return
        credentials = Credentials(token_id=user.api_token.pk)
        await self._application({**scope, "user": user, "credentials": credentials}, receive, send)

    async def _by_cookie(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        cookies = parse_cookie(_header(scope, b"cookie"))
        # A device that joined an interview; its browser sends this for that one channel only.
        # One that was put out may be the browser of somebody who is signed in all the same.
        device = cookies.get(DEVICE_COOKIE)
        if device and not (await in_database(identity.of_token)(device)).is_authenticated:
            device = None
        token = basic(_header(scope, b"authorization")) or device
        if token:
            await self._by_token(token, scope, receive, send)
            return
        credentials = Credentials(session_key=cookies.get(settings.SESSION_COOKIE_NAME))
        user = await in_database(identity.identify)(credentials)
        if isinstance(user, User):
            become(user_id=user.pk, user=user.email)
        await self._application({**scope, "user": user, "credentials": credentials}, receive, send)


def _header(scope: dict[str, Any], name: bytes) -> str:
    """Return a header as Django would: what came several times is joined."""
    values = [value for given, value in scope["headers"] if given == name]
    return (b"; " if name == b"cookie" else b",").join(values).decode("latin-1")


class SameOrigin:
    """Let in origins whose host and port are those asked for, or that CSRF_TRUSTED_ORIGINS names.

    Cookies know no ports: without this a page of another program on the same host could listen.
    Runs inside AllowedHostsOriginValidator, which keeps out hosts that are not ours.
    """

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        origin = _header(scope, b"origin")
        known = origin in settings.CSRF_TRUSTED_ORIGINS or _same(origin, _header(scope, b"host"))
        await (self._application if known else refuse)(scope, receive, send)


def _same(origin: str, host: str) -> bool:
    try:
        given = urlsplit(origin)
        default = {"http": 80, "https": 443}[given.scheme]
        asked = urlsplit(f"//{host}")
        return (given.hostname, given.port or default) == (asked.hostname, asked.port or default)
    except (ValueError, KeyError):
        return False
