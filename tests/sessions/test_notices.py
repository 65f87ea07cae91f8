"""What candidates are told: the text that fits, true of this installation, by a version."""

import pytest

from accounts.kinds import Event
from accounts.models import AuditEntry
from copilot.lib.errors import DomainError
from sessions import notices
from sessions.models import ConsentNotice
from tests.factories import client_of


def publish(cast, text="{organization} asks.", country="", language="de"):
    return notices.publish(
        organization=cast.organization, country=country, language=language, text=text, by=cast.ada
    )


def told(cast, **about):
    return notices.notice_of(cast.organization, **{"language": "de", **about})


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
@pytest.mark.parametrize("country", ["DE", "US"])
def test_every_built_in_text_is_whole(cast, language, country):
    cast.organization.privacy_contact = "privacy@here.example"
    notice = told(cast, language=language, country=country)
    assert (notice.language, notice.country) == (language, country)
    assert "{" not in notice.text
    assert all(part in notice.text for part in ("Here", "24", "30", "privacy@here.example"))
    assert notices.built_in().keys() == {"en", "de", "fr", "es"}
    assert len({frozenset(texts) for texts in notices.built_in().values()}) == 1


def test_rights_are_told_where_the_law_gives_them(cast):
    for country in ("DE", "NO", "GB", "CH"):
        assert "data protection authority" in told(cast, language="en", country=country).text
    for country in ("US", "IN"):
        assert "data protection authority" not in told(cast, language="en", country=country).text


def test_the_country_is_the_candidates_or_else_the_organizations(cast):
    assert "-other-" in notices.notice_for(cast.session).version
    cast.session.country = "fr"
    assert "-eea-" in notices.notice_for(cast.session).version
    cast.session.country = ""
    cast.session.organization.country = "AT"
    assert "-eea-" in notices.notice_for(cast.session).version


def test_it_is_true_of_this_installation(cast, settings):
    plain = told(cast, language="en")
    assert "Names, phone numbers" in plain.text
    assert "language model" not in plain.text
    settings.INTERVIEW_LLM_BASE_URL = "http://127.0.0.1:9"
    model = told(cast, language="en")
    assert "A language model reads" in model.text
    cast.organization.keep_names = True
    names = told(cast, language="en")
    assert "Names stay in the text" in names.text
    cast.organization.analysis_enabled = False
    nobody = told(cast, language="en")
    assert "language model" not in nobody.text
    assert "no program draws conclusions" in nobody.text
    recording = told(cast, language="en", recording=True)
    assert "the recording of our conversation" in recording.text
    versions = [notice.version for notice in (plain, model, names, nobody, recording)]
    assert len(set(versions)) == 5
    assert max(map(len, versions)) <= 60


def test_an_unknown_language_is_told_in_english(cast):
    assert told(cast, language="nl").language == "en"


def test_the_nearest_text_of_the_organization_counts(cast):
    assert told(cast, country="DE").version.startswith("builtin-")
    publish(cast, "For any.")
    assert told(cast, country="DE").version == "org-any-de-1"
    publish(cast, "For Germany.", country="de")
    here = told(cast, country="DE")
    assert (here.version, here.text) == ("org-DE-de-1", "For Germany.")
    assert told(cast, country="AT").text == "For any."
    assert told(cast, country="DE", language="fr").version.startswith("builtin-")


def test_a_text_takes_values_and_none_of_them_is_a_place_for_another(cast):
    cast.organization.name = "{contact} & Co"
    cast.organization.privacy_contact = "dpo@here.example"
    publish(cast, "{organization}: {hours} hours, {contact}, {nothing}")
    assert told(cast).text == "{contact} & Co: 24 hours, dpo@here.example, {nothing}"


def test_a_changed_text_is_another_version_and_the_old_one_stays(cast):
    first = publish(cast, "One.")
    second = publish(cast, "Two.")
    assert [first.number, second.number] == [1, 2]
    assert told(cast).text == "Two."
    notices.retire(notice=second, by=cast.ada)
    notices.retire(notice=second, by=cast.ada)
    assert told(cast).text == "One."
    assert publish(cast, "Three.").number == 3
    assert ConsentNotice.objects.count() == 3
    noted = AuditEntry.objects.filter(action=Event.NOTICE_CHANGED).order_by("at")
    assert [(e.details["notice"], e.details["what"]) for e in noted] == [
        ("*-de-1", "published"),
        ("*-de-2", "published"),
        ("*-de-2", "retired"),
        ("*-de-3", "published"),
    ]


def test_only_who_answers_for_privacy_changes_them(cast):
    for person in (cast.olga, cast.vic, cast.otto):
        with pytest.raises(DomainError, match="forbidden"):
            notices.publish(
                organization=cast.organization, country="", language="de", text="Mine.", by=person
            )
    row = publish(cast)
    with pytest.raises(DomainError, match="forbidden"):
        notices.retire(notice=row, by=cast.olga)
    assert told(cast).version == "org-any-de-1"


@pytest.mark.parametrize(
    "wrong",
    [
        {"country": "Germany"},
        {"language": ""},
        {"text": "  "},
        {"text": "x" * 6001},
        {"text": "a\0b"},
    ],
)
def test_what_is_no_notice_is_refused(cast, wrong):
    with pytest.raises(DomainError, match=r"bad_place|bad_text"):
        publish(cast, **wrong)


def test_the_api_tells_the_notice_in_the_languages_there_are(cast):
    path = f"/api/v1/sessions/{cast.session.pk}/consent/notice/"
    told = client_of(cast.sam).get(path).json()
    assert told["language"] == "en"
    assert told["languages"] == ["en", "de", "es", "fr"]
    assert "Here would like to write down" in told["text"]
    assert client_of(cast.sam).get(path, {"language": "de"}).json()["language"] == "de"
    assert client_of(cast.mia).get(path).status_code == 404
