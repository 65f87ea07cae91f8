"""How a draft words what it found: quotations, lengths of time, what a line is worth."""

import re

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from insights.analyzers import answers
from insights.analyzers.claims import claims
from insights.analyzers.guards import injected_span
from insights.analyzers.skills import mentions
from insights.analyzers.text import sentences

QUOTE_CHARS = 240
_ADVICE = re.compile(r"(?:Ask|Clarify|Consider|Listen|Give|Withdraw|Check|Verify|Leave)\b")


def lasted(ms: int, planned: int) -> str:
    length = minutes(ms)
    if not planned:
        return _("The interview lasted %s.") % length
    return ngettext(
        "The interview lasted %(length)s; %(planned)d minute was planned.",
        "The interview lasted %(length)s; %(planned)d minutes were planned.",
        planned,
    ) % {"length": length, "planned": planned}


def minutes(ms: int) -> str:
    if ms < 90_000:
        seconds = max(1, round(ms / 1000))
        return ngettext("%d second", "%d seconds", seconds) % seconds
    minutes = round(ms / 60_000)
    return ngettext("%d minute", "%d minutes", minutes) % minutes


def weight(text: str) -> int:
    """Return how much a line can be held to; nothing where it speaks to a machine."""
    if injected_span(text):
        return 0
    return 2 * len(claims(text)) + len(mentions(text)) + min(2, len(answers.actions(text)))


def told(content: str) -> str:
    """Return what a card says without what it advised for the moment."""
    spans = [content[start:end] for start, end in sentences(content)]
    return " ".join(span for span in spans if not _ADVICE.match(span.strip())) or content


def quoted(text: str) -> str:
    """Return words as a quotation, cut at a word where they are many."""
    text = " ".join(text.split())
    if len(text) > QUOTE_CHARS:
        text = f"{text[:QUOTE_CHARS].rsplit(' ', 1)[0]}…"
    return f"“{text}”"
