"""Meaning: analyzes the words of an interview and keeps each finding with its evidence.

May import transcription, sessions, accounts, copilot.lib; `kinds` and `analyzers` know no Django.
Read first: `kinds.py` (what a card is), then `analyzers/base.py` (what goes in and comes out).
"""
