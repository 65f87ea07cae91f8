"""What an adapter is given, what it can do and how it fails."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from copilot.lib.outgoing import Answer

# method, url, headers, content -> what came back; raises outgoing.Refused and Unreachable
Send = Callable[[str, str, Mapping[str, str], bytes], Answer]


# The id of what is over there without one that could be learned: it can only be removed by hand.
UNKNOWN = "unknown"


class Part(StrEnum):
    """What can be sent, each at most once a delivery."""

    NOTE = "note"
    ATTACHMENT = "attachment"
    SCORECARD = "scorecard"


class AtsError(Exception):
    """The system did not do it. `permanent`: trying again is of no use until somebody acts.

    `code` names why, as in `insights.ats.errors`; `retry_after` is in seconds, where it was told.
    `unsure`: it may have happened nevertheless, so look before doing it again.
    """

    def __init__(
        self,
        code: str,
        *,
        permanent: bool,
        retry_after: float | None = None,
        unsure: bool = False,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.permanent = permanent
        self.retry_after = retry_after
        self.unsure = unsure


@dataclass(frozen=True, slots=True)
class Account:
    """A connection, opened."""

    base_url: str
    credential: str = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)
    mapping: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody over there: `candidate`, `application` are ids of theirs, `label` is for people."""

    candidate: str = field(repr=False)
    application: str = field(default="", repr=False)
    label: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Rating:
    competency: str = field(repr=False)
    value: int | None  # 1 to 5
    comment: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Result:
    """What is sent: made of the signed version, so that it never differs between tries.

    `mark` is a short text that no other delivery has; a note ends with it, by which it is found
    again. `data` is the same as the export in JSON, for the generic push.
    """

    title: str = field(repr=False)
    text: str = field(repr=False)  # Markdown
    mark: str
    file_name: str
    file: bytes = field(repr=False)  # PDF
    recommendation: str = ""  # of who sends it: strong_no, no, yes, strong_yes, or empty
    ratings: tuple[Rating, ...] = field(default=(), repr=False)
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)
    shortened: str = "… The whole is in the attached file."  # said where a note had to be cut


class Adapter(Protocol):
    """One system, for one account. `parts` it can write, `removes` it can take back.

    Every method may raise AtsError, nothing else; none of them logs.
    """

    parts: frozenset[Part]
    removes: frozenset[Part]
    finds: bool  # candidates can be searched

    def __init__(self, account: Account, send: Send) -> None: ...

    def check(self) -> str:
        """Return who or what the credential stands for, as the system calls it."""

    def find(self, text: str) -> list[Target]:
        """Return candidates by e-mail address, name or id, at most 20."""

    def shown(self, part: Part, target: Target, result: Result) -> str:
        """Return what `write` would send, for people to read; sends nothing."""

    def existing(self, part: Part, target: Target, result: Result) -> str | None:
        """Return the id of what an earlier try left over there, after one that was `unsure`."""

    def write(self, part: Part, target: Target, result: Result) -> str:
        """Write one part; return its id over there."""

    def remove(self, part: Part, target: Target, remote_id: str) -> None:
        """Take one part back; what is gone already counts as removed."""
