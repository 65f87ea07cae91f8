"""The served product dies in the middle of an interview; not a word is lost or said twice."""

import json
import signal

import pytest
from websockets.exceptions import ConnectionClosed

from tests import product
from tests.client import CHUNK, ProductClient

pytestmark = pytest.mark.timeout(240)

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

    def __init__(self, session):
        self.session = session
        self.durable = None  # the oldest sample still kept; None before the first connection

    def record(self, client, *, until=None):
        """Send until the interview is stored, or until `until(received, durable)` is true."""
        path = f"/ws/sessions/{self.session}/audio/candidate/"
        with client.socket(path, "copilot.audio.v1") as audio:
            start = {"type": "start", "encoding": "pcm_s16le", "sample_rate": 16_000}
            audio.send(json.dumps(start | ({"offset": self.durable} if self.durable else {})))
            ready = json.loads(audio.recv(timeout=60))
            assert ready["type"] == "ready", ready
            received = sent = ready["resume_from"]
            assert sent >= (self.durable or 0), "it asks for what it said was stored"
            while True:
                while sent < len(PCM) // 2 and sent - received < AHEAD:
                    chunk = PCM[2 * sent : 2 * sent + CHUNK]
                    audio.send(chunk)
                    sent += len(chunk) // 2
                    if sent == len(PCM) // 2:
                        audio.send('{"type":"stop"}')
                message = json.loads(audio.recv(timeout=60))
                assert message["type"] in {"ack", "stopped"}, message
                self.durable = message["durable"]
                if message["type"] == "stopped":
                    return
                received = message["received"]
                if until and until(received, self.durable):
                    return


def transcript(client, session):
    """Return what was said and when, counted from the stream's first sample."""
    segments = client.get(f"/sessions/{session}/snapshot/")["segments"]
    origin = segments[0]["start_ms"]
    return [
        (s["text"], s["start_ms"] - origin, s["end_ms"] - origin, len(s["words"])) for s in segments
    ]


def test_two_kills_in_one_interview_lose_and_double_nothing(installed):
    env, (calm, stormy) = installed
    recorder = Recorder(stormy)
    for seconds in (8, 23):
        with product.serving(env, prepare=False) as (url, process):
            olga = ProductClient(url, "olga@q.example")
            if recorder.durable is None:
                olga.begin(stormy)

            def far_enough(received, durable, seconds=seconds, process=process):
                if durable < seconds * 16_000:
                    return False
                process.end(signal.SIGKILL)  # with audio in the queue and a word half said
                return True

            recorder.record(olga, until=far_enough)
            assert recorder.durable < len(PCM) // 2
    with product.serving(env, prepare=False) as (url, _process):
        olga = ProductClient(url, "olga@q.example")
        recorder.record(olga)
        olga.begin(calm)
        Recorder(calm).record(olga)
        assert transcript(olga, stormy) == transcript(olga, calm)
        assert [text for text, *_ in transcript(olga, stormy)] == [text for _end, text in SCRIPT]


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
