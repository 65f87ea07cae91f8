"""Sealed fields: clear in Python, ciphertext in the row, useless anywhere else."""

import pickle

import pytest

from copilot.lib.crypto import CryptoError
from copilot.lib.errors import DomainError
from sessions.models import Session
from sessions.services import create_session


def stored(session: Session, field: str) -> bytes:
    return bytes(Session.objects.filter(pk=session.pk).values_list(field, flat=True).get())


def test_the_row_holds_ciphertext_and_the_attribute_the_value(cast):
    session = Session.objects.get(pk=cast.session.pk)
    assert session.candidate_name == "Daniel Reyes"
    assert b"Daniel" not in stored(session, "candidate_name")
    assert session.profile is None


def test_a_changed_value_is_sealed_anew_and_an_untouched_one_kept(cast):
    session = Session.objects.get(pk=cast.session.pk)
    before = stored(session, "candidate_name")
    session.profile = "Five years of Go"
    session.save()
    assert stored(session, "candidate_name") == before
    assert Session.objects.get(pk=session.pk).profile == "Five years of Go"


def test_update_cannot_write_clear_text(cast):
    for clear in ("clear", b"clear", b"\x01" + b"clear"):
        with pytest.raises(TypeError, match="sealed"):
            Session.objects.filter(pk=cast.session.pk).update(profile=clear)
    cast.session.profile = b"clear bytes, as long as they may be"
    with pytest.raises(TypeError, match="sealed"):
        cast.session.save()


def test_ciphertext_moved_to_another_field_or_row_does_not_open(cast):
    other = create_session(owner=cast.olga, organization=cast.organization, title="Other")
    sealed = stored(cast.session, "candidate_name")
    Session.objects.filter(pk=cast.session.pk).update(profile=sealed)
    Session.objects.filter(pk=other.pk).update(candidate_name=sealed)
    with pytest.raises(CryptoError):
        _ = Session.objects.get(pk=cast.session.pk).profile
    with pytest.raises(CryptoError):
        _ = Session.objects.get(pk=other.pk).candidate_name


def test_without_its_key_nothing_opens(cast):
    Session.objects.filter(pk=cast.session.pk).update(wrapped_key=None)
    with pytest.raises(DomainError, match="erased"):
        _ = Session.objects.get(pk=cast.session.pk).candidate_name


def test_a_pickled_session_takes_no_key_with_it(cast):
    cast.session.data_key()
    copy = pickle.loads(pickle.dumps(cast.session))  # noqa: S301  # made one line above
    assert "_data_key" not in copy.__dict__
