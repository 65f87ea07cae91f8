"""Who acts on each request, and members who owe a second factor sent to where they add it."""

from collections.abc import Callable
from functools import partial

from allauth.core.internal.httpkit import clean_client_ip
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.functional import SimpleLazyObject

from accounts import identity, origin
from accounts.models import User
from accounts.origin import Origin
from accounts.queries import organizations_requiring_more

Next = Callable[[HttpRequest], HttpResponseBase]

WAYS = {"/api/": "api", "/admin/": "admin"}
# For those who owe a second factor.
OPEN = ("/accounts/", "/api/", "/candidate/", "/healthz", "/join/", "/static/")


def client_address(forwarded: str, peer: str) -> str | None:
    """Return where a client is: what the outermost of our own proxies saw, else the connection.

    `forwarded` is X-Forwarded-For: everything left of what our proxies appended is hearsay.
    """
    proxies = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    hops = forwarded.split(",") if forwarded else []
    seen = hops[-proxies] if 0 < proxies <= len(hops) else peer
    return clean_client_ip(seen.partition("%")[0]) if seen else None


class OriginMiddleware:
    """Say for whom the request is served; nobody is looked up who is not asked for.

    Answers of the API and account pages, which show secrets, are never for a cache on the way.
    """

    def __init__(self, get_response: Next) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        via = next((way for start, way in WAYS.items() if request.path_info.startswith(start)), "")
        address = client_address(
            request.headers.get("X-Forwarded-For", ""), request.META.get("REMOTE_ADDR", "")
        )
        here = Origin(via=via or "web", ip=address)
        request.user = SimpleLazyObject(partial(_who, request, here))  # type: ignore[assignment]
        with origin.acting(here):
            response = self._get_response(request)
        if via == "api" or request.path_info.startswith("/accounts/"):
            response.headers["Cache-Control"] = "no-store"
        return response


def _who(request: HttpRequest, here: Origin) -> User | AnonymousUser:
    user = identity.of_session(request)
    if isinstance(user, User) and origin.current() is here:
        origin.become(user_id=user.pk, user=user.email)
    return user


class SecondFactorMiddleware:
    """Send members to add the second factor that an organization of theirs requires.

    Pages only: the API and the sockets ask the door, which does not count such a membership.
    """

    def __init__(self, get_response: Next) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(OPEN) and organizations_requiring_more(request.user):
            return redirect("mfa_index")
        return self._get_response(request)
