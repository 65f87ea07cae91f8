"""What may follow what in the life of a session."""

from datetime import timedelta

import pytest

from copilot.lib.errors import DomainError
from sessions import notices, services
from sessions.models import Session
from sessions.signals import session_ended
from tests.factories import go_live, make_session


def test_it_does_not_start_without_consent(cast):
    with pytest.raises(DomainError, match="no_consent"):
        services.start_session(session=cast.session)
    assert Session.objects.get(pk=cast.session.pk).status == "draft"


def test_withdrawn_consent_is_no_consent(cast):
    record = services.record_consent(session=cast.session, noted_by=cast.olga, method="written")
    record.withdrawn_at = record.given_at
    record.save()
    with pytest.raises(DomainError, match="no_consent"):
        services.start_session(session=cast.session)


def test_the_consent_record_says_which_notice_who_when_and_how(cast):
    record = services.record_consent(
        session=cast.session, noted_by=cast.olga, method="written", given_by=" Daniel Reyes "
    )
    record.refresh_from_db()
    assert record.notice_version == notices.current().version
    assert (record.method, record.noted_by, record.given_by) == (
        "written",
        cast.olga,
        "Daniel Reyes",
    )


def test_an_unknown_way_of_consent_is_refused(cast):
    with pytest.raises(DomainError, match="bad_method"):
        services.record_consent(session=cast.session, noted_by=cast.olga, method="telepathy")


def test_it_ends_once_and_expires_after_the_retention_time(cast):
    live = go_live(cast.session)
    cast.organization.retention_hours = 48
    cast.organization.save()
    live = Session.objects.get(pk=live.pk)
    other = Session.objects.get(pk=live.pk)
    ended = services.end_session(session=live)
    assert ended.expires_at - ended.ended_at == timedelta(hours=48)
    with pytest.raises(DomainError, match="wrong_status"):
        services.end_session(session=other)


@pytest.mark.parametrize("act", ["start", "end"])
def test_an_ended_session_stays_ended(cast, act):
    session = go_live(cast.session)
    services.end_session(session=session)
    with pytest.raises(DomainError, match="wrong_status"):
        getattr(services, f"{act}_session")(session=session)


def test_a_draft_cannot_end(cast):
    with pytest.raises(DomainError, match="wrong_status"):
        services.end_session(session=cast.session)


def test_the_end_is_signalled_once_after_commit(cast, django_capture_on_commit_callbacks):
    heard = []

    def listen(sender, session_id, **kwargs):
        heard.append(session_id)

    session_ended.connect(listen)
    try:
        session = go_live(cast.session)
        with django_capture_on_commit_callbacks() as callbacks:
            services.end_session(session=session)
        assert heard == []
        for callback in callbacks:
            callback()
        assert heard == [session.pk]
    finally:
        session_ended.disconnect(listen)


def test_a_viewer_may_not_create_a_session(cast):
    with pytest.raises(DomainError, match="forbidden"):
        make_session(cast.vic, cast.organization)


def test_nobody_creates_a_session_in_another_organization(cast):
    with pytest.raises(DomainError, match="forbidden"):
        make_session(cast.olga, cast.elsewhere)
