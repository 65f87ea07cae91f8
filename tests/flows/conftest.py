"""What flow tests share."""

import pytest
from rapidfuzz.distance import Levenshtein


@pytest.fixture(scope="session")
def error_rate():
    """Return the word error rate of two lists of words (or of characters)."""

    def rate(reference, heard):
        return Levenshtein.distance(reference, heard) / len(reference)

    return rate
