"""Which systems there are, and that everything about them can be said."""

import re
from pathlib import Path

import pytest

from insights.ats import ADAPTERS, KINDS, missing_options
from insights.ats.errors import ERRORS
from insights.ats.registry import Option
from insights.models import AtsConnection
from tests.ats.worlds import SERVERS

ROOT = Path(__file__).resolve().parents[2]


def test_every_kind_of_connection_has_an_adapter():
    assert set(ADAPTERS) == set(KINDS) == set(AtsConnection.Kind.values) == set(SERVERS)


def test_every_error_has_a_sentence_and_a_way_to_fix_it():
    raised = set()
    for path in [*(ROOT / "insights/ats").glob("*.py"), ROOT / "copilot/lib/outgoing.py"]:
        code = path.read_text()
        raised |= set(re.findall(r'(?:AtsError|Refused|Unreachable)\(\s*"(\w+)"', code))
        raised |= set(re.findall(r'(?:missing|refused)(?:: str)? ?= ?"(\w+)"', code))
        raised |= set(re.findall(r'\d{3}: "(\w+)"', code))
    assert raised - {"gone"} <= set(ERRORS)
    assert len(raised) > 20
    longest = AtsConnection._meta.get_field("check_error").max_length
    for code, (sentence, way) in ERRORS.items():
        assert len(code) <= longest
        assert sentence.endswith(".")
        assert way.endswith(".")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_connection_knows_what_it_lacks(kind):
    required = [option.name for option in KINDS[kind].options if option.required]
    assert missing_options(kind, {}) == required
    assert missing_options(kind, dict.fromkeys(required, "x")) == []
    assert missing_options(kind, dict.fromkeys(required, "  ")) == required
    assert all(isinstance(option, Option) and option.label for option in KINDS[kind].options)
    assert KINDS[kind].base_url.startswith("https://") or KINDS[kind].address_help


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_system_is_documented(kind):
    text = (ROOT / "docs/ats.md").read_text()
    assert f"`{kind}`" in text
    for option in KINDS[kind].options:
        assert f"`{option.name}`" in text
