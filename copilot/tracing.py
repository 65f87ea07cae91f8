"""Which request, socket or task it is: ids for logs and reports, carried by the context.

Only ids: the request's own, the interview's from the address, the acting user's number.
"""

import inspect
import logging
import re
import uuid
from contextvars import ContextVar
from typing import Any

from django.utils.functional import SimpleLazyObject, empty

from accounts import origin

# What a proxy or a program may call a request; anything else could say something.
# One way to read each: headers come from strangers, and the server waits meanwhile.
REQUEST_ID = re.compile(r"[0-9a-f]{8,64}|[0-9a-f]{8}(?:-[0-9a-f]{4,32}){1,4}")
INTERVIEW = re.compile(r"/(?:sessions|join)/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?=/|$)")
HEADER = b"x-request-id"

_ids: ContextVar[dict[str, str]] = ContextVar("ids")


def ids() -> dict[str, str | int]:
    """Return the ids of what is being done here, as far as there are any."""
    found: dict[str, str | int] = dict(_ids.get({}))
    user = origin.current().user_id
    return found if user is None else {**found, "user": user}


class WithIds(logging.Filter):
    """Hand the ids at hand to the formatter."""

    def filter(self, record: logging.LogRecord) -> bool:
        found = ids()
        # Django tells of a refused request when nobody acts any more.
        user = getattr(getattr(record, "request", None), "user", None)
        if isinstance(user, SimpleLazyObject) and user.__dict__["_wrapped"] is empty:
            user = None  # nobody asked who it is: that is no reason to look
        if number := getattr(user, "pk", None):
            found["user"] = number
        vars(record)["ids"] = found
        return True


class Traced:
    """Give every request and socket an id, for its log lines and for its answer."""

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._application(scope, receive, send)
            return
        request = _request_id(scope["headers"])
        found = {"request": request}
        if interview := INTERVIEW.search(scope["path"]):
            found["session"] = interview[1]

        async def named(message: dict[str, Any]) -> None:
            if message["type"] in {"http.response.start", "websocket.accept"}:
                headers = [*message.get("headers", []), (HEADER, request.encode())]
                message = {**message, "headers": headers}
            await send(message)

        token = _ids.set(found)
        try:
            await self._application(scope, receive, named)
        finally:
            _ids.reset(token)


def _request_id(headers: Any) -> str:
    given = next((value for name, value in headers if name == HEADER), b"").decode("latin-1")
    return given.lower() if REQUEST_ID.fullmatch(given.lower()) else uuid.uuid4().hex


def begin_task(task_id: str, task: Any, args: Any, kwargs: Any) -> None:
    """Name the task that this thread begins, and its interview where it is about one."""
    found = {"task": str(task.name), "task_id": task_id}
    try:
        about = inspect.signature(task.run).bind(*args, **kwargs).arguments.get("session_id")
        found["session"] = str(uuid.UUID(str(about)))
    except (TypeError, ValueError):
        pass  # it is about no interview, or was called wrongly and will say so itself
    _ids.set(found)


def end_task() -> None:
    _ids.set({})
