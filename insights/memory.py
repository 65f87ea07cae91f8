"""Analyses a session has had, sealed in the cache: the same window is not asked about twice."""

from insights.analyzers.base import Analysis, Window
from sessions.models import Session


def recall(session: Session, window: Window, model: str) -> Analysis | None:
    """Return the analysis of this very window by this model and prompt, if it is still there."""
    return None


def remember(session: Session, window: Window, model: str, analysis: Analysis) -> None:
    """Keep an analysis for a while."""


def nearest(session: Session, window: Window) -> Analysis | None:
    """Return what earlier analyses of this session found about lines of this window."""
    return None
