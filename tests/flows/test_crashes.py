"""The served product dies in the middle of an interview; not a word is lost or said twice."""

import contextlib
import json
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.exceptions import ConnectionClosed

from tests import product
from tests.client import CHUNK, ProductClient

pytestmark = pytest.mark.timeout(240)

ROLES = ["interviewer", "candidate"]
SECONDS = 40
LINE_SECONDS = 1.7
SCRIPT = [
    (round((n + 1) * LINE_SECONDS, 1), f"line {n} has these words") for n in range(SECONDS // 2)
]
PCM = bytes(SECONDS * 32_000)
AHEAD = 4 * 16_000  # samples sent beyond what the server has taken in
SETUP = """
from accounts.models import User
from accounts.roles import Role
from accounts.services import add_member, create_organization
from sessions.services import create_session
here = create_organization(name="Q", slug="q")
user = User.objects.create_user("olga@q.example", "interview-demo", name="Olga Q")
add_member(organization=here, user=user, role=Role.INTERVIEWER)
for _ in range(2):
    print(create_session(owner=user, organization=here, title="T").pk)
"""


@pytest.fixture
def installed(tmp_path):
    script = tmp_path / "script.json"
    script.write_text(json.dumps(SCRIPT))
    env = product.environment(
        tmp_path, INTERVIEW_ENGINES="en=scripted", INTERVIEW_SCRIPT=str(script)
    )
    product.manage("migrate", "-v0", env=env)
    made = product.manage("shell", "--no-imports", "-c", SETUP, env=env)
    return env, made.stdout.split()


class Recorder:
    """A client that keeps what is not durable yet and resumes where the server says."""

    def __init__(self, session, role="candidate"):
        self.session = session
        self.role = role
        self.durable = None  # the oldest sample still kept; None before the first connection
        self.received = 0
        self.beside = [self]  # all who record at once: nobody runs ahead of the slowest

    def may_send(self, sent):
        return sent - min(recorder.received for recorder in self.beside) < AHEAD

    def record(self, client, *, until=None):
        """Send until the interview is stored, or until `until(received, durable)` is true."""
        path = f"/ws/sessions/{self.session}/audio/{self.role}/"
        with client.socket(path, "copilot.audio.v1") as audio:
            start = {"type": "start", "encoding": "pcm_s16le", "sample_rate": 16_000}
            audio.send(json.dumps(start | ({"offset": self.durable} if self.durable else {})))
            ready = json.loads(audio.recv(timeout=60))
            assert ready["type"] == "ready", ready
            self.received = sent = ready["resume_from"]
            assert sent >= (self.durable or 0), "it asks for what it said was stored"
            while True:
                while sent < len(PCM) // 2 and self.may_send(sent):
                    chunk = PCM[2 * sent : 2 * sent + CHUNK]
                    audio.send(chunk)
                    sent += len(chunk) // 2
                    if sent == len(PCM) // 2:
                        audio.send('{"type":"stop"}')
                try:
                    message = json.loads(audio.recv(timeout=0.1))
                except TimeoutError:
                    continue  # somebody slower may have caught up
                assert message["type"] in {"ack", "stopped"}, message
                self.durable = message["durable"]
                if message["type"] == "stopped":
                    return
                self.received = message["received"]
                if until and until(self.received, self.durable):
                    return


def record_all(client, recorders, *, until=None):
    """Record all roles at once; to the end, or until somebody kills the server."""

    for recorder in recorders:
        recorder.beside = recorders

    def record(recorder):
        if until is None:
            recorder.record(client)
            return
        with contextlib.suppress(ConnectionClosed, OSError):  # whoever did not kill it
            recorder.record(client, until=until)

    with ThreadPoolExecutor(len(recorders)) as threads:
        list(threads.map(record, recorders))


def transcript(client, session):
    """Return what each role said and when, counted from its first word."""
    said = {role: [] for role in ROLES}
    for segment in client.get(f"/sessions/{session}/snapshot/")["segments"]:
        said[segment["role"]].append(segment)
    return {
        role: [
            (
                segment["text"],
                segment["start_ms"] - lines[0]["start_ms"],
                segment["end_ms"] - lines[0]["start_ms"],
                [(word["t"], word["s"] - lines[0]["start_ms"]) for word in segment["words"]],
            )
            for segment in lines
        ]
        for role, lines in said.items()
    }


def test_two_kills_in_one_interview_lose_and_double_nothing(installed):
    """Both roles record at once: each has audio in the queue and a word half said."""
    env, (calm, stormy) = installed
    recorders = [Recorder(stormy, role) for role in ROLES]
    for seconds in (8, 23):
        with product.serving(env, prepare=False) as (url, process):
            olga = ProductClient(url, "olga@q.example")
            if recorders[0].durable is None:
                olga.begin(stormy)

            def far_enough(received, durable, seconds=seconds, process=process):
                if any((recorder.durable or 0) < seconds * 16_000 for recorder in recorders):
                    return False
                process.end(signal.SIGKILL)
                return True

            record_all(olga, recorders, until=far_enough)
            assert process.popen.poll() == -signal.SIGKILL
            assert all(recorder.durable < len(PCM) // 2 for recorder in recorders)
    with product.serving(env, prepare=False) as (url, _process):
        olga = ProductClient(url, "olga@q.example")
        record_all(olga, recorders)
        olga.begin(calm)
        record_all(olga, [Recorder(calm, role) for role in ROLES])
        assert transcript(olga, stormy) == transcript(olga, calm)
        for lines in transcript(olga, stormy).values():
            assert [text for text, *_ in lines] == [text for _end, text in SCRIPT]
        assert olga.get(f"/sessions/{stormy}/snapshot/")["gaps"] == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_when_told_while_audio_flows(installed, how):
    env, (session, _other) = installed
    recorder = Recorder(session)
    with product.serving(env, prepare=False) as (url, process):
        olga = ProductClient(url, "olga@q.example")
        olga.begin(session)

        told = []

        def tell(received, durable):
            if not told:
                process.popen.send_signal(how)
            told.append(received)
            return False  # goes on sending into the closing server

        with pytest.raises((ConnectionClosed, OSError)):
            recorder.record(olga, until=tell)
        assert process.end(how) == 0
    for trouble in ("Traceback", "was destroyed", "never retrieved", "ERROR"):
        assert trouble not in process.output, process.output
