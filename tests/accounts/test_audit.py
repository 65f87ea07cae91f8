"""What leaves a trace, in whose transaction, and that nothing changes it afterwards."""

import csv
import io
import json
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts import audit, origin
from accounts.kinds import Event
from accounts.models import AuditEntry, Organization, User
from accounts.origin import Origin
from accounts.services import create_organization
from copilot.lib.crypto import CryptoError
from sessions import services
from tests.factories import PASSWORD, Cast, go_live, make_user


@pytest.fixture
def here(db) -> Organization:
    return create_organization(name="Here", slug="here")


def entries(organization: Organization | None, event: Event | None = None) -> list[AuditEntry]:
    found = AuditEntry.objects.filter(organization=organization).order_by("pk")
    return list(found.filter(action=event) if event else found)


# --- Writing -------------------------------------------------------------------------------------


def test_an_entry_says_who_what_when_and_from_where(here):
    token = uuid4()
    before = timezone.now()
    with origin.acting(Origin("api", 7, "ada@here.example", "2001:DB8::1", token)):
        audit.record(
            Event.SETTINGS_CHANGED, organization_id=here.pk, obj=here, details={"fields": ["name"]}
        )
    entry = entries(here)[0]
    assert (entry.actor_id, entry.actor, entry.via) == (7, "ada@here.example", "api")
    assert (entry.ip, entry.token_id) == ("2001:db8::1", token)
    assert (entry.object_type, entry.object_id) == ("accounts.organization", str(here.pk))
    assert entry.details == {"fields": ["name"]}
    assert before <= entry.at <= timezone.now()


def test_outside_of_any_edge_the_system_acts(here):
    audit.record(Event.SETTINGS_CHANGED, organization_id=here.pk)
    entry = entries(here)[0]
    assert (entry.via, entry.actor_id, entry.actor, entry.ip) == ("system", None, "", None)


def test_an_actor_given_wins_over_the_origin(here):
    user = User.objects.create_user("new@here.example")
    with origin.acting(Origin("web", ip="192.0.2.1")):
        audit.record(Event.JOINED, organization_id=here.pk, actor=user)
    entry = entries(here)[0]
    assert (entry.actor_id, entry.actor, entry.ip) == (user.pk, "new@here.example", "192.0.2.1")


@pytest.mark.parametrize("ip", ["", "unix:", "not an address"])
def test_what_is_no_address_is_left_out(here, ip):
    with origin.acting(Origin("web", ip=ip)):
        audit.record(Event.SETTINGS_CHANGED, organization_id=here.pk)
    assert entries(here)[0].ip is None


@pytest.mark.parametrize(
    "details",
    [{"role": "admin"}, {"count": 3}, {"on": True}, {"until": None}, {"ids": ["a", 1, None]}],
)
def test_details_are_ids_kinds_and_counts(here, details):
    audit.record(Event.SETTINGS_CHANGED, organization_id=here.pk, details=details)
    assert entries(here)[0].details == details


@pytest.mark.parametrize(
    "details",
    [
        {"seconds": 1.5},
        {"raw": b"bytes"},
        {"nested": {"a": 1}},
        {"nested": [["a"]]},
        {"who": object()},
        {"many": list(range(21))},
        {"long": "x" * 1024},
        {"wide": "é" * 600},
        {"odd": "nul\0"},
        {1: "unnamed"},
    ],
    ids=lambda details: str(*details),
)
def test_other_details_are_refused(here, details):
    with pytest.raises(TypeError):
        audit.record(Event.SETTINGS_CHANGED, organization_id=here.pk, details=details)
    assert entries(here) == []


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_leaves_no_entry_and_what_is_committed_one():
    here = create_organization(name="Here", slug="here")
    with transaction.atomic():
        audit.record(Event.SETTINGS_CHANGED, organization_id=here.pk)
        transaction.set_rollback(True)
    assert entries(here) == []
    with transaction.atomic():
        audit.record(Event.SETTINGS_CHANGED, organization_id=here.pk)
    assert [entry.sequence for entry in entries(here)] == [1]


def test_no_entry_without_its_act_when_the_entry_cannot_be_written(here):
    """An organization whose key is lost takes no act either."""
    Organization.objects.filter(pk=here.pk).update(wrapped_key=b"\x05wrong")

    @transaction.atomic
    def rename() -> None:
        Organization.objects.filter(pk=here.pk).update(name="Other")
        audit.record(Event.SETTINGS_CHANGED, organization_id=here.pk)

    with pytest.raises(CryptoError):
        rename()
    here.refresh_from_db()
    assert here.name == "Here"


def test_an_act_about_an_account_is_noted_in_each_of_its_organizations(cast: Cast):
    user = make_user(cast.organization, "both")
    cast.elsewhere.memberships.create(user=user, role="viewer")
    audit.record_for_user(Event.PASSWORD_CHANGED, user)
    for organization in (cast.organization, cast.elsewhere):
        (entry,) = entries(organization, Event.PASSWORD_CHANGED)
        assert (entry.object_type, entry.object_id) == ("accounts.user", str(user.pk))
    assert entries(None, Event.PASSWORD_CHANGED) == []


def test_an_account_without_an_organization_is_noted_with_the_installation(cast: Cast):
    audit.record_for_user(Event.PASSWORD_CHANGED, cast.lea)
    assert len(entries(None, Event.PASSWORD_CHANGED)) == 1
    assert entries(cast.organization, Event.PASSWORD_CHANGED) == []


def test_views_are_noted_once_in_a_while_for_each_person_way_and_interview(cast: Cast):
    def view(user: User, via: str, obj=cast.session) -> None:
        with origin.acting(Origin(via, user.pk, user.email)):
            audit.record_once(Event.SESSION_VIEWED, organization_id=cast.organization.pk, obj=obj)

    for _ in range(3):
        view(cast.olga, "web")
    view(cast.olga, "api")
    view(cast.sam, "web")
    view(cast.sam, "web", cast.organization)
    seen = [
        (entry.actor_id, entry.via) for entry in entries(cast.organization, Event.SESSION_VIEWED)
    ]
    assert seen == [
        (cast.olga.pk, "web"),
        (cast.olga.pk, "api"),
        (cast.sam.pk, "web"),
        (cast.sam.pk, "web"),
    ]
    cache.clear()  # the five minutes are over
    view(cast.olga, "web")
    assert len(entries(cast.organization, Event.SESSION_VIEWED)) == 5


def test_a_view_that_could_not_be_noted_is_noted_the_next_time(here):
    def view() -> None:
        audit.record_once(Event.SESSION_VIEWED, organization_id=here.pk, obj=here)

    key = here.wrapped_key
    Organization.objects.filter(pk=here.pk).update(wrapped_key=b"\x05wrong")
    with pytest.raises(CryptoError):
        view()
    Organization.objects.filter(pk=here.pk).update(wrapped_key=key)
    view()
    assert len(entries(here)) == 1


def test_without_a_cache_every_view_is_noted(here, settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }
    for _ in range(2):
        audit.record_once(Event.SESSION_VIEWED, organization_id=here.pk, obj=here)
    assert len(entries(here)) == 2


# --- Append-only ---------------------------------------------------------------------------------

CHANGES = {
    "save": lambda entry: entry.save(),
    "delete": lambda entry: entry.delete(),
    "queryset update": lambda entry: AuditEntry.objects.update(actor="somebody else"),
    "queryset delete": lambda entry: AuditEntry.objects.all().delete(),
    "bulk_update": lambda entry: AuditEntry.objects.bulk_update([entry], ["actor"]),
    "bulk_create": lambda entry: AuditEntry.objects.bulk_create([entry], ignore_conflicts=True),
    "update_or_create": lambda entry: AuditEntry.objects.update_or_create(
        pk=entry.pk, defaults={"actor": "somebody else"}
    ),
    "related delete": lambda entry: entry.organization.audit_entries.all().delete(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_entries_are_never_changed_or_deleted(here, change):
    audit.record(Event.SETTINGS_CHANGED, organization_id=here.pk)
    entry = entries(here)[0]
    with pytest.raises(TypeError, match="append-only"):
        change(entry)
    assert entries(here)[0].actor == ""


def test_an_organization_with_entries_stays(here):
    audit.record(Event.SETTINGS_CHANGED, organization_id=here.pk)
    with pytest.raises(DatabaseError):
        here.delete()
    assert len(entries(here)) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE accounts_auditentry SET actor = 'x' WHERE sequence = 1",
        "UPDATE accounts_auditentry SET digest = '' WHERE sequence = 1",
        "UPDATE accounts_auditentry SET sequence = NULL WHERE sequence = 1",
        "UPDATE accounts_auditentry SET actor = 'x' WHERE sequence IS NULL",
        "UPDATE accounts_auditentry SET sequence = 2, details = '{}' WHERE sequence IS NULL",
        "DELETE FROM accounts_auditentry WHERE sequence = 1",
        "DELETE FROM accounts_auditentry WHERE sequence IS NULL",
    ],
)
def test_postgres_itself_refuses(sql, monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no triggers here: who can open the file can change it")
    here = create_organization(name="Here", slug="here")
    audit.record(Event.SETTINGS_CHANGED, organization_id=here.pk, details={"n": 1})
    monkeypatch.setattr(audit, "seal", lambda organization_id: None)
    audit.record(Event.SETTINGS_CHANGED, organization_id=here.pk, details={"n": 2})
    assert [entry.sequence for entry in entries(here)] == [1, None]
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


# --- Files ---------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_an_export_has_all_in_stable_columns():
    here = create_organization(name="Here", slug="here")
    with origin.acting(Origin("web", 7, "ada@here.example", "192.0.2.1")):
        audit.record(Event.INVITED, organization_id=here.pk, obj=here, details={"role": "viewer"})
    entry = entries(here)[0]
    found = AuditEntry.objects.filter(organization=here)
    (row,) = csv.DictReader(io.StringIO("".join(audit.export_csv(found))))
    (line,) = [json.loads(line) for line in audit.export_jsonl(found)]
    assert list(row) == list(line)
    assert row["at"] == line["at"] == entry.at.isoformat(timespec="microseconds")
    assert row["at"].endswith("+00:00")
    assert (row["sequence"], row["digest"]) == ("1", entry.digest)
    assert (line["sequence"], line["digest"]) == (1, entry.digest)
    assert json.loads(row["details"]) == line["details"] == {"role": "viewer"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_spreadsheet_computes_nothing(here, start):
    with origin.acting(Origin("web", 7, f"{start}cmd|' /C calc'!A0")):
        audit.record(Event.INVITED, organization_id=here.pk)
    found = AuditEntry.objects.filter(organization=here)
    (row,) = csv.DictReader(io.StringIO("".join(audit.export_csv(found)), newline=""))
    assert row["actor"] == f"'{start}cmd|' /C calc'!A0"
    (line,) = [json.loads(line) for line in audit.export_jsonl(found)]
    assert line["actor"].startswith(start)  # programs get what is stored


def test_an_export_streams(here, django_assert_num_queries):
    audit.record(Event.INVITED, organization_id=here.pk)
    lines = audit.export_csv(AuditEntry.objects.filter(organization=here))
    with django_assert_num_queries(0):
        assert next(lines).startswith("sequence,at,action")


# --- Nothing of what was said --------------------------------------------------------------------


def test_no_entry_holds_a_candidates_name_or_a_title(cast: Cast, client):
    client.post(reverse("account_login"), {"login": cast.olga.email, "password": PASSWORD})
    assert client.get(reverse("sessions:detail", args=[cast.session.pk])).status_code == 200
    go_live(cast.session)
    services.end_session(session=cast.session)
    cast.session.refresh_from_db()
    written = "".join(audit.export_jsonl(AuditEntry.objects.all()))
    assert Event.SIGNED_IN in written
    for word in ("Daniel", "Reyes", cast.session.title):
        assert word not in written
