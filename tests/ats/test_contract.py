"""Each adapter against its system's documented API, over real HTTP."""

import pytest

from insights.ats.base import UNKNOWN, AtsError, Part, Target
from tests.ats.servers.base import shape
from tests.ats.worlds import (
    MARK,
    PARTS,
    RESULT,
    SERVERS,
    STORES,
    adapter_for,
    deliver,
    target_of,
)

ALL = sorted(SERVERS)
VENDORS = [kind for kind in ALL if kind != "generic"]
# Which recorded request a written part looks like.
DOCUMENTED = {
    ("greenhouse", Part.NOTE): "create_note",
    ("greenhouse", Part.ATTACHMENT): "create_attachment",
    ("lever", Part.NOTE): "create_note",
    ("lever", Part.SCORECARD): "create_feedback",
    ("ashby", Part.NOTE): "create_note",
    ("ashby", Part.SCORECARD): "feedback",
    ("workable", Part.NOTE): "comment",
    ("workable", Part.ATTACHMENT): "comment_with_file",
    ("workable", Part.SCORECARD): "rating",
    ("teamtailor", Part.NOTE): "create_note",
}
REMOVED = {
    "greenhouse": {Part.ATTACHMENT},
    "lever": set(Part),
    "ashby": set(),
    "workable": set(),
    "teamtailor": {Part.NOTE},
    "generic": {Part.NOTE},
}


def failure(act, *args):
    with pytest.raises(AtsError) as failed:
        act(*args)
    return failed.value


def form_of(value):
    """Return the names of a JSON object, and of those in it."""
    if isinstance(value, dict):
        return {key: form_of(piece) for key, piece in value.items()}
    if isinstance(value, list):
        return [form_of(value[0])] if value else []
    return type(value).__name__


@pytest.mark.parametrize("server", ALL, indirect=True)
def test_it_says_what_it_can_do(server):
    adapter = adapter_for(server)
    assert {(server.kind, part) for part in adapter.parts} == {
        pair for pair in PARTS if pair[0] == server.kind
    }
    assert adapter.removes == REMOVED[server.kind]
    for part in set(Part) - adapter.parts:
        assert failure(adapter.write, part, target_of(server), RESULT).code == "not_offered"
    assert not server.requests


@pytest.mark.parametrize(("server", "part"), PARTS, indirect=["server"])
def test_a_part_is_written_and_found_again(server, part):
    adapter = adapter_for(server)
    assert server.kind == "generic" or adapter.existing(part, target_of(server), RESULT) is None
    told = adapter.write(part, target_of(server), RESULT)
    [stored] = getattr(server, STORES[part])
    assert told in (str(stored["id"]), UNKNOWN)
    if server.kind != "generic":
        found = adapter.existing(part, target_of(server), RESULT)
        assert found == str(stored["id"])


@pytest.mark.parametrize(("server", "part"), list(DOCUMENTED), indirect=["server"])
def test_the_request_looks_as_documented(server, part):
    adapter_for(server).write(part, target_of(server), RESULT)
    written = [request for request in server.requests if request.method == "POST"][-1]
    recorded = shape(server.kind, DOCUMENTED[server.kind, part])
    assert recorded["source"].startswith("https://")
    sent = form_of(written.json)
    if part == Part.SCORECARD and server.kind == "ashby":  # values have the form of their field
        for values in (sent, recorded["request"]):
            values["feedbackForm"]["fieldSubmissions"] = None
        sent = form_of(sent)
    assert sent == form_of(recorded["request"])


@pytest.mark.parametrize("server", ["lever", "ashby"], indirect=True)
def test_a_file_goes_as_a_form(server):
    adapter_for(server).write(Part.ATTACHMENT, target_of(server), RESULT)
    [request] = [one for one in server.requests if "multipart" in one.headers["content-type"]]
    assert request.form["file"] == (RESULT.file_name, RESULT.file)


@pytest.mark.parametrize(("server", "part"), PARTS, indirect=["server"])
def test_what_is_shown_before_is_what_is_sent(server, part):
    adapter = adapter_for(server)
    shown = adapter.shown(part, target_of(server), RESULT)
    assert not server.requests
    adapter.write(part, target_of(server), RESULT)
    if server.kind == "generic":
        assert '"kind": "interview"' in shown
        assert server.notes[0]["text"] in shown.replace("\\n", "\n")
    else:
        sent = [request.content.decode(errors="replace") for request in server.requests]
        whole = "".join(sent).replace("\\n", "\n").replace("\\u2013", "–").replace("\\u2026", "…")
        assert shown in whole


@pytest.mark.parametrize("server", VENDORS, indirect=True)
def test_a_long_note_points_to_the_file_only_where_one_goes_along(server):
    adapter = adapter_for(server)
    words = {**_fields(RESULT), "text": "One sentence. " * 1000}
    note = adapter.shown(Part.NOTE, target_of(server), type(RESULT)(**words))
    alone = adapter.shown(Part.NOTE, target_of(server), type(RESULT)(**{**words, "file": b""}))
    assert len(note) <= 10_000
    assert ("attached file" in note) == (Part.ATTACHMENT in adapter.parts)
    assert "file" not in alone
    assert alone.endswith(f"One sentence. …\n\n{MARK}")


@pytest.mark.parametrize("server", ALL, indirect=True)
def test_nothing_about_tone_leaves(server):
    for part in sorted(adapter_for(server).parts):
        deliver(server, part)
    sent = b" ".join(request.content for request in server.requests).lower()
    assert MARK.lower().encode() in sent
    assert not [word for word in (b"sentiment", b"tone", b"mood", b"emotion") if word in sent]


@pytest.mark.parametrize("server", ALL, indirect=True)
def test_the_connection_is_tried(server):
    assert adapter_for(server).check()
    assert not getattr(server, "notes", [])
    assert failure(adapter_for(server, credential="wrong:key").check).code == "bad_credential"
    server.allowed = False
    error = failure(adapter_for(server).check)
    assert (error.code, error.permanent, error.unsure) == ("no_permission", True, False)


@pytest.mark.parametrize("server", ["lever", "workable", "teamtailor", "greenhouse"], indirect=True)
def test_an_unknown_user_is_noticed(server):
    name = {"lever": "perform_as", "workable": "member_id"}.get(server.kind, "user_id")
    changed = {**server.options, name: "99"}
    assert failure(adapter_for(server, options=changed).check).code == "user_unknown"
    without = {**server.options, name: ""}
    assert failure(adapter_for(server, options=without).check).code == "option_missing"


@pytest.mark.parametrize(("server", "part"), PARTS, indirect=["server"])
@pytest.mark.parametrize(
    ("fault", "code", "permanent", "unsure"),
    [
        ("limited", "rate_limited", False, False),
        ("broken", "unavailable", False, True),
        ("gateway_after", "unavailable", False, True),
        ("cut", "connection_broke", False, True),
        ("cut_after", "connection_broke", False, True),
        ("garbage_after", "bad_answer", False, True),
    ],
)
def test_a_failing_write_says_how_it_failed(server, part, fault, code, permanent, unsure):
    reads = {"greenhouse": 1}.get(server.kind, 0)  # the token
    if part == Part.SCORECARD and server.kind in ("lever", "ashby"):
        reads = 1  # the form
    server.faults = [""] * reads + [fault]
    error = failure(adapter_for(server).write, part, target_of(server), RESULT)
    assert (error.code, error.permanent, error.unsure) == (code, permanent, unsure)
    assert MARK not in str(error)


@pytest.mark.parametrize("server", ALL, indirect=True)
def test_it_waits_as_long_as_it_was_told(server):
    server.faults = ["limited"]
    error = failure(adapter_for(server).write, Part.NOTE, target_of(server), RESULT)
    told = server.kind != "lever"  # its documentation names no header
    assert error.retry_after is None if not told else 0 < error.retry_after <= 8


@pytest.mark.parametrize("server", ALL, indirect=True)
def test_a_wrong_key_writes_nothing(server):
    adapter = adapter_for(server, credential="wrong:key")
    error = failure(adapter.write, Part.NOTE, target_of(server), RESULT)
    assert (error.code, error.permanent, error.unsure) == ("bad_credential", True, False)
    assert not server.notes


@pytest.mark.parametrize("server", ALL, indirect=True)
def test_a_key_without_the_permission_writes_nothing(server):
    server.allowed = False
    error = failure(adapter_for(server).write, Part.NOTE, target_of(server), RESULT)
    assert (error.code, error.permanent) == ("no_permission", True)
    assert not server.notes


@pytest.mark.parametrize("server", ALL, indirect=True)
def test_a_refusal_is_for_good(server):
    server.refuses = True
    error = failure(adapter_for(server).write, Part.NOTE, target_of(server), RESULT)
    assert (error.code, error.permanent, error.unsure) == ("refused", True, False)


@pytest.mark.parametrize("server", ALL, indirect=True)
@pytest.mark.parametrize("candidate", ["999", "../../admin?x=1#", "", ".."])
def test_a_candidate_that_is_not_there(server, candidate):
    target = Target(candidate, server.application)
    error = failure(adapter_for(server).write, Part.NOTE, target, RESULT)
    assert (error.code, error.permanent) == ("candidate_unknown", True)
    assert not [request for request in server.requests if "/admin" in request.raw]


@pytest.mark.parametrize("server", VENDORS, indirect=True)
def test_an_earlier_note_is_found_behind_many(server):
    deliver(server, Part.NOTE)
    [wanted] = [str(row["id"]) for row in server.notes]
    rows = server.activities if server.kind == "workable" else server.notes
    first = rows[0]
    for number in range(120):
        body = f"another one, number {number}"
        if server.kind == "lever":
            other = {**first, "fields": [{**first["fields"][0], "value": body}]}
        elif server.kind == "teamtailor":
            other = {**first, "attributes": {**first["attributes"], "note": body}}
        else:
            other = {**first, "body": body, "content": body}
        # The systems list in both directions: ours is first for one and last for the other.
        other["id"] = f"other-{number}"
        rows.insert(0, other) if server.kind != "teamtailor" else rows.append(other)
    found = adapter_for(server).existing(Part.NOTE, target_of(server), RESULT)
    assert found == wanted


@pytest.mark.parametrize(
    ("server", "wanted", "found"),
    [
        ("greenhouse", "ada@example.org", True),
        ("greenhouse", "57683957", True),
        ("greenhouse", "https://app.greenhouse.io/people/57683957?application_id=1", True),
        ("greenhouse", "nobody@example.org", False),
        ("greenhouse", "1", False),
        ("lever", "ada@example.org", True),
        ("lever", "6408dc54-7015-4e5b-8d60-23afff2b1efc", True),
        ("lever", "https://hire.lever.co/candidates/6408dc54-7015-4e5b-8d60-23afff2b1efc", True),
        ("lever", "nobody@example.org", False),
        ("lever", "00000000-7015-4e5b-8d60-23afff2b1efc", False),
        ("ashby", "ada@example.org", True),
        ("ashby", " Ada ", True),
        ("ashby", "00000000-0000-0000-0000-000000000001", True),
        (
            "ashby",
            "https://app.ashbyhq.com/candidate-searches/new/right-side/candidates/"
            "00000000-0000-0000-0000-000000000001",
            True,
        ),
        ("ashby", "Grace", False),
        ("ashby", "00000000-0000-0000-0000-0000000000ff", False),
        ("workable", "ada@example.org", True),
        ("workable", "27273038", True),
        ("workable", "nobody@example.org", False),
        ("workable", "27273fff", False),
        ("teamtailor", "ada@example.org", True),
        ("teamtailor", "4", True),
        ("teamtailor", "https://app.teamtailor.com/companies/x/candidates/4", True),
        ("teamtailor", "nobody@example.org", False),
        ("teamtailor", "5", False),
    ],
    indirect=["server"],
)
def test_candidates_are_found(server, wanted, found):
    targets = adapter_for(server).find(wanted)
    assert [target.candidate for target in targets] == ([server.candidate] if found else [])
    if found:
        assert "Ada Byron" in targets[0].label
        assert targets[0].application == server.application
        deliver(server, Part.NOTE)
        assert "Ada" not in repr(targets)  # who logs a target tells nobody's name


@pytest.mark.parametrize("server", ["greenhouse", "lever", "workable", "teamtailor"], indirect=True)
def test_names_cannot_be_searched_everywhere(server):
    assert failure(adapter_for(server).find, "Ada Byron").code == "search_by_email"


@pytest.mark.parametrize(("server", "part"), PARTS, indirect=["server"])
def test_what_was_written_is_removed_where_that_is_possible(server, part):
    told = deliver(server, part)
    adapter = adapter_for(server)
    if part not in adapter.removes:
        error = failure(adapter.remove, part, target_of(server), told)
        assert (error.code, error.permanent) == ("by_hand", True)
        assert len(getattr(server, STORES[part])) == 1
        return
    server.faults = ["cut"] if server.kind != "greenhouse" else ["", "cut"]
    assert not failure(adapter.remove, part, target_of(server), told).permanent
    adapter.remove(part, target_of(server), told)
    assert not getattr(server, STORES[part])
    adapter.remove(part, target_of(server), told)  # gone already
    error = failure(adapter.remove, part, target_of(server), UNKNOWN)
    assert error.code == "by_hand"


@pytest.mark.parametrize("server", ["greenhouse"], indirect=True)
def test_a_next_page_elsewhere_is_not_followed(server):
    server.next_elsewhere = "https://evil.example"
    server.per_page = 1
    for _delivery in range(2):
        adapter_for(server).write(Part.NOTE, target_of(server), RESULT)
    server.notes[0]["body"] = server.notes[1]["body"] = "others"
    error = failure(adapter_for(server).existing, Part.NOTE, target_of(server), RESULT)
    assert (error.code, error.permanent) == ("bad_answer", True)


@pytest.mark.parametrize("server", ["greenhouse"], indirect=True)
def test_a_file_needs_one_application(server):
    alone = Target(server.candidate)
    adapter = adapter_for(server)
    assert adapter.write(Part.ATTACHMENT, alone, RESULT) == str(server.files[0]["id"])
    server.applications.append({**server.applications[0], "id": 69306315})
    error = failure(adapter.write, Part.ATTACHMENT, alone, RESULT)
    assert (error.code, error.permanent) == ("application_unknown", True)
    found = adapter.find("ada@example.org")
    assert [target.application for target in found] == ["69306314", "69306315"]


@pytest.mark.parametrize("server", ["greenhouse"], indirect=True)
def test_somebody_without_an_application_can_be_found(server):
    [grace] = adapter_for(server).find("57683958")
    assert (grace.candidate, grace.application) == ("57683958", "")


@pytest.mark.parametrize("server", ["greenhouse"], indirect=True)
@pytest.mark.parametrize("credential", ["", "only-an-id", ":secret", "id:"])
def test_half_a_credential_is_not_sent(server, credential):
    assert failure(adapter_for(server, credential=credential).check).code == "bad_credential"
    assert not server.requests


@pytest.mark.parametrize("server", ["lever", "ashby"], indirect=True)
def test_a_form_is_offered_where_one_is_named(server):
    without = {name: value for name, value in server.options.items() if name != "form_id"}
    assert Part.SCORECARD not in adapter_for(server, options=without).parts
    wrong = adapter_for(server, options={**server.options, "form_id": "other"})
    assert failure(wrong.check).code == "form_unknown"
    assert failure(wrong.write, Part.SCORECARD, target_of(server), RESULT).code == "form_unknown"


@pytest.mark.parametrize("server", ["lever", "ashby"], indirect=True)
def test_a_form_gets_words_and_the_overall_score(server):
    deliver(server, Part.SCORECARD)
    [card] = server.feedback
    if server.kind == "lever":
        values = [field["value"] for field in card["fields"]]
        assert values[0] == "3 - Hire"
        words, other = values[1], values[2]
    else:
        values = card["submittedValues"]
        assert values["_systemfield_overall_recommendation"] == {"score": 3}
        words, other = values["feedback"]["value"], values.get("again")
    assert "Databases: 4/5 – explains trade-offs" in words
    assert "Leading: not rated" in words
    assert "Recommendation: Yes" in words
    assert words.endswith(MARK)
    assert other is None


@pytest.mark.parametrize("server", ["lever", "ashby"], indirect=True)
def test_a_form_that_asks_for_more_is_refused_before_it_is_sent(server):
    if server.kind == "lever":
        server.form[2]["required"] = True
    else:
        server.form[0]["fields"][2]["isRequired"] = True
    error = failure(adapter_for(server).write, Part.SCORECARD, target_of(server), RESULT)
    assert (error.code, error.permanent) == ("form_unfit", True)
    assert not server.feedback


@pytest.mark.parametrize("server", ["ashby"], indirect=True)
def test_a_key_may_be_unable_to_name_itself(server):
    assert adapter_for(server).check() == "Interviews"
    server.names_itself = False
    assert adapter_for(server).check() == "API key"


@pytest.mark.parametrize("server", ["workable"], indirect=True)
def test_a_rating_needs_a_recommendation_and_is_only_once(server):
    bare = type(RESULT)(**{**_fields(RESULT), "recommendation": ""})
    error = failure(adapter_for(server).write, Part.SCORECARD, target_of(server), bare)
    assert (error.code, error.permanent) == ("recommendation_missing", True)
    deliver(server, Part.SCORECARD)
    server.one_rating_each = True
    error = failure(adapter_for(server).write, Part.SCORECARD, target_of(server), RESULT)
    assert (error.code, error.permanent) == ("refused", True)


@pytest.mark.parametrize("server", ["workable"], indirect=True)
def test_comments_are_seen_by_the_roles_chosen(server):
    deliver(server, Part.NOTE)
    assert server.requests[-1].json["comment"]["policy"] == ["recruiter", "admin"]
    adapter = adapter_for(server, options={"member_id": "1f395d"})
    adapter.write(Part.NOTE, target_of(server), RESULT)
    assert "policy" not in server.requests[-1].json["comment"]


@pytest.mark.parametrize("server", ["teamtailor"], indirect=True)
def test_notes_are_read_in_the_shape_of_the_documentation_too(server):
    told = deliver(server, Part.NOTE)
    server.as_documented = True
    assert adapter_for(server).existing(Part.NOTE, target_of(server), RESULT) == told


@pytest.mark.parametrize("server", ["teamtailor"], indirect=True)
def test_a_note_whose_id_is_not_to_be_had_is_not_written_again(server):
    deliver(server, Part.NOTE)
    for number in range(400):  # of other candidates, all newer
        server.notes.append({"id": f"o{number}", "attributes": {"note": "", "candidate-id": 9}})
    ours = [server._activity(server.notes[0])]
    whole = server._page
    server._page = lambda request, rows: whole(
        request, ours if request.path.endswith("/activities") else rows
    )
    assert adapter_for(server).existing(Part.NOTE, target_of(server), RESULT) == UNKNOWN


def _fields(result):
    return {name: getattr(result, name) for name in result.__slots__}
