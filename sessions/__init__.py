"""What: interview sessions, guide, consent, access and live events (app label: interviews).

May import: accounts, copilot.lib. Read first: models.py, then access.py and events.py.
"""
