"""Counts what was found, missed and wrong, for one task."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from insights.analyzers.text import norms


@dataclass
class Score:
    """Found of the labels, right of the predictions; `misses` in words, for a person to read."""

    labels: int = 0
    found: int = 0
    predictions: int = 0
    right: int = 0
    misses: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float | None:
        return self.right / self.predictions if self.predictions else None

    @property
    def recall(self) -> float | None:
        return self.found / self.labels if self.labels else None

    @property
    def f1(self) -> float | None:
        p, r = self.precision, self.recall
        if p is None or r is None:
            return None
        return 2 * p * r / (p + r) if p + r else 0.0

    def label(self, found: bool, words: str) -> None:
        self.labels += 1
        self.found += found
        if not found:
            self.misses.append(f"missed  {words}")

    def prediction(self, right: bool, words: str) -> None:
        self.predictions += 1
        self.right += right
        if not right:
            self.misses.append(f"wrong   {words}")

    def sets(self, wanted: Iterable[str], got: Iterable[str], where: str) -> None:
        """Count two sets of names against each other."""
        wanted, got = set(wanted), set(got)
        for name in sorted(wanted):
            self.label(name in got, f"{where}: {name}")
        for name in sorted(got):
            self.prediction(name in wanted, f"{where}: {name}")

    def __add__(self, other: "Score") -> "Score":
        return Score(
            self.labels + other.labels,
            self.found + other.found,
            self.predictions + other.predictions,
            self.right + other.right,
            self.misses + other.misses,
        )


@dataclass(frozen=True)
class Floor:
    """The least a task must reach; None where bars.md sets none."""

    precision: float | None = None
    recall: float | None = None
    f1: float | None = None

    def missed(self, score: Score) -> list[str]:
        """Return which figures are below; a figure that could not be computed is below."""
        return [
            name
            for name in ("precision", "recall", "f1")
            if (least := getattr(self, name)) is not None and (getattr(score, name) or 0.0) < least
        ]

    def __str__(self) -> str:
        named = (("P", self.precision), ("R", self.recall), ("F1", self.f1))
        return ", ".join(f"{name} ≥ {least}" for name, least in named if least is not None)


def overlap(a: str, b: str) -> bool:
    """Tell whether two quotes share at least half of the shorter one's words, in one piece."""
    short, long = sorted((norms(a), norms(b)), key=len)
    need = -(-len(short) // 2)
    pieces = (short[n : n + need] for n in range(len(short) - need + 1))
    return bool(short) and any(_contains(long, piece) for piece in pieces)


def pairs(fits: Sequence[Sequence[int]]) -> dict[int, int]:
    """Give as many rows as possible one column of their own; return row by column."""
    row_of: dict[int, int] = {}

    def place(row: int, tried: set[int]) -> bool:
        for column in fits[row]:
            if column not in tried:
                tried.add(column)
                if column not in row_of or place(row_of[column], tried):
                    row_of[column] = row
                    return True
        return False

    for row in range(len(fits)):
        place(row, set())
    return row_of


def spoken(quote: str, text: str) -> bool:
    """Tell whether a text holds the words of a quote, in order and without a gap."""
    words = _words(quote)
    return bool(words) and _contains(_words(text), words)


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in text.casefold()).split()


def _contains(words: Sequence[str], piece: Sequence[str]) -> bool:
    return any(
        list(words[n : n + len(piece)]) == list(piece) for n in range(len(words) - len(piece) + 1)
    )
