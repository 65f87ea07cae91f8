"""Real speech through the served product: right words, right roles, cards, nothing readable."""

import json
import re
import threading
import time
from pathlib import Path

import pytest

from insights.kinds import Kind
from tests import product
from tests.client import ProductClient
from tests.environment import require_speech
from transcription.audio import decode_file

pytestmark = [pytest.mark.speech, pytest.mark.timeout(300)]

DATA = product.ROOT / "tests/data"
SAMPLE = product.ROOT / "static/sample/interview_stereo.flac"
ROLES = ("interviewer", "candidate")
SETUP = """
from accounts.models import User
from accounts.roles import Role
from accounts.services import add_member, create_organization
from sessions.services import create_session
here = create_organization(name="Q", slug="q")
user = User.objects.create_user("olga@q.example", "interview-demo", name="Olga Q")
add_member(organization=here, user=user, role=Role.INTERVIEWER)
session = create_session(
    owner=user, organization=here, title="T", candidate_name="Daniel Reyes",
    profile="AWS EC2 S3 Lambda CloudFormation Docker Ansible Django PostgreSQL Redis API",
)
print(session.pk)
"""
PATIENCE = 60.0  # seconds until the last analysis has been stored
NUMBERS = {"200": "two hundred", "4": "four", "3": "three"}


def words(text: str) -> list[str]:
    text = re.sub(r"look-?\s?up", "lookup", text.lower()).replace("-", " ")
    said = re.findall(r"[a-z0-9']+", text)
    return " ".join(NUMBERS.get(word, word) for word in said).split()


def stored(folder: Path) -> bytes:
    """Return every byte of the database, its journal included."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("db.sqlite3*")))


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """The bundled interview, held over both audio sockets of a served product."""
    require_speech()
    folder = tmp_path_factory.mktemp("speech")
    env = product.environment(folder)
    product.manage("migrate", "-v0", env=env)
    session_id = product.manage("shell", "--no-imports", "-c", SETUP, env=env).stdout.strip()
    before = stored(folder)
    blocks = list(decode_file(SAMPLE))
    with product.serving(env, prepare=False) as (url, process):
        client = ProductClient(url, "olga@q.example")
        events: list[dict] = []
        with client.live(session_id) as live:
            listening = threading.Thread(target=lambda: events.extend(map(json.loads, live)))
            listening.start()
            client.begin(session_id)
            speakers = [
                threading.Thread(
                    target=client.speak,
                    args=(session_id, role, b"".join(block[channel] for block in blocks)),
                )
                for channel, role in enumerate(ROLES)
            ]
            for speaker in speakers:
                speaker.start()
            for speaker in speakers:
                speaker.join()
            snapshot = analysed(client, session_id)
            live.close()
            listening.join()
        yield {
            "snapshot": snapshot,
            "events": events,
            "before": before,
            "during": stored(folder),
            "output": process.output,
        }


def analysed(client: ProductClient, session_id: str) -> dict:
    """Return the snapshot once the cards have come to rest."""
    deadline = time.monotonic() + PATIENCE
    last = None
    while time.monotonic() < deadline:
        snapshot = client.get(f"/sessions/{session_id}/snapshot/")
        preliminary = [i for i in snapshot["insights"] if i["state"] == "preliminary"]
        if snapshot["insights"] and not preliminary and snapshot["cursor"] == last:
            return snapshot
        last = snapshot["cursor"]
        threading.Event().wait(1.0)
    raise AssertionError("the analysis did not come to rest")


@pytest.mark.parametrize("role", ROLES)
def test_at_most_one_word_in_twenty_is_wrong_and_every_word_is_under_its_role(
    held, role, error_rate
):
    turns = json.loads((DATA / "interview.json").read_text())
    reference = words(" ".join(t["text"] for t in turns if t["speaker"] == role))
    lines = [s for s in held["snapshot"]["segments"] if s["role"] == role]
    heard = words(" ".join(s["text"] for s in lines))
    rate = error_rate(reference, heard)
    assert rate <= 0.05, f"{rate:.1%}: {heard}"


def test_every_line_lies_where_its_speaker_spoke(held):
    turns = json.loads((DATA / "interview.json").read_text())
    assert held["snapshot"]["segments"]
    for line in held["snapshot"]["segments"]:
        middle = (line["start_ms"] + line["end_ms"]) / 2000
        # Both streams begin when their socket opens, a moment after the interview's clock.
        begins = min(s["start_ms"] for s in held["snapshot"]["segments"]) / 1000 - 0.5
        spoken = [t for t in turns if t["start"] - 1.0 <= middle - begins <= t["end"] + 1.0]
        assert line["role"] in {t["speaker"] for t in spoken}


def test_there_are_cards_of_each_sort_with_their_evidence(held):
    snapshot = held["snapshot"]
    kinds = {i["kind"] for i in snapshot["insights"]}
    assert "question" in kinds
    assert "insight" in kinds
    assert kinds & {"fact_check", "highlight"}
    texts = {s["id"]: s["text"] for s in snapshot["segments"]}
    for card in snapshot["insights"]:
        assert card["segments"]
        assert any(card["quote"] in texts[line] for line in card["segments"]), card["kind"]


def test_partials_grow_before_finals_and_events_equal_the_snapshot(held):
    kinds = [e["type"] for e in held["events"]]
    assert kinds.index("partial") < kinds.index("segment")
    for kind in ("segment", "insight"):
        newest: dict[str, dict] = {}
        for event in held["events"]:
            if event["type"] in {kind, f"{kind}_changed"}:
                newest[event[kind]["id"]] = event[kind]
        assert newest == {one["id"]: one for one in held["snapshot"][f"{kind}s"]}


def test_cards_show_at_once_and_are_settled_later(held):
    states = [e["insight"]["state"] for e in held["events"] if e["type"] == "insight"]
    assert "preliminary" in states
    assert "complete" in states


# What a claim is about, in our words; it says nothing of what was said.
CLAIM_KINDS = {"experience", "since", "change", "measure", "employer", "credential"}


def test_no_word_of_the_transcript_is_readable_in_the_database(held):
    text = " ".join(s["text"] for s in held["snapshot"]["segments"])
    said = set(re.findall(r"[a-z]{5,}", text.lower()))
    before, during = held["before"].lower(), held["during"].lower()
    # An index puts a card's kind before a keyed digest, whose first byte may look like a letter.
    kinds = tuple(Kind)
    telling = {
        w for w in said if w.encode() not in before and not w.startswith(kinds)
    } - CLAIM_KINDS
    assert len(telling) > 30
    assert {word for word in telling if word.encode() in during} == set()


def test_no_word_of_the_transcript_is_in_the_log(held):
    for line in held["snapshot"]["segments"]:
        assert line["text"][:25] not in held["output"]
