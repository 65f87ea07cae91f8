"""A text that remembers what was read from it, so that nothing is parsed twice."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec, TypeVar

_Options = ParamSpec("_Options")
_Found = TypeVar("_Found")


class Speech(str):
    """Spoken words with what functions marked `once` have found in them.

    The findings live and die with the text: no cache outlives the analysis that holds words.
    """

    __slots__ = ("known",)

    known: dict[tuple[Any, ...], Any]

    def __new__(cls, text: str) -> "Speech":
        speech = super().__new__(cls, text)
        speech.known = {}
        return speech


def once(
    read: Callable[Concatenate[str, _Options], _Found],
) -> Callable[Concatenate[str, _Options], _Found]:
    """Keep what a function finds in a `Speech` on it; callers must not change the result."""

    def remembered(text: str, /, *args: _Options.args, **options: _Options.kwargs) -> _Found:
        if not isinstance(text, Speech):
            return read(text, *args, **options)
        key = (read, *args, *options.items())
        if key not in text.known:
            text.known[key] = read(text, *args, **options)
        found: _Found = text.known[key]
        return found

    update_wrapper(remembered, read)
    return remembered
