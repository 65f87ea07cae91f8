"""What tests of people share."""

from collections.abc import Iterator

import pytest

from accounts.signals import access_changed


@pytest.fixture
def announced() -> Iterator[set[int]]:
    """Who was told that their access may have changed."""
    heard: set[int] = set()

    def listen(user_ids, **kwargs):
        heard.update(user_ids)

    access_changed.connect(listen)
    yield heard
    access_changed.disconnect(listen)
