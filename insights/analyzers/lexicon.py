"""Loads the word lists in `lexicons/`, once per process."""

import json
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "lexicons"


@cache
def load(name: str) -> dict[str, Any]:
    """Return the parsed lexicon `name`; callers must not change it."""
    data: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return data


def word_list(name: str) -> list[str]:
    """Return a list of `words.json`, in its order."""
    text: str = load("words")[name]
    return text.split()


def words(name: str) -> frozenset[str]:
    return frozenset(word_list(name))
