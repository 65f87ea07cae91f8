"""Lengths of time in words, in the unit people count them in."""

from django.utils.translation import ngettext

TWO_DAYS = 48  # hours, from which on people count in days


def in_days(hours: int) -> bool:
    """Tell whether people would count this in days."""
    return hours > TWO_DAYS and hours % 24 == 0


def hours_in_words(hours: int) -> str:
    """Return "24 hours", "30 days"."""
    if in_days(hours):
        return ngettext("%d day", "%d days", hours // 24) % (hours // 24)
    return ngettext("%d hour", "%d hours", hours) % hours
