"""What every analyzer gets (a window of the transcript) and gives (findings that quote it)."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field
from datetime import date
from typing import Any, Protocol

from insights.kinds import Kind, Priority

INTERVIEWER = "interviewer"
CANDIDATE = "candidate"
ROOM = "room"


@dataclass(frozen=True, slots=True)
class Line:
    """One stored segment; start and end in seconds of the interview."""

    id: str
    role: str
    text: str = field(repr=False)
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Window:
    """The lines to analyze, and everything an analyzer may know while it does."""

    lines: tuple[Line, ...] = field(repr=False)
    _: KW_ONLY
    context: tuple[Line, ...] = field(default=(), repr=False)
    language: str = "en"
    job: str = field(default="", repr=False)
    profile: str = field(default="", repr=False)
    guide_question: str = field(default="", repr=False)
    competencies: tuple[str, ...] = field(default=(), repr=False)
    asked: tuple[str, ...] = field(default=(), repr=False)
    digest: str = field(default="", repr=False)
    claimed: tuple[Line, ...] = field(default=(), repr=False)  # quotes of claims before `context`
    today: date
    sentiment: bool = True

    @property
    def transcript(self) -> tuple[Line, ...]:
        """Context and lines together, oldest first."""
        return self.context + self.lines


@dataclass(frozen=True, slots=True)
class Finding:
    """One card: what to show, and the words of the transcript it rests on."""

    kind: Kind
    content: str = field(repr=False)
    quote: str = field(repr=False)
    line_ids: tuple[str, ...]
    _: KW_ONLY
    title: str = field(default="", repr=False)
    priority: Priority | None = None
    competency: str = field(default="", repr=False)
    confidence: float = 1.0
    reason: str = field(default="", repr=False)
    verdict: str = ""
    other_quote: str = field(default="", repr=False)
    data: dict[str, Any] = field(default_factory=dict, repr=False, hash=False)


@dataclass(frozen=True, slots=True)
class Statement:
    """One checkable claim of the ledger; verdict and against as in `insights.models.Claim`."""

    kind: str
    statement: str = field(repr=False)
    quote: str = field(repr=False)
    line_id: str
    _: KW_ONLY
    verdict: str = "unverifiable"
    against: str = ""
    reason: str = field(default="", repr=False)
    other_quote: str = field(default="", repr=False)
    other_line_id: str = ""


@dataclass(frozen=True, slots=True)
class Analysis:
    """The findings of one run; `dropped` counts items whose quote was not found, times in ms.

    `calls` counts the requests that were sent, retries included.
    """

    findings: tuple[Finding, ...]
    engine: str
    _: KW_ONLY
    digest: str = field(default="", repr=False)
    dropped: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    calls: int = 0
    first_ms: float = 0.0
    total_ms: float = 0.0


Emit = Callable[[Finding], None]


class Analyzer(Protocol):
    name: str

    def analyze(self, window: Window, *, emit: Emit | None = None) -> Analysis:
        """Return the findings of the window; call `emit` with each as soon as it is known."""
        ...


class AnalyzerError(Exception):
    """An analyzer could not answer.

    `code` is one of timeout, rate_limited, unauthorized, unreachable, malformed, refused, too_long;
    `partial` holds what was found and checked before the failure, `lasting` says that asking again
    will not help. The text holds no spoken words.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retry_after: float | None = None,
        lasting: bool = False,
        partial: Analysis | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after = retry_after
        self.lasting = lasting
        self.partial = partial
