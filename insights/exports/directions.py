"""Which way a text is read."""

import unicodedata


def is_rtl(text: str) -> bool:
    """Tell whether a text is read from right to left: as its first letter is."""
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False
