"""`manage.py verify_audit`: what it prints and how it ends."""

import json

import pytest
from django.core.management import CommandError, call_command

from accounts import audit
from accounts.audit import chain
from accounts.kinds import Event
from accounts.models import AuditEntry, AuditHead, Organization
from accounts.services import create_organization


@pytest.fixture
def here(db) -> Organization:
    here = create_organization(name="Here", slug="here")
    create_organization(name="There", slug="there")
    for _ in range(3):
        audit.record(Event.INVITED, organization_id=here.pk)
    chain.seal(here.pk)
    return here


def last(organization: Organization) -> AuditEntry:
    return AuditEntry.objects.filter(organization=organization).latest("sequence")


def cut(organization: Organization) -> None:
    """Take a place the head knows of away, without touching entries."""
    AuditHead.objects.filter(chain=organization.pk).update(sequence=4)


def test_whole_chains_are_told_one_a_line(here, capsys):
    call_command("verify_audit")
    assert capsys.readouterr().out.splitlines() == [
        "installation: 0 entries, head 0, whole",
        "here: 3 entries, head 3, whole",
        "there: 0 entries, head 0, whole",
    ]


def test_a_break_is_named_and_ends_with_an_error(here, capsys):
    cut(here)
    with pytest.raises(CommandError) as error:
        call_command("verify_audit")
    assert error.value.returncode == 1
    assert "BROKEN at number 4: removed: was removed" in capsys.readouterr().out


def test_one_organization(here, capsys):
    cut(here)
    call_command("verify_audit", organization="there")
    assert capsys.readouterr().out == "there: 0 entries, head 0, whole\n"
    with pytest.raises(CommandError):
        call_command("verify_audit", organization="here")
    with pytest.raises(CommandError, match="no organization 'nowhere'"):
        call_command("verify_audit", organization="nowhere")


def test_json(here, capsys):
    cut(here)
    with pytest.raises(CommandError):
        call_command("verify_audit", json=True)
    reports = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["organization"] for one in reports] == ["", "here", "there"]
    assert reports[0]["broken"] is None
    assert reports[1] == {
        "chain": str(here.pk),
        "organization": "here",
        "entries": 3,
        "head": 4,
        "late": 0,
        "broken": {"kind": "removed", "place": 4, "entry_id": None},
    }


def test_expect_takes_what_the_log_told(here):
    known = f"{here.pk}:3:{last(here).digest[:16]}"
    call_command("verify_audit", expect=[known])
    with pytest.raises(CommandError, match="1 chain"):
        call_command("verify_audit", expect=[f"{here.pk}:3:{'0' * 16}"])
    with pytest.raises(CommandError, match="1 chain"):
        call_command("verify_audit", expect=[f"{here.pk}:4:{'0' * 16}"])
    with pytest.raises(CommandError, match="no chain elsewhere"):
        call_command("verify_audit", expect=[known, "elsewhere:1:00"])
    with pytest.raises(CommandError, match="CHAIN:SEQUENCE:DIGEST"):
        call_command("verify_audit", expect=["3"])
