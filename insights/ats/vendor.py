"""What all adapters share: a method per part, refused where the system's API has none."""

import re
from collections.abc import Callable
from typing import Any, ClassVar

from insights.ats import text
from insights.ats.base import UNKNOWN, Account, AtsError, Part, Result, Send, Target

MOST_FOUND = 20


class Vendor:
    """An adapter with `write_…`, `existing_…` and `remove_…` for the parts it offers."""

    parts: frozenset[Part] = frozenset({Part.NOTE})
    removes: frozenset[Part] = frozenset()
    finds = True
    longest: ClassVar[int] = text.LONGEST

    def __init__(self, account: Account, send: Send) -> None:
        self._account = account
        self._send = send

    def shown(self, part: Part, target: Target, result: Result) -> str:
        self._offered(part, self.parts)
        if part == Part.NOTE:
            attached = Part.ATTACHMENT in self.parts and bool(result.file)
            return text.note(result, longest=self.longest, attached=attached)
        if part == Part.SCORECARD:
            return text.scorecard(result, longest=self.longest)
        return text.file_name(result)

    def existing(self, part: Part, target: Target, result: Result) -> str | None:
        self._offered(part, self.parts)
        find: Callable[[Target, Result], str | None] = getattr(self, f"existing_{part}")
        return find(target, result)

    def write(self, part: Part, target: Target, result: Result) -> str:
        self._offered(part, self.parts)
        write: Callable[[Target, Result], str] = getattr(self, f"write_{part}")
        return write(target, result)

    def remove(self, part: Part, target: Target, remote_id: str) -> None:
        if part not in self.removes or remote_id == UNKNOWN:
            raise AtsError("by_hand", permanent=True)
        remove: Callable[[Target, str], None] = getattr(self, f"remove_{part}")
        remove(target, remote_id)

    def option(self, name: str) -> str:
        """Return a setting of the connection, empty where it was left out."""
        return str(self._account.options.get(name) or "").strip()

    def needed(self, name: str) -> str:
        if value := self.option(name):
            return value
        raise AtsError("option_missing", permanent=True)

    def _offered(self, part: Part, among: frozenset[Part]) -> None:
        if part not in among:
            raise AtsError("not_offered", permanent=True)


def is_email(wanted: str) -> bool:
    return bool(re.fullmatch(r"[^@\s]+@[^@\s]+", wanted))


def only(wanted: str, pattern: str) -> str:
    """Return the id that a typed text or a pasted address holds, empty where it holds none."""
    if re.fullmatch(pattern, wanted):
        return wanted
    found = re.search(rf"/(?:candidates?|people|opportunities)/({pattern})(?![^/?#])", wanted)
    return found.group(1) if found else ""


def labelled(*pieces: Any) -> str:
    """Return what people recognize somebody by: the pieces that there are."""
    return " · ".join(str(piece).strip() for piece in pieces if piece and str(piece).strip())
