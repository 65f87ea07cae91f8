"""The chain: every change to it shows, with its place and kind."""

import base64

import pytest
from django.conf import settings as django_settings
from django.db import connection

from accounts import audit
from accounts.audit import chain
from accounts.audit.verify import Anchor, Break, Kind, Report, verify
from accounts.kinds import Event
from accounts.models import AuditEntry, AuditHead, Organization
from accounts.services import create_organization
from copilot.lib.crypto import MasterKeys, new_key
from tests.chains import TABLE, broken, copy, remove, renumber, report, tamper, write


@pytest.fixture
def here(db) -> Organization:
    return create_organization(name="Here", slug="here")


# --- Whole ---------------------------------------------------------------------------------------


def test_each_organization_and_the_installation_have_a_chain_of_their_own(here):
    there = create_organization(name="There", slug="there")
    for organization, count in ((here, 3), (there, 2), (None, 4)):
        assert [one.sequence for one in write(organization, count)] == list(range(1, count + 1))
        found = report(organization)
        assert (found.entries, found.head, found.late, found.broken) == (count, count, 0, None)


def test_an_empty_chain_is_whole(here):
    assert report(here) == Report(str(here.pk), "here", 0, 0, 0, None)


def test_each_entry_names_the_one_before(here):
    first, second, third = write(here, 3)
    assert (first.previous, second.previous, third.previous) == ("", first.digest, second.digest)


def test_a_long_queue_is_sealed_in_batches(here, monkeypatch):
    monkeypatch.setattr(chain, "BATCH", 3)
    entries = write(here, 10)
    assert [one.pk for one in entries] == sorted(one.pk for one in entries)
    assert [one.sequence for one in entries] == list(range(1, 11))
    assert broken(here) is None


def test_a_key_wrapped_anew_keeps_the_chain_whole(here, settings):
    write(here, 2)
    write(None, 2)
    key = here.key()
    old = settings.INTERVIEW_MASTER_KEYS
    settings.INTERVIEW_MASTER_KEYS = MasterKeys({"new": new_key(), **old.keys}, "new")
    here.wrapped_key = settings.INTERVIEW_MASTER_KEYS.wrap(key, here._place())
    here.save()
    write(here, 1)
    write(None, 1)
    assert broken(here) is None
    assert broken(None) is None


# --- Broken: one entry ---------------------------------------------------------------------------

VALUES = {
    "at": "2020-01-01 00:00:00+00:00",
    "action": "member.invited",
    "actor_id": 42,
    "actor": "somebody@else.example",
    "via": "admin",
    "token_id": "0123456789abcdef0123456789abcdef",
    "ip": "192.0.2.99",
    "object_type": "accounts.user",
    "object_id": "99",
    "details": '{"from": "viewer", "to": "admin"}',
    "previous": "0" * 64,
    "digest": "0" * 64,
}


def test_every_column_is_known_here():
    columns = {field.column for field in AuditEntry._meta.concrete_fields}
    assert columns == {*VALUES, "id", "organization_id", "sequence"}


@pytest.mark.parametrize("column", VALUES)
def test_a_change_of_any_column_shows(here, column):
    entry = write(here, 5)[2]
    tamper(f"UPDATE {TABLE} SET {column} = %s WHERE id = %s", VALUES[column], entry.pk)  # noqa: S608
    assert report(here).broken == Break(Kind.CHANGED, 3, entry.pk)


def test_another_id_shows(here):
    entry = write(here, 5)[2]
    tamper(f"UPDATE {TABLE} SET id = 999999 WHERE id = %s", entry.pk)  # noqa: S608
    assert broken(here) == ("changed", 3)


def test_an_entry_moved_to_another_organization_shows_in_both(here):
    there = create_organization(name="There", slug="there")
    entry = write(here, 5)[2]
    write(there, 2)
    owner = there.pk if connection.vendor == "postgresql" else there.pk.hex
    tamper(f"UPDATE {TABLE} SET organization_id = %s WHERE id = %s", owner, entry.pk)  # noqa: S608
    assert broken(here) == ("removed", 3)
    assert broken(there) == ("inserted", 3)


@pytest.mark.parametrize("place", [1, 3, 5])
def test_a_removed_entry_shows(here, place):
    remove(write(here, 5)[place - 1])
    assert broken(here) == ("removed", place)


def test_closing_the_gap_does_not_hide_it(here):
    entries = write(here, 5)
    remove(entries[2])
    renumber(entries[3], 3)
    renumber(entries[4], 4)
    assert broken(here) == ("moved", 3)


def test_exchanged_entries_show(here):
    entries = write(here, 5)
    renumber(entries[1], 99)
    renumber(entries[3], 2)
    renumber(entries[1], 4)
    assert broken(here) == ("moved", 2)


def test_an_entry_taken_out_of_its_place_shows(here):
    renumber(write(here, 5)[2], None)
    assert broken(here) == ("removed", 3)


def test_an_inserted_entry_shows(here):
    entries = write(here, 5)
    for entry in reversed(entries[2:]):
        renumber(entry, entry.sequence + 1)
    copy(entries[0], 3)
    assert broken(here) == ("inserted", 3)


def test_an_appended_entry_shows(here):
    copy(write(here, 5)[4], 6)
    assert broken(here) == ("inserted", 6)


def test_a_number_twice_shows(db):
    copy(write(None, 5)[2], 3)
    assert broken(None) == ("inserted", 3)


def test_an_entry_written_by_somebody_else_is_never_sealed(here, caplog):
    entries = write(here, 2)
    copy(entries[0], None)
    assert len(write(here, 1)) == 3  # ours goes on
    assert broken(here) == ("inserted", None)
    assert "1 entries were not written by us" in caplog.text


def test_an_entry_changed_before_its_seal_is_never_sealed(here):
    audit.record(Event.ROLE_CHANGED, organization_id=here.pk)
    tamper(f"UPDATE {TABLE} SET actor = 'somebody@else.example'")  # noqa: S608
    assert write(here, 1)[0].actor == ""
    assert broken(here) == ("inserted", None)


# --- Broken: the end -----------------------------------------------------------------------------


def turn_back(organization: Organization, entry: AuditEntry) -> None:
    """Pretend that `entry` is the last one, as somebody without the key can."""
    AuditHead.objects.filter(chain=organization.pk).update(
        sequence=entry.sequence, digest=entry.digest
    )


def test_a_head_turned_back_shows(here):
    entries = write(here, 5)
    remove(entries[4])
    turn_back(here, entries[3])
    assert broken(here) == ("head", 4)


def test_a_head_turned_back_over_entries_shows(here):
    entries = write(here, 5)
    turn_back(here, entries[3])
    assert broken(here) == ("head", 4)


def test_a_missing_head_shows(here):
    write(here, 5)
    AuditHead.objects.all().delete()
    assert broken(here) == ("head", 0)


def test_a_head_ahead_of_its_entries_shows(here):
    write(here, 5)
    AuditHead.objects.update(sequence=6)
    assert broken(here) == ("removed", 6)


def test_a_head_of_no_organization_shows(here):
    AuditHead.objects.create(chain="gone", sequence=3)
    assert [one.broken for one in verify() if one.chain == "gone"] == [Break(Kind.REMOVED, 1)]


@pytest.mark.parametrize("head", ["kept", "turned back", "deleted"])
def test_a_cut_end_still_shows_after_the_chain_went_on(here, head, caplog):
    entries = write(here, 5)
    remove(entries[4])
    if head == "turned back":
        turn_back(here, entries[3])
    if head == "deleted":
        AuditHead.objects.all().delete()
    write(here, 2)
    write(here, 1)
    assert broken(here) == ("removed", 5)
    assert caplog.text.count("the end of the chain was changed") == 1  # and whole from there


def test_only_an_anchor_shows_that_all_was_put_back(here, caplog):
    entries = write(here, 4)
    before = AuditHead.objects.get(chain=here.pk)
    with caplog.at_level("INFO"):
        entries = write(here, 2)
    _audit, name, sequence, digest = caplog.messages[-1].split()
    anchor = Anchor(name, int(sequence), digest)
    assert report(here, anchor).broken is None
    for entry in entries[4:]:
        remove(entry)
    before.save()
    assert report(here).broken is None
    assert report(here, anchor).broken == Break(Kind.EXPECTED, 6)
    write(here, 2)  # other entries in the same places
    assert report(here, anchor).broken.kind == Kind.EXPECTED


def test_two_histories_do_not_fit_together(here):
    """All codes are ours: a restored backup went on, then entries from before came back."""
    write(here, 4)
    before = AuditHead.objects.get(chain=here.pk)
    fifth, sixth = write(here, 2)[4:]
    after = AuditHead.objects.get(chain=here.pk)
    remove(fifth)
    remove(sixth)
    before.save()
    write(here, 1)
    AuditEntry._base_manager.bulk_create([sixth])
    after.save()
    assert report(here).broken == Break(Kind.MOVED, 6, sixth.pk)


# --- Broken: the key -----------------------------------------------------------------------------


def test_a_key_that_does_not_open_is_named(here):
    write(here, 2)
    Organization.objects.filter(pk=here.pk).update(wrapped_key=b"\x05wrong")
    assert broken(here) == ("key", None)


def test_another_key_is_named(here):
    write(here, 2)
    here.wrapped_key = django_settings.INTERVIEW_MASTER_KEYS.wrap(new_key(), here._place())
    here.save()
    assert broken(here) == ("key", 1)


def test_the_installation_needs_the_master_key_that_signed(db, settings):
    write(None, 2)
    settings.INTERVIEW_MASTER_KEYS = MasterKeys.parse([f"b:{base64.b64encode(new_key()).decode()}"])
    assert broken(None) == ("key", 1)
