"""The corpus of redaction as it lies in `dev.jsonl` and `heldout.jsonl`."""

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
HALVES = ("dev", "heldout")


@dataclass(frozen=True)
class Label:
    """A personal value: what it is, its words, and in which of the item's utterances."""

    kind: str
    text: str
    utterance: int = 0


@dataclass(frozen=True)
class Item:
    """One or more utterances in order, with everything personal in them labelled."""

    id: str
    texts: tuple[str, ...]
    labels: tuple[Label, ...]
    form: str
    names: tuple[str, ...] = ()
    words: tuple[Any, ...] = field(default=(), repr=False)  # heard ones: [text, start, end]

    @property
    def negative(self) -> bool:
        return not self.labels


@cache
def items(half: str) -> tuple[Item, ...]:
    """Return the items of a half; a label whose words are not in its utterance is an error."""
    found = []
    for line in (HERE / f"{half}.jsonl").read_text(encoding="utf-8").splitlines():
        raw = json.loads(line)
        labels = tuple(Label(s["kind"], s["text"], s.get("in", 0)) for s in raw["spans"])
        texts = tuple(raw.get("texts") or [raw["text"]])
        for label in labels:
            if label.text not in texts[label.utterance]:
                raise ValueError(f"{raw['id']}: a label is not in its utterance")
        found.append(
            Item(
                id=raw["id"],
                texts=texts,
                labels=labels,
                form=raw["form"],
                names=tuple(raw["session"]["names"]),
                words=tuple(raw.get("words", ())),
            )
        )
    return tuple(found)
