"""Analyzers: pure functions from lines of a transcript to findings that quote it.

May import the standard library, rapidfuzz, pydantic, openai and `insights.kinds`; no Django.
Read first: `base.py`, `evidence.py`; then `patterns.py` (instant), `rules.py`, `llm.py`.
"""
