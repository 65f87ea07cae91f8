"""How much of what is personal leaves, and how much of what is not stays."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations

from tests.evaluation.redaction.corpus import Item, Label, items
from tests.evaluation.scoring import Floor, Score
from transcription.engines.base import Word
from transcription.redaction import Redactor

KINDS = ("EMAIL", "PHONE", "SSN", "ID", "CARD", "IBAN", "ADDRESS", "BIRTHDATE", "IP", "HANDLE",
         "URL", "NAME")  # fmt: skip
WHOLE = ("everything personal", "hard negatives untouched", "words around kept",
         "same value, same number", "word lists as the text")  # fmt: skip
LEAST = Floor(recall=0.97)  # of everything personal, and of the hard negatives
LEAST_PER_KIND = Floor(recall=0.9)
LEAST_HEARD = Floor(recall=0.85)  # of what a recognizer misheard, which may be no value any more
LABEL = re.compile(r"\[([A-Z]+)-(\d+)\]")
# What a correction or a pause adds to a value: no part of it, and no harm where it stays.
CHATTER = frozenset("no wait sorry i mean scratch that uh um er let me see you know".split())


@dataclass
class Redaction:
    """Scores by kind and form, and what is asked of the whole."""

    everything: Score = field(default_factory=Score)
    meant: Score = field(default_factory=Score)  # what no recognizer had its hands in
    kinds: dict[str, Score] = field(default_factory=dict)
    forms: dict[str, Score] = field(default_factory=dict)
    groups: dict[str, Score] = field(default_factory=dict)
    spared: Score = field(default_factory=Score)
    around: Score = field(default_factory=Score)
    identity: Score = field(default_factory=Score)
    words: Score = field(default_factory=Score)
    confused: Counter[tuple[str, str]] = field(default_factory=Counter)

    def rows(self, *, whole: bool) -> dict[str, tuple[Score, Floor]]:
        """Return every line of the table with its floor; some need the whole corpus to count."""
        total, each = (LEAST, LEAST_PER_KIND) if whole else (Floor(), Floor())
        rows = {
            "everything personal": (self.everything, total),
            "spoken and written": (self.meant, LEAST),
        }
        rows |= {kind: (self.kinds.get(kind, Score()), each) for kind in KINDS}
        rows |= {name: (score, Floor()) for name, score in sorted(self.groups.items())}
        rows |= {
            f"as {form}": (score, LEAST_HEARD if form == "recognized" else Floor())
            for form, score in sorted(self.forms.items())
        }
        rows["hard negatives untouched"] = (self.spared, LEAST)
        rows["words around kept"] = (self.around, Floor())
        rows["same value, same number"] = (self.identity, Floor())
        rows["word lists as the text"] = (self.words, LEAST)
        return rows


@dataclass(frozen=True)
class Find:
    """A placeholder and the stretch of the utterance that it stands for."""

    kind: str
    number: str
    start: int
    end: int


def finds(text: str, redacted: str) -> list[Find]:
    """Return what each placeholder of a redacted text replaced."""
    literal = [re.escape(part) for part in LABEL.split(redacted)[::3]]
    match = re.fullmatch("(.+?)".join(literal), text, re.DOTALL)
    if match is None:
        raise ValueError("the redacted text is not the text with placeholders")
    marks = LABEL.findall(redacted)
    return [Find(kind, number, *match.span(n)) for n, (kind, number) in enumerate(marks, start=1)]


def tokens(text: str) -> Counter[str]:
    return Counter(re.findall(r"[^\W_]+", text.lower()))


def left(label: Label, text: str, redacted: str) -> int:
    """Return how many words of a value are still there, beyond those said elsewhere as well."""
    elsewhere = tokens(text.replace(label.text, " ", 1))
    still = tokens(LABEL.sub(" ", redacted))
    secret = tokens(label.text)
    return sum(
        max(0, min(secret[word], still[word] - elsewhere[word]))
        for word in secret
        if word not in CHATTER
    )


def measure(redactor: Redactor, halves: Iterable[str]) -> Redaction:
    """Redact every item of the halves in a session of its own and count."""
    total = Redaction()
    for half in halves:
        for item in items(half):
            _judge(redactor, item, total)
    return total


def _judge(redactor: Redactor, item: Item, total: Redaction) -> None:
    session = redactor.for_session(names=item.names)
    outputs, lists = [], []
    for at, text in enumerate(item.texts):
        heard = item.words[at] if item.words else []
        words = [Word(w, start, end, 1.0) for w, start, end in heard]
        result = session.final(text, words)
        outputs.append(result.text)
        lists.append(" ".join(word.text for word in result.words))
    shown = " / ".join(item.texts) + " -> " + " / ".join(outputs)
    if item.negative:
        total.spared.label(tuple(outputs) == item.texts, f"{item.id} {shown}")
    spots: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for at, (text, redacted) in enumerate(zip(item.texts, outputs, strict=True)):
        here = [label for label in item.labels if label.utterance == at]
        found = finds(text, redacted)
        for label in here:
            gone = not left(label, text, redacted)
            _count(total, item, label, gone, f"{item.id} {label.kind}: {shown}")
            if item.words and gone:  # what the text leaks is counted there
                total.words.label(not left(label, text, lists[at]), f"{item.id} {lists[at]}")
            start = text.index(label.text)
            for find in found:
                if find.start < start + len(label.text) and start < find.end:
                    spots.setdefault((label.kind, _value(item, label)), []).append(
                        (find.kind, find.number)
                    )
        _predictions(total, text, here, found, f"{item.id} {shown}")
        if here:
            kept = tokens(LABEL.sub(" ", redacted))
            rest = text
            for label in here:
                rest = rest.replace(label.text, " ", 1)
            total.around.label(not tokens(rest) - kept, f"{item.id} {shown}")
    if item.form == "identity":
        for marks in spots.values():
            for one, other in combinations(marks, 2):
                total.identity.label(one == other, f"{item.id} {shown}")


def _value(item: Item, label: Label) -> str:
    """Name whose value it is: an identity item is about one person or value per kind."""
    return "" if item.form == "identity" else label.text


def _count(total: Redaction, item: Item, label: Label, gone: bool, shown: str) -> None:
    total.everything.label(gone, shown)
    if item.form != "recognized":
        total.meant.label(gone, shown)
    total.kinds.setdefault(label.kind, Score()).label(gone, shown)
    total.forms.setdefault(item.form, Score()).label(gone, shown)
    if label.kind == "NAME":
        group = "NAME, of the session" if item.names else "NAME, of nobody known"
        total.groups.setdefault(group, Score()).label(gone, shown)


def _predictions(
    total: Redaction, text: str, here: list[Label], found: list[Find], shown: str
) -> None:
    """Count placeholders that stand for something personal, of whichever kind."""
    for find in found:
        covered = [
            label
            for label in here
            if find.start < text.index(label.text) + len(label.text)
            and text.index(label.text) < find.end
        ]
        total.everything.prediction(bool(covered), shown)
        total.kinds.setdefault(find.kind, Score()).prediction(bool(covered), shown)
        if covered and find.kind not in {label.kind for label in covered}:
            total.confused[covered[0].kind, find.kind] += 1
