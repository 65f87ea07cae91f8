"""The claims ledger: every checkable statement once, with a verdict and both quotes."""

from collections.abc import Sequence

from insights.analyzers.base import Finding, Window
from insights.models import Claim
from sessions.models import Session


def record(session: Session, window: Window, findings: Sequence[Finding]) -> list[Claim]:
    """Store the claims of a window's new lines, judged by the rules and by what a model adds."""
    return []
