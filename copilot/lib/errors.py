"""The one error that crosses package borders."""

from typing import Any


class DomainError(Exception):
    """A rule of the product was broken; `detail` is a sentence for a person.

    `code` is stable and goes to API clients and sockets, `status` is the HTTP status of the answer.
    Neither may hold words somebody spoke.
    """

    def __init__(self, code: str, detail: str, *, status: int = 409, **more: Any) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.status = status
        self.more = more  # what a program may need besides, for problem details
