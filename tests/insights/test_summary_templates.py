"""Templates of summaries: order, titles, what is hidden; who writes them, who may choose them."""

import json

import pytest
from django.core.exceptions import ValidationError

from accounts.kinds import Event
from accounts.models import AuditEntry, Membership, Organization, Role
from insights import queries, summaries
from insights.models import SummaryTemplate
from insights.summaries import sections
from tests.admin_world import signed_in
from tests.factories import client_of, make_user
from tests.insights.test_summary_model import change, ended, make, model, sentences, texts

pytestmark = pytest.mark.django_db

__all__ = ["model"]  # a fixture
LIST = "/api/v1/summary-templates/"
ADD = "/admin/insights/summarytemplate/add/"


@pytest.fixture
def held(cast):
    return ended(cast)


def template(organization, *rows, **fields):
    stored = [
        {"key": key, "title": title, "hidden": key in fields.get("hidden", ())}
        for key, title in rows
    ]
    return SummaryTemplate.objects.create(
        organization=organization,
        name=fields.get("name", "Short"),
        sections=stored,
        guidance=fields.get("guidance", ""),
        is_default=fields.get("is_default", False),
    )


def keys(summary):
    return [part["key"].partition(":")[0] for part in summary["sections"]]


def post(held, **body):
    address = f"/api/v1/sessions/{held.session.pk}/summary/"
    client = client_of(held.cast.olga)
    return client.post(address, json.dumps(body), content_type="application/json")


# --- what they do --------------------------------------------------------------------------------


def test_without_a_template_the_sections_stand_in_the_programs_order(held):
    order = [key if key != "competencies" else "competency" for key in sections.TITLES]
    assert list(dict.fromkeys(keys(make(held)))) == order


def test_the_default_gives_order_titles_and_what_is_hidden(held):
    made = template(
        held.cast.organization,
        ("interview", "The facts"),
        ("competencies", ""),
        ("questions", "Asked"),
        ("open", ""),
        is_default=True,
        hidden=("open",),
    )
    summary = make(held)
    assert keys(summary)[:5] == ["interview", "competency", "competency", "questions", "facts"]
    assert "open" not in keys(summary)
    assert [p["title"] for p in summary["sections"]][:4] == [
        "The facts",
        "Leading",
        "Design",
        "Asked",
    ]
    assert summary["template"] == {"id": str(made.pk), "name": "Short"}


def test_a_template_is_chosen_and_left_again(held):
    make(held)
    made = template(held.cast.organization, ("interview", ""))
    assert post(held, template=str(made.pk)).status_code == 202
    assert keys(make(held))[0] == "interview"
    assert post(held).status_code == 202
    assert make(held)["template"]["name"] == "Short", "kept where none is named"
    assert post(held, template=None).status_code == 202
    assert make(held)["template"] is None


def test_one_of_another_organization_is_refused(held):
    there = Organization.objects.exclude(pk=held.cast.organization.pk).first()
    foreign = template(there, ("facts", ""))
    answer = post(held, template=str(foreign.pk))
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_template")
    assert queries.summary(held.session)["template"] is None


def test_what_a_person_wrote_stays_under_another_template(held):
    make(held)
    change(held, section="candidate", text="Asked about the team.")
    place = keys(queries.summary(held.session)).index("candidate")
    made = template(held.cast.organization, ("candidate", ""), hidden=("candidate",))
    post(held, template=str(made.pk))
    summary = make(held)
    assert texts(summary, "candidate") == ["Asked about the team."]
    assert keys(summary).index("candidate") == place
    order = template(held.cast.organization, ("candidate", "Theirs"), name="Order")
    post(held, template=str(order.pk))
    summary = make(held)
    assert keys(summary)[0] == "candidate"
    assert sentences(summary, "candidate")[-1]["own"]


def test_the_model_is_told_the_wording_wanted(held, model):
    template(held.cast.organization, guidance="One short sentence each.", is_default=True)
    make(held)
    assert "Wording: One short sentence each." in json.dumps(model.requests[0])


def test_a_template_that_goes_leaves_the_summary(held):
    made = template(held.cast.organization, ("interview", ""), is_default=True)
    make(held)
    made.delete()
    assert keys(queries.summary(held.session))[0] == "interview"
    assert make(held)["template"] is None


@pytest.mark.parametrize(
    "given",
    [
        "facts",
        [["facts"]],
        [{"key": "salary"}],
        [{"key": "facts"}, {"key": "facts"}],
        [{"key": "facts", "title": "x" * 81}],
        [{"key": "facts", "title": 1}],
        [{"key": "facts", "hidden": "yes"}],
        [{"key": "facts", "hidden": True}],
    ],
    ids=["no list", "list", "unknown", "twice", "long", "number", "word", "all hidden"],
)
def test_what_is_no_template_is_refused(given):
    with pytest.raises(ValidationError):
        sections.checked(given)


# --- who sees and writes them --------------------------------------------------------------------


def test_those_who_interview_see_their_organizations(held):
    template(held.cast.organization, ("facts", "Whole"), is_default=True)
    (row,) = client_of(held.cast.olga).get(LIST).json()["results"]
    assert row["sections"] == [{"key": "facts", "title": "Whole", "hidden": False}]
    assert client_of(held.cast.otto).get(LIST).json()["results"] == []
    viewer = make_user(held.cast.organization, "viewer", Role.VIEWER)
    assert client_of(viewer).get(LIST).json()["results"] == []


def form(**fields):
    given = {"name": "Short", "guidance": "", **fields}
    for place, key in enumerate(sections.TITLES, start=1):
        given.setdefault(f"{key}_place", place)
        given.setdefault(f"{key}_title", "")
        if given.setdefault(f"{key}_shown", "on") is None:
            del given[f"{key}_shown"]
    return given


@pytest.fixture
def admin(cast):
    assert Membership.objects.get(user=cast.ada).role == Role.ADMIN
    return signed_in(cast.ada)


def test_an_admin_writes_one_in_a_form(cast, admin):
    assert admin.get(ADD).status_code == 200
    sent = form(interview_place=1, interview_title=" The  facts ", open_shown=None, is_default="on")
    assert admin.post(ADD, sent).status_code == 302
    made = SummaryTemplate.objects.get()
    assert made.organization == cast.organization
    stored = {row["key"]: row for row in made.sections}
    assert list(stored)[:2] == ["facts", "interview"]
    assert stored["interview"]["title"] == "The facts"
    assert stored["open"]["hidden"]
    assert AuditEntry.objects.get(action=Event.TEMPLATE_CHANGED).details == {"change": "added"}


def test_the_form_shows_what_is_stored(cast, admin):
    made = template(cast.organization, ("interview", "First"), ("open", ""), hidden=("open",))
    page = admin.get(f"/admin/insights/summarytemplate/{made.pk}/change/")
    initial = page.context["adminform"].form.initial
    assert (initial["interview_place"], initial["interview_title"]) == (1, "First")
    assert (initial["open_shown"], initial["facts_shown"]) == (False, True)


def test_one_default_takes_over_from_the_other(cast, admin):
    before = template(cast.organization, name="Before", is_default=True)
    assert admin.post(ADD, form(is_default="on")).status_code == 302
    before.refresh_from_db()
    assert not before.is_default
    assert SummaryTemplate.objects.get(is_default=True).name == "Short"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "Taken"}, "name"),
        ({"name": ""}, "name"),
        ({"facts_place": "0"}, "facts_place"),
        ({"facts_title": "x" * 81}, "facts_title"),
        ({f"{key}_shown": None for key in sections.TITLES}, "__all__"),
    ],
    ids=["taken", "no name", "no place", "long", "all hidden"],
)
def test_a_form_that_is_wrong_says_where(cast, admin, wrong, field):
    template(cast.organization, name="Taken")
    page = admin.post(ADD, form(**wrong))
    assert page.status_code == 200
    assert field in page.context["adminform"].form.errors
    assert SummaryTemplate.objects.count() == 1


def test_a_removal_is_noted_and_the_summaries_stay(held, admin):
    made = template(held.cast.organization, is_default=True)
    assert summaries.make(session_id=held.session.pk)
    address = f"/admin/insights/summarytemplate/{made.pk}/delete/"
    assert admin.post(address, {"post": "yes"}).status_code == 302
    assert AuditEntry.objects.get(action=Event.TEMPLATE_CHANGED).details == {"change": "removed"}
    assert queries.summary(held.session)["sections"]
