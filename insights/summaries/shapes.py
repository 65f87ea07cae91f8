"""What a draft is made of."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Sentence:
    """`basis` says what it was made from, so that the next draft knows it again."""

    text: str = field(repr=False)
    segments: tuple[str, ...]
    basis: str


@dataclass(frozen=True, slots=True)
class Section:
    key: str
    title: str = field(repr=False)
    sentences: list[Sentence] = field(repr=False)
