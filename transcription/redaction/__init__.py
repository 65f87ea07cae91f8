"""Redaction: personal data leaves an utterance before anything stores, sends or shows it.

May import `transcription.engines.base`, Presidio, spaCy and rapidfuzz; pure Python otherwise.
Read `redactor.py` first; `spoken.py` turns words into digits, each other module finds some kinds.
"""

from .redactor import Redacted, Redactor, SessionRedactor

__all__ = ["Redacted", "Redactor", "SessionRedactor"]
