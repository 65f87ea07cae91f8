"""Bare helpers below every package: encryption and errors.

May import: nothing of ours. Read first: crypto.py.
"""
