"""What is kept of a session outside the database: sealed, bound to its place, gone with its key."""

import pytest
from django.core.cache import cache

from insights import queries, sealed_cache
from sessions.models import Session
from tests.factories import go_live, make_session

PROFILE = "Daniel Reyes\nFive years of Kafka at Zanzibarworks.\n+1 415 867 5309"


@pytest.fixture
def session(cast):
    return go_live(make_session(cast.olga, cast.organization, profile=PROFILE))


def stored(session, what):
    return cache.get(f"insights:{what}:{session.pk}")


def test_a_value_comes_back_and_shows_no_word(session):
    sealed_cache.keep(session, "words", {"said": "zanzibarworks"}, 60)
    assert sealed_cache.kept(session, "words") == {"said": "zanzibarworks"}
    assert b"zanzibarworks" not in bytes(stored(session, "words"))
    sealed_cache.forget(session, "words")
    assert sealed_cache.kept(session, "words") is None


def test_it_opens_under_its_own_name_and_session_only(session, cast):
    other = go_live(make_session(cast.olga, cast.organization))
    sealed_cache.keep(session, "words", "said", 60)
    sealed = stored(session, "words")
    cache.set(f"insights:other:{session.pk}", sealed)
    cache.set(f"insights:words:{other.pk}", sealed)
    assert sealed_cache.kept(session, "other") is None
    assert sealed_cache.kept(other, "words") is None
    assert sealed_cache.kept(session, "words") == "said"


class TestProfile:
    def test_it_is_redacted_once_and_kept_sealed(self, session, monkeypatch):
        first = queries.window(session, after=0, through=0).profile
        assert "Five years of Kafka" in first
        assert "Reyes" not in first
        assert b"Kafka" not in bytes(stored(session, "profile"))
        monkeypatch.setattr(queries, "session_redactor", lambda _session: pytest.fail("again"))
        assert queries.window(session, after=0, through=0).profile == first

    def test_what_changes_is_read_again(self, session):
        queries.window(session, after=0, through=0)
        session.profile = "Two years of Rust."
        session.save()
        assert queries.window(session, after=0, through=0).profile == "Two years of Rust."
        Session.objects.filter(pk=session.pk).update(profile=None)
        session.refresh_from_db()
        assert queries.window(session, after=0, through=0).profile == ""

    def test_a_name_that_becomes_known_is_taken_out(self, session):
        session.profile = "Quixley led the migration."
        session.candidate_name = ""
        session.save()
        queries.window(session, after=0, through=0)
        session.candidate_name = "Quixley"
        session.save()
        assert "Quixley" not in queries.window(session, after=0, through=0).profile
