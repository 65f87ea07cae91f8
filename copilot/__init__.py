"""The project: settings, routing, Celery, and `lib`, the bare helpers below every package.

May import: everything (wiring); `lib` imports nothing of ours. Read first: urls.py, asgi.py.
"""

from copilot.celery import app as celery_app

__all__ = ["celery_app"]
