import json
from datetime import date
from pathlib import Path

import pytest

import insights.analyzers
from insights.analyzers.checkable import describe
from insights.analyzers.claims import claims
from insights.analyzers.releases import impossible
from insights.analyzers.skills import gazetteer, mentions, names
from tests.insights.talk import TODAY

TABLE = Path(insights.analyzers.__file__).parent / "lexicons" / "technologies.json"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mostly EC2, S3 and Lambda", ["EC2", "S3", "Lambda"]),
        ("i used e c two and s three with postgres q l", ["EC2", "S3", "PostgreSQL"]),
        ("we run k8s with terra form on a w s", ["Kubernetes", "Terraform", "AWS"]),
        ("it is written in go using c sharp and dot net", ["Go", "C#", ".NET"]),
        ("I worked with React and Redux", ["React", "Redux"]),
        ("C++ and c plus plus and CI/CD", ["C++", "CI/CD"]),
        ("triage in the ICU with Epic and Cerner", ["triage", "intensive care", "Epic", "Cerner"]),
        ("cold calls out of Salesforce", ["cold calling", "Salesforce"]),
        ("engine x in front of my sequel", ["nginx", "MySQL"]),
        ("yes epic since twenty twenty one", ["Epic"]),
        ("Go, for nine years, and Python", ["Go", "Python"]),
        ("with jest for the components", ["Jest"]),
        ("i am b l s and p a l s certified and i use s bar", ["BLS", "PALS", "patient handover"]),
        ("We qualify with MEDDIC and call from Outreach", ["MEDDIC", "Outreach"]),
        ("Zendesk macros, our CSAT and the NPS", ["macros", "CSAT", "NPS"]),
        ("We set OKRs and look at the KPIs weekly", ["OKRs", "KPIs"]),
        ("QuickBooks for the month end close", ["QuickBooks", "financial modelling"]),
    ],
)
def test_it_finds_skills_as_people_write_and_say_them(text, expected):
    assert names(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "it can become linear, so we go to production and rest",
        "we react to alerts and express our concerns",
        "I am in a meeting, I see you there",
        "she was a big help to the chef",
        "that is a safe bet, a notion of a swift reply in spring",
        "the segment of the market that we excel in",
        "we rest for a while and go for a walk",
        "outreach to the community matters to my pals",
    ],
)
def test_it_takes_ordinary_words_for_no_skill(text):
    assert names(text) == []


def test_the_table_is_large_dated_and_sourced():
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    assert len(gazetteer()) >= 250
    assert table["as_of"]
    assert table["sources"]
    assert all(s.year is None or 1940 < s.year <= TODAY.year for s in gazetteer())
    assert len({skill.name for skill in gazetteer()}) == len(gazetteer())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Java 21 and Node 18", ["Java 21", "Node.js 18"]),
        ("java twenty one", ["Java 21"]),
        ("python three point twelve", ["Python 3.12"]),
        ("Python 3.10", ["Python 3.10"]),
        ("postgres version sixteen", ["PostgreSQL 16"]),
        ("http three", ["HTTP 3"]),
        ("Java 8 years ago", ["Java"]),
        ("Python for 3 years", ["Python"]),
        ("Vue 3 components", ["Vue"]),
    ],
)
def test_it_reads_versions(text, expected):
    assert [mention.label for mention in mentions(text)] == expected


def test_a_version_is_younger_than_its_technology():
    for skill in gazetteer():
        assert all((skill.year or 0) <= year <= TODAY.year for year in skill.versions.values()), (
            skill.name
        )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I've worked with AWS for three years, mostly EC2.", ["3 years of AWS"]),
        ("I have ten years of Kubernetes experience", ["10 years of Kubernetes"]),
        ("about 18 months in Java", ["1.5 years of Java"]),
        ("I used Docker for six months", ["6 months of Docker"]),
        ("We ran Kubernetes in production in twenty twelve", ["Kubernetes in 2012"]),
        ("I started with React fifteen years ago", ["React 15 years ago"]),
        ("I've been a nurse for eight years", ["8 years of experience"]),
        ("it went from four seconds to two hundred milliseconds", ["a measured result"]),
        ("we cut errors by forty percent", ["a measured result"]),
        ("our uptime was ninety nine point nine percent", ["a number"]),
        ("I led a team of twelve", ["a number"]),
        ("My son is five years old", []),
        ("That was two years ago", []),
        ("Last year our database ran out of connections", []),
    ],
)
def test_it_finds_claims_that_can_be_checked(text, expected):
    assert [describe(claim) for claim in claims(text)] == expected


@pytest.mark.parametrize(
    ("text", "today", "is_impossible"),
    [
        ("I have ten years of Kubernetes experience", date(2021, 6, 1), True),
        ("I have ten years of Kubernetes experience", date(2026, 6, 1), False),
        ("I have fifteen years of Kubernetes experience", date(2026, 6, 1), True),
        ("I have thirty years of Python experience", date(2026, 6, 1), False),
        ("We ran Kubernetes in production in 2012", date(2026, 6, 1), True),
        ("We ran Kubernetes in production in 2013", date(2026, 6, 1), False),
        ("I have used FastAPI since 2012", date(2026, 6, 1), True),
        ("I have forty years of triage experience", date(2026, 6, 1), False),
    ],
)
def test_it_knows_what_did_not_exist_yet(text, today, is_impossible):
    (claim,) = claims(text)
    assert bool(impossible(claim, today)) is is_impossible


def test_it_reads_the_years_of_a_profile():
    profile = (
        "Senior engineer. AWS (5 years), Python 10 years\nTerraform since 2019; 4 years Go code, "
        "Registered nurse, 9 years"
    )
    assert [describe(claim) for claim in claims(profile, terse=True)] == [
        "5 years of AWS",
        "10 years of Python",
        "Terraform since 2019",
        "4 years of Go",
        "9 years of experience",
    ]
    assert claims(profile, terse=True)[-1].about == "nursing"
