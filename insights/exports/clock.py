"""Times as files show them."""

from datetime import datetime

from django.utils import formats


def clock(ms: int) -> str:
    """Return a place on the interview's clock: 4:05, or 1:04:05."""
    minutes, seconds = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def stamp(ms: int, point: str = ".") -> str:
    """Return a place on the interview's clock as subtitles have it: 01:04:05.250."""
    seconds, rest = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{rest:03}"


def moment_in_words(iso: str | None) -> str:
    """Return a time for people, with its zone: 23 Nov 2026, 14:05 UTC; empty for None."""
    if not iso:
        return ""
    at = datetime.fromisoformat(iso)
    zone = at.tzname() or ""
    return f"{formats.date_format(at, 'j M Y, H:i')} {zone}"


def minutes_in_words(ms: int) -> str:
    """Return a length: 45 min, 1 h 20 min."""
    hours, minutes = divmod(round(ms / 60_000), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
