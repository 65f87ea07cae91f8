"""Guides: who sees and changes which, what one may hold, and what becomes of those in use."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, Membership
from sessions import access, guides
from sessions.guides import files
from sessions.guides.checks import Refused, checked
from sessions.models import Competency, Guide, Question
from sessions.queries import plan_of
from sessions.serializers import plan_json
from tests.factories import client_of, go_live, make_session

SEE = {"olga", "sam", "cora", "eve", "mia", "ada"}  # who may prepare interviews here
PEOPLE = ["olga", "sam", "cora", "eve", "mia", "vic", "ada", "otto", "lea"]
PLAN = {
    "title": "Backend",
    "competencies": [
        {
            "name": "Design",
            "description": "Weighs alternatives",
            "anchors": ["none", "", "two ways", "", "knows when"],
            "questions": [{"text": "How?", "minutes": 5}, {"text": "Why?", "minutes": 0}],
        },
        {"name": "Ownership", "questions": [{"text": "What was yours?"}]},
    ],
}


def send(client, method, path, body):
    return getattr(client, method)(path, json.dumps(body), content_type="application/json")


def problems_of(plan) -> dict[str, str]:
    with pytest.raises(Refused) as caught:
        checked(plan)
    return caught.value.problems


@pytest.fixture
def mine(cast):
    """Olga's guide."""
    return guides.create(organization=cast.organization, by=cast.olga, plan=PLAN)


@pytest.fixture
def ours(cast):
    """The organization's guide."""
    return guides.create(
        organization=cast.organization, by=cast.ada, plan=PLAN, of_organization=True
    )


@pytest.fixture
def olga(cast):
    return client_of(cast.olga)


class TestDoor:
    @pytest.mark.parametrize("person", PEOPLE)
    @pytest.mark.parametrize(
        ("whose", "editors"), [("mine", {"olga", "ada"}), ("ours", {"ada"})], ids=["own", "shared"]
    )
    def test_colleagues_read_and_few_change(self, cast, request, person, whose, editors):
        guide = request.getfixturevalue(whose)
        client = client_of(getattr(cast, person))
        seen = client.get(f"/guides/{guide.pk}/")
        assert seen.status_code == (200 if person in SEE else 404)
        if person in SEE:
            assert ("guide-editor" in seen.content.decode()) is (person in editors)
            assert client.get("/guides/").content.decode().count('"guide-row"') == 1
        body = {**PLAN, "title": "Changed", "updated_at": guide.updated_at.isoformat()}
        changed = send(client, "put", f"/api/v1/guides/{guide.pk}/", body)
        assert changed.status_code == (200 if person in editors else 404)
        guide.refresh_from_db()
        assert guide.title == ("Changed" if person in editors else "Backend")
        deleted = client.post(f"/guides/{guide.pk}/delete/")
        assert deleted.status_code == (302 if person in editors else 404)
        assert Guide.objects.filter(pk=guide.pk).exists() is (person not in editors)

    def test_who_becomes_a_viewer_loses_even_their_own(self, cast, mine, olga):
        Membership.objects.filter(user=cast.olga).update(role="viewer")
        assert olga.get(f"/guides/{mine.pk}/").status_code == 404
        assert olga.delete(f"/api/v1/guides/{mine.pk}/").status_code == 404

    def test_only_admins_make_it_the_organizations(self, cast, olga):
        made = send(olga, "post", "/api/v1/guides/", {**PLAN, "of_organization": True})
        guide = Guide.objects.get(pk=made.json()["id"])
        assert guide.owner == cast.olga
        body = {**PLAN, "of_organization": True, "updated_at": made.json()["updated_at"]}
        assert send(olga, "put", f"/api/v1/guides/{guide.pk}/", body).status_code == 200
        guide.refresh_from_db()
        assert guide.owner == cast.olga
        body["updated_at"] = guide.updated_at.isoformat()
        ada = client_of(cast.ada)
        assert send(ada, "put", f"/api/v1/guides/{guide.pk}/", body).json()["owner"] is None
        assert olga.delete(f"/api/v1/guides/{guide.pk}/").status_code == 404

    def test_an_admin_who_corrects_somebodys_guide_does_not_take_it(self, cast, mine):
        body = {**PLAN, "of_organization": False, "updated_at": mine.updated_at.isoformat()}
        send(client_of(cast.ada), "put", f"/api/v1/guides/{mine.pk}/", body)
        mine.refresh_from_db()
        assert mine.owner == cast.olga


class TestSaving:
    def test_what_stays_keeps_its_id_and_the_rest_is_gone(self, mine, olga):
        before = plan_json(mine)
        design, ownership = before["competencies"]
        how, why = design["questions"]
        wanted = {
            "title": "Backend, second",
            "updated_at": mine.updated_at.isoformat(),
            "competencies": [
                {**ownership, "questions": [why, {"text": "New?", "minutes": 3}]},
                {**design, "questions": [how]},
            ],
        }
        answer = send(olga, "put", f"/api/v1/guides/{mine.pk}/", wanted)
        assert answer.status_code == 200, answer.content
        after = answer.json()["competencies"]
        assert [c["id"] for c in after] == [ownership["id"], design["id"]]
        assert after[0]["questions"][0] == why  # it went to another competency, as it is
        assert [q["text"] for q in after[0]["questions"]] == ["Why?", "New?"]
        assert after[1]["questions"] == [how]
        assert not Question.objects.filter(text="What was yours?").exists()
        assert answer.json()["updated_at"] != wanted["updated_at"]

    def test_ids_of_other_guides_mean_nothing(self, cast, mine, olga):
        theirs = guides.create(organization=cast.elsewhere, by=cast.otto, plan=PLAN)
        before = plan_json(theirs)
        wanted = {**before, "title": "Stolen", "updated_at": mine.updated_at.isoformat()}
        wanted["competencies"][0]["name"] = "Stolen"
        assert send(olga, "put", f"/api/v1/guides/{mine.pk}/", wanted).status_code == 200
        theirs.refresh_from_db()
        assert plan_json(theirs)["title"] == "Backend"
        assert plan_json(theirs)["competencies"][0]["name"] == "Design"
        assert Competency.objects.filter(guide=theirs).count() == 2
        assert Question.objects.filter(competency__guide=theirs).count() == 3

    def test_an_id_counts_once(self, mine, olga):
        plan = plan_json(mine)
        first = plan["competencies"][0]
        plan["competencies"].append({**first, "name": "Twice"})
        body = {**plan, "updated_at": mine.updated_at.isoformat()}
        answer = send(olga, "put", f"/api/v1/guides/{mine.pk}/", body).json()
        assert [c["name"] for c in answer["competencies"]] == ["Design", "Ownership", "Twice"]
        assert [len(c["questions"]) for c in answer["competencies"]] == [2, 1, 2]

    @pytest.mark.parametrize("seen", ["", "yesterday", "2020-01-01T00:00:00+00:00"])
    def test_who_was_slower_overwrites_nothing(self, cast, mine, olga, seen):
        known = seen or mine.updated_at.isoformat()
        if not seen:  # somebody saves in between
            ada = client_of(cast.ada)
            body = {**PLAN, "title": "Ada's", "updated_at": known}
            assert send(ada, "put", f"/api/v1/guides/{mine.pk}/", body).status_code == 200
        answer = send(
            olga, "put", f"/api/v1/guides/{mine.pk}/", {**PLAN, "title": "x", "updated_at": known}
        )
        assert answer.status_code == 409
        assert answer.json()["code"] == "changed_meanwhile"
        mine.refresh_from_db()
        assert mine.title == ("Backend" if seen else "Ada's")

    def test_a_change_in_the_admin_counts_too(self, cast, mine, olga):
        known = mine.updated_at.isoformat()
        data = {
            "title": "By the admin",
            "competencies-TOTAL_FORMS": 0,
            "competencies-INITIAL_FORMS": 0,
        }
        client = client_of(cast.ada)
        client.post(f"/admin/interviews/guide/{mine.pk}/change/", data)
        mine.refresh_from_db()
        assert mine.title == "By the admin"
        assert mine.owner == cast.olga
        body = {**PLAN, "updated_at": known}
        assert send(olga, "put", f"/api/v1/guides/{mine.pk}/", body).status_code == 409
        assert AuditEntry.objects.filter(action="guide.changed", actor=cast.ada.email).exists()

    @pytest.mark.parametrize(
        ("lines", "stored"),
        [
            ("none\r\n\r\n two  ways\r\n", ["none", "", "two ways", "", ""]),
            ("\r\n", []),
            ("1\n2\n3\n4\n5\n6", None),
            ("x" * 401, None),
        ],
    )
    def test_the_admin_takes_anchors_in_lines(self, cast, ours, lines, stored):
        kept = ours.competencies.first()
        data = {
            "title": "By the admin",
            "competencies-TOTAL_FORMS": 1,
            "competencies-INITIAL_FORMS": 1,
            "competencies-0-id": kept.pk,
            "competencies-0-guide": ours.pk,
            "competencies-0-name": "Design",
            "competencies-0-anchors": lines,
            "competencies-0-questions-TOTAL_FORMS": 0,
            "competencies-0-questions-INITIAL_FORMS": 0,
        }
        client = client_of(cast.ada)
        form = client.get(f"/admin/interviews/guide/{ours.pk}/change/").content.decode()
        assert "none\n\ntwo ways\n\nknows when</textarea>" in form
        answer = client.post(f"/admin/interviews/guide/{ours.pk}/change/", data)
        assert answer.status_code == (200 if stored is None else 302)
        before = PLAN["competencies"][0]["anchors"]
        kept.refresh_from_db()
        assert kept.anchors == (before if stored is None else stored)

    def test_deleting_in_the_admin_leaves_its_trace(self, cast, ours):
        client_of(cast.ada).post(f"/admin/interviews/guide/{ours.pk}/delete/", {"post": "yes"})
        assert not Guide.objects.exists()
        assert AuditEntry.objects.get(action="guide.deleted").object_id == str(ours.pk)

    def test_nothing_is_stored_of_a_plan_with_a_mistake(self, mine, olga):
        plan = plan_json(mine)
        plan["competencies"][1]["questions"][0]["text"] = ""
        plan["competencies"][0]["name"] = "Other"
        body = {**plan, "updated_at": mine.updated_at.isoformat()}
        answer = send(olga, "put", f"/api/v1/guides/{mine.pk}/", body)
        assert answer.status_code == 400
        fields = {"competencies.1.questions.0.text": ["Write the question, or remove it."]}
        assert answer.json()["fields"] == fields
        assert mine.competencies.first().name == "Design"

    def test_saving_costs_the_same_for_many_questions(self, cast, olga):
        def cost(count):
            asked = [{"text": f"Question {n}?", "minutes": 1} for n in range(count)]
            plan = {"title": "T", "competencies": [{"name": "C", "questions": asked}]}
            made = guides.create(organization=cast.organization, by=cast.olga, plan=plan)
            with CaptureQueriesContext(connection) as queries:
                guides.change(
                    guide=made,
                    by=cast.olga,
                    plan=plan_json(made),
                    seen=made.updated_at.isoformat(),
                )
            return len(queries)

        assert cost(30) == cost(1)


class TestLimits:
    @pytest.mark.parametrize(
        ("plan", "place", "sentence"),
        [
            ({"title": " \n"}, "title", "Give the guide a title."),
            ({"title": "x" * 161}, "title", "At most 160 characters; this has 161."),
            ({"title": ["x"]}, "title", "A text is expected here."),
            ({"title": "x", "competencies": {}}, "competencies", "A list is expected here."),
            (
                {"title": "x", "competencies": [{"name": str(n)} for n in range(21)]},
                "competencies",
                "A guide has at most 20 competencies.",
            ),
            ({"title": "x", "competencies": ["y"]}, "competencies.0.name", "An object"),
            (
                {"title": "x", "competencies": [{"name": "A"}, {"name": "a "}]},
                "competencies.1.name",
                "Another competency has this name.",
            ),
        ],
    )
    def test_a_guide_has_limits(self, plan, place, sentence):
        assert problems_of(plan)[place].startswith(sentence)

    @pytest.mark.parametrize(
        ("part", "place", "sentence"),
        [
            ({"name": ""}, "name", "Name the competency, or remove it."),
            ({"name": "x" * 121}, "name", "At most 120 characters"),
            ({"description": "x" * 401}, "description", "At most 400 characters"),
            ({"anchors": [""] * 6}, "anchors", "There are 5 anchors"),
            ({"anchors": ["", "x" * 401]}, "anchors.1", "At most 400 characters"),
            ({"questions": [{"text": "?"}] * 31}, "questions", "A competency has at most 30"),
            ({"questions": [{"text": "x" * 401}]}, "questions.0.text", "At most 400 characters"),
            *[
                ({"questions": [{"text": "?", "minutes": m}]}, "questions.0.minutes", "Minutes are")
                for m in (-1, 241, 2.5, "5", True, None, "")
            ],
        ],
    )
    def test_its_parts_have_limits(self, part, place, sentence):
        plan = {"title": "x", "competencies": [{"name": "C", **part}]}
        assert problems_of(plan)[f"competencies.0.{place}"].startswith(sentence)

    def test_texts_come_in_one_line_without_what_no_database_takes(self):
        plan = {"title": " a\x00\n\tb\ud800 ", "competencies": [{"name": "👩‍💻", "id": "7"}]}
        kept = checked(plan)
        assert kept["title"] == "a b"
        assert kept["competencies"][0]["name"] == "👩‍💻"
        assert kept["competencies"][0]["id"] is None

    def test_the_most_that_is_allowed_is_stored(self, cast, olga):
        asked = [{"text": "q" * 400, "minutes": 240}] * 30
        parts = [{"name": f"{n:<120}".replace(" ", "c"), "questions": asked} for n in range(20)]
        answer = send(olga, "post", "/api/v1/guides/", {"title": "t" * 160, "competencies": parts})
        assert answer.status_code == 201, answer.content
        assert Question.objects.count() == 600

    @pytest.mark.parametrize("body", ["[" * 100_000, '{"title": ' + "9" * 5000 + "}", "[]", "1"])
    def test_what_is_no_guide_is_refused(self, olga, body):
        answer = olga.post("/api/v1/guides/", body, content_type="application/json")
        assert answer.status_code == 400
        assert answer.json()["detail"]


class TestInUse:
    def test_a_held_interview_keeps_its_guide_and_a_prepared_one_loses_it(self, cast, mine, olga):
        held = go_live(make_session(cast.olga, cast.organization, guide=mine))
        drafts = [make_session(cast.olga, cast.organization, guide=mine) for _ in range(2)]
        plan = plan_of(held)
        assert "2 prepared interviews use it" in olga.get(f"/guides/{mine.pk}/").content.decode()
        asked = olga.get(f"/guides/{mine.pk}/delete/").content.decode()
        assert "2 prepared interviews use it" in asked
        answer = olga.post(f"/guides/{mine.pk}/delete/", follow=True)
        assert "2 prepared interviews have no guide now." in answer.content.decode()
        for session in (held, *drafts):
            session.refresh_from_db()
        assert plan_of(held) == plan
        assert [plan_of(session) for session in drafts] == [None, None]
        entry = AuditEntry.objects.get(action="guide.deleted")
        assert entry.details == {"drafts": 2}

    def test_a_copy_is_ones_own_and_leaves_the_other_as_it_is(self, cast, ours):
        answer = client_of(cast.mia).post(f"/guides/{ours.pk}/copy/")
        made = Guide.objects.get(owner=cast.mia)
        assert answer.url == f"/guides/{made.pk}/"
        assert made.title == "Copy of Backend"
        mine, theirs = plan_json(made), plan_json(ours)
        ids = [{c["id"] for c in plan["competencies"]} for plan in (mine, theirs)]
        assert not ids[0] & ids[1]
        assert files.as_json({**mine, "title": "Backend"}) == files.as_json(theirs)

    def test_the_audit_tells_what_was_done_and_no_text(self, cast, mine):
        entry = AuditEntry.objects.get(action="guide.changed")
        assert entry.details == {"act": "created", "competencies": 2, "questions": 3}
        assert entry.object_id == str(mine.pk)


class TestList:
    def test_it_is_searched_by_title_and_competency(self, cast, mine, olga):
        other = {"title": "Team lead", "competencies": [{"name": "Leading"}]}
        guides.create(organization=cast.organization, by=cast.sam, plan=other)
        theirs = {"title": "Backend elsewhere"}
        guides.create(organization=cast.elsewhere, by=cast.otto, plan=theirs)

        def found(words):
            page = olga.get("/guides/", {"q": words}).content.decode()
            return [title for title in ("Backend", "Team lead") if f">{title}</strong>" in page]

        assert found("") == ["Backend", "Team lead"]
        assert found("lead") == ["Team lead"]
        assert found("owner backend") == ["Backend"]
        assert found("elsewhere") == []
        row = olga.get("/guides/", {"q": "owner"}).content.decode()
        assert "2 competencies · 3 questions · 10 min" in row

    def test_it_teaches_where_there_is_none_and_shows_an_example(self, olga):
        assert "Start from an example" in olga.get("/guides/").content.decode()
        page = olga.get("/guides/new/?example")
        assert "Ownership" in page.content.decode()
        assert not Guide.objects.exists()

    def test_a_title_is_never_markup(self, cast, olga):
        plan = {"title": "</script><script>x", "competencies": [{"name": "<b>x"}]}
        made = guides.create(organization=cast.organization, by=cast.sam, plan=plan)
        for client in (olga, client_of(cast.sam)):
            for path in ("/guides/", f"/guides/{made.pk}/"):
                page = client.get(path).content.decode()
                assert "<script>x" not in page
                assert "<b>x" not in page

    def test_rows_cost_no_queries_of_their_own(self, cast, olga):
        def cost():
            with CaptureQueriesContext(connection) as queries:
                olga.get("/guides/")
            return len(queries)

        guides.create(organization=cast.organization, by=cast.olga, plan=PLAN)
        cost()
        one = cost()
        for _ in range(10):
            guides.create(organization=cast.organization, by=cast.sam, plan=PLAN)
        assert cost() == one


class TestCheck:
    def test_questions_the_law_protects_from_are_told(self, olga):
        asked = ["How old are you?", "How would you shard it?", "", "Are you married?"]
        answer = send(olga, "post", "/api/v1/guides/check/", {"questions": asked})
        assert answer.json() == {"traits": ["age", "", "", "family or marriage"]}

    @pytest.mark.parametrize("given", [["x" * 401], ["x"] * 601, "x", None])
    def test_too_much_is_refused(self, olga, given):
        answer = send(olga, "post", "/api/v1/guides/check/", {"questions": given})
        assert answer.status_code == 400


def test_the_door_of_a_device_token_is_closed(cast, mine):
    cast.olga.api_token = type("Token", (), {"bound_to": cast.session.pk, "pk": 1})()
    assert not access.guides_visible_to(cast.olga).exists()
