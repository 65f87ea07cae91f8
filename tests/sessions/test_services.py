"""What may follow what in the life of a session."""

from datetime import timedelta

import pytest

from accounts.models import AuditEntry
from copilot.lib.errors import DomainError
from sessions import consents, notes, notices, retention, services
from sessions.models import Guide, Session
from sessions.signals import session_ended
from tests.factories import go_live, make_session


def test_it_does_not_start_without_consent(cast):
    with pytest.raises(DomainError, match="no_consent"):
        services.start_session(session=cast.session)
    assert Session.objects.get(pk=cast.session.pk).status == "draft"


def test_withdrawn_consent_is_no_consent(cast):
    record = consents.record_consent(session=cast.session, noted_by=cast.olga, method="written")
    record.withdrawn_at = record.given_at
    record.save()
    with pytest.raises(DomainError, match="no_consent"):
        services.start_session(session=cast.session)


def test_the_consent_record_says_which_notice_who_when_and_how(cast):
    record = consents.record_consent(
        session=cast.session, noted_by=cast.olga, method="written", given_by=" Daniel Reyes "
    )
    record.refresh_from_db()
    assert record.notice_version == notices.notice_for(cast.session).version
    assert (record.method, record.noted_by, record.given_by) == (
        "written",
        cast.olga,
        "Daniel Reyes",
    )


def test_an_unknown_way_of_consent_is_refused(cast):
    with pytest.raises(DomainError, match="bad_method"):
        consents.record_consent(session=cast.session, noted_by=cast.olga, method="telepathy")


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


def test_an_interview_is_in_a_language_of_the_organization(cast):
    assert make_session(cast.olga, cast.organization).language == "en"
    with pytest.raises(DomainError, match="language_off"):
        make_session(cast.olga, cast.organization, language="ko")
    cast.organization.languages = ["en", "ko"]
    assert make_session(cast.olga, cast.organization, language="ko").language == "ko"


def test_another_organizations_guide_is_refused(cast):
    foreign = Guide.objects.create(organization=cast.elsewhere, title="Theirs")
    with pytest.raises(DomainError, match="foreign_guide"):
        make_session(cast.olga, cast.organization, guide=foreign)
    own = Guide.objects.create(organization=cast.organization, title="Ours")
    assert make_session(cast.olga, cast.organization, guide=own).guide == own


def test_what_is_done_to_an_interview_leaves_a_trace_without_words(cast):
    session = go_live(cast.session)
    notes.add_note(session=session, author=cast.cora, text="Daniel seems calm.")
    services.set_visibility(session=session, visibility="organization")
    retention.hold(session=session, hold=True)
    retention.hold(session=session, hold=True)  # nothing new
    services.end_session(session=session)
    entries = AuditEntry.objects.filter(object_id=str(session.pk)).order_by("pk")
    assert list(entries.values_list("action", flat=True)) == [
        "session.created",
        *["session.shared"] * 4,
        "session.consent_recorded",
        "session.started",
        "session.visibility_changed",
        "session.legal_hold",
        "session.ended",
    ]
    written = str(list(entries.values()))
    assert "Daniel" not in written
    assert "Backend" not in written
