"""The inventory of what is kept says all there is, and its report what is wrong."""

import json
from datetime import timedelta

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import keys
from copilot.inventory import FORMS, inventory, markdown
from copilot.lib.sealed import SealedField, WrappedKeyField
from sessions import consents
from sessions.models import ConsentNotice, Erasure, SealedRow, Session
from tests.factories import go_live, make_session

MODELS = {model._meta.label: model for model in apps.get_models(include_auto_created=True)}
ENTRIES = {kept.name: kept for kept in inventory().models}


def report(capsys, *arguments):
    call_command("privacy_report", *arguments)
    return capsys.readouterr().out


# --- The inventory -------------------------------------------------------------------------------


def test_every_model_has_an_entry_and_every_entry_a_model():
    assert set(ENTRIES) == set(MODELS)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_field_has_a_form_that_is_true_of_it(name):
    model, kept = MODELS[name], ENTRIES[name]
    fields = {field.name: field for field in model._meta.local_fields}
    assert sorted(kept.named()) == sorted(fields)
    by_session = model is Session or issubclass(model, SealedRow)
    form = {field: form for form, names in kept.fields.items() for field in names}
    for field in fields.values():
        said = form[field.name]
        is_sealed = isinstance(field, SealedField)
        assert is_sealed == (said in ("session", "organization")), field
        if is_sealed:
            assert (said == "session") == by_session, field
        assert isinstance(field, WrappedKeyField) == (said == "wrapped"), field
        about = field.name.endswith("_hash") or field.name in ("fingerprint", "password")
        assert about == (said == "hashed"), field
        to_a_person = field.related_model is MODELS["accounts.User"]
        assert not to_a_person or said == "personal" or not kept.about or name in UNUSED, field
        address = field.get_internal_type() in ("EmailField", "GenericIPAddressField")
        assert not address or said == "personal", field


UNUSED = {"accounts.User_groups", "accounts.User_user_permissions"}


def test_what_is_about_somebody_says_so():
    for kept in inventory().models:
        assert all([kept.what, kept.why, kept.until, kept.goes])
        assert set(kept.about) <= {"candidate", "interviewer", "organization"}
        assert kept.about or not {"session", "personal"} & kept.fields.keys(), kept.name
        assert kept.fields.keys() <= FORMS.keys()


def test_the_document_is_made_of_the_inventory():
    written = (settings.BASE_DIR / "docs" / "privacy.md").read_text("utf-8")
    assert written == markdown()


# --- The report ----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_it_prints_numbers_that_fit_a_terminal(cast, capsys):
    make_session(cast.olga, cast.organization, candidate_name="Jane Quixotia")
    go_live(cast.session)
    ConsentNotice.objects.create(
        organization=cast.organization, language="en", number=1, text="Ours."
    )
    said = report(capsys)
    assert max(map(len, said.splitlines())) <= 100
    assert "interviews  2: 1 draft, 1 live" in said
    assert "notices     1 of its own in force" in said
    assert "interviews.ConsentRecord (1):" in said
    for secret in ("Quixotia", "Reyes", "olga", settings.SECRET_KEY):
        assert secret not in said


@pytest.mark.django_db
def test_it_names_master_keys_and_never_shows_them(cast, capsys):
    keys.check()
    said = report(capsys)
    assert "master key 'tests' (primary) wraps 1 installation_keys, 2 organizations" in said
    assert settings.INTERVIEW_MASTER_KEYS.keys["tests"].hex() not in said
    assert "AAAAAAAAAAAA" not in said


def warnings(capsys):
    return json.loads(report(capsys, "--json"))["warnings"]


@pytest.mark.django_db
def test_what_is_wrong_comes_first(cast, capsys, settings):
    cast.organization.privacy_contact = cast.elsewhere.privacy_contact = "dpo@here.example"
    cast.organization.save()
    cast.elsewhere.save()
    assert warnings(capsys) == []
    now = timezone.now()
    overdue = make_session(cast.olga, cast.organization)
    Session.objects.filter(pk=overdue.pk).update(expires_at=now - timedelta(minutes=6))
    held = make_session(cast.otto, cast.elsewhere)
    Session.objects.filter(pk=held.pk).update(expires_at=now - timedelta(days=6), legal_hold=True)
    go_live(cast.session)
    consents.withdraw(session=cast.session, method="verbal", by=cast.olga)
    Erasure.objects.create(
        organization=cast.elsewhere,
        session_id=overdue.pk,
        reason="expired",
        started_at=now - timedelta(hours=1),
    )
    cast.organization.keep_names = True
    cast.organization.save()
    settings.DEBUG = True
    settings.INTERVIEW_LLM_BASE_URL = "https://llm.example/v1"
    mail = settings.INTERVIEW_DATA_DIR / "mail"
    mail.mkdir(exist_ok=True)
    (mail / "one.log").write_text("Subject: hello")
    settings.EMAIL_FILE_PATH = mail
    said = warnings(capsys)
    (mail / "one.log").unlink()
    for part in (
        "here: 1 interview(s) should have been erased",
        "here: 1 interview(s) kept although consent was withdrawn",
        "here: names are left in transcripts",
        "there: 1 erasure(s) unfinished",
        "DEBUG is on",
        "a language model reads redacted words: https://llm.example/v1",
        "1 mail(s) lie on the disk in clear",
    ):
        assert [one for one in said if one.startswith(part)], (part, said)
    assert len(said) == 7
    text = report(capsys)
    assert text.index("Warnings") < text.index("Keys")
    assert "! DEBUG is on" in text


@pytest.mark.django_db
def test_it_tells_of_one_organization_where_it_is_asked(cast, capsys):
    told = json.loads(report(capsys, "--json", "--organization", "there"))
    assert set(told["organizations"]) == {"there"}
    assert told["database"][0]["rows"] == 1  # of the whole installation
    with pytest.raises(CommandError, match="no organization 'nowhere'"):
        call_command("privacy_report", "--organization", "nowhere")
