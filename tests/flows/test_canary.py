"""An interview full of words that nobody else says, and the search for them in every store.

Before the erasure nothing of it is readable anywhere, and what is personal is in nothing a model
was sent; after it nothing is left at all, but the receipt. Once on SQLite in one process, once on
Postgres and Redis with web, worker and beat of their own.

What is sent to an ATS is searched like the model's requests, and has to be gone there as well.
"""

import base64
import contextlib
import glob
import gzip
import json
import random
import re
import signal
import sqlite3
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import psycopg
import pytest
import redis
from pypdf import PdfReader
from websockets.exceptions import ConnectionClosed

from tests import environment, product
from tests.ats.servers.base import Imitation, Request, Response
from tests.ats.servers.lever import LeverServer
from tests.client import ProductClient
from tests.insights import llm_server as serve
from tests.markers import Search, digits, word

pytestmark = pytest.mark.timeout(240)

BIN = Path(sys.executable).parent
PATIENCE = 30.0  # seconds
NAMES = "zero one two three four five six seven eight nine".split()
SETUP = """
from accounts.models import User
from accounts.roles import Role
from accounts.services import add_member, create_organization
from sessions import access
from sessions.models import Competency, Guide, Question
from sessions.services import create_session
given = {given!r}
here = create_organization(name="Q", slug="q")
olga, sam, ada = [
    User.objects.create_user(f"{{n}}@q.example", "interview-demo", name=n.title())
    for n in ("olga", "sam", "ada")
]
for user, role in ((olga, Role.INTERVIEWER), (sam, Role.INTERVIEWER), (ada, Role.ADMIN)):
    add_member(organization=here, user=user, role=role)
guide = Guide.objects.create(organization=here, title="Backend")
depth = Competency.objects.create(guide=guide, name=given["competency"])
Question.objects.create(competency=depth, text="What did you build there?")
session = create_session(
    owner=olga, organization=here, title="Backend engineer", job=given["job"], guide=guide,
    candidate_name=given["name"], candidate_email=given["email"], profile=given["profile"],
)
access.share(session=session, colleague=sam, level="comment")
print(session.pk, depth.pk)
"""


def luhn(head: str) -> str:
    total = 0
    for n, digit in enumerate(reversed(head)):
        doubled = int(digit) * (2 - n % 2)
        total += doubled - 9 * (doubled > 9)
    return head + str(-total % 10)


def iban(account: str) -> str:
    return f"DE{98 - int(account + '131400') % 97:02}{account}"


def grouped(text: str, by: int = 4) -> str:
    return " ".join(text[n : n + by] for n in range(0, len(text), by))


class Told:
    """What is said and written in the interview, and which of it must be found nowhere."""

    def __init__(self, seed: int) -> None:
        dice = random.Random(seed)  # noqa: S311  # words, no secrets

        def new() -> str:
            return word(dice)

        self.content = [new() for _ in range(4)]
        self.surname, self.stranger = new().capitalize(), new().capitalize()
        self.mail, self.profile_mail, self.guide_mail = new(), new(), new()
        self.note, self.rating, self.typed, self.sound = new(), new(), new(), new()
        written, spoken, handle, page = new(), new(), new(), new()
        phone, card = digits(dice, 10), luhn("4539" + digits(dice, 11))
        account, social = iban(digits(dice, 18)), f"539-48-{digits(dice, 4)}"
        said_phone = [NAMES[int(d)] for d in digits(dice, 10)]
        address = f"85.{dice.randrange(20, 99)}.{dice.randrange(20, 99)}.{dice.randrange(20, 99)}"
        passport = f"C01X{digits(dice, 5)}"
        street = f"{digits(dice, 4)} Birchwood"
        born = f"March {dice.randrange(10, 28)}th 19{dice.randrange(60, 99)}"
        triple = ", ".join(" ".join(said_phone[a:b]) for a, b in ((0, 3), (3, 6), (6, 10)))
        self.lines = {
            "content": f"At work I rebuilt the {self.content[0]} service in Python for a year.",
            "EMAIL": f"You can write to {written}.ort@gmail.com at any time.",
            "EMAIL spoken": f"my e-mail is {spoken} dot ort at gmail dot com",
            "PHONE": f"Call me at {phone[:3]}-{phone[3:6]}-{phone[6:]} please.",
            "PHONE spoken": f"my phone number is {triple}",
            "CARD": f"My credit card number is {grouped(card)} if you need it.",
            "IBAN": f"My IBAN is {grouped(account)} for the refund.",
            "SSN": f"My social security number is {social} as you asked.",
            "IP": f"I connect from the address {address} at home.",
            "URL": f"My profile is at linkedin.com/in/{page} as always.",
            "HANDLE": f"On Twitter my handle is @{handle} by the way.",
            "ID": f"My passport number is {passport} and it is valid.",
            "ADDRESS": f"I live at {street} Avenue, Springfield, in Illinois.",
            "BIRTHDATE": f"I was born on {born} in the north.",
            "NAME known": f"my name is zorana {self.surname.lower()} as you know",
            "NAME": f"My manager there was Margaret {self.stranger} and she hired me.",
            "more content": f"We moved the {self.content[1]} reports to a replica and that helped.",
            "vague": f"It was basically fine and the {self.content[2]} thing went quite well.",
        }
        # What only the redaction keeps from being read.
        self.personal = {
            "EMAIL": [written],
            "EMAIL spoken": [spoken],
            "PHONE": [phone, f"{phone[:3]}-{phone[3:6]}-{phone[6:]}", f"{phone[3:6]}-{phone[6:]}"],
            "PHONE spoken": [
                triple.replace(",", ""),
                triple,
                "".join(str(NAMES.index(n)) for n in said_phone),
            ],
            "CARD": [card, grouped(card), card[4:12]],
            "IBAN": [account, grouped(account), account[4:]],
            "SSN": [social],
            "IP": [address],
            "URL": [page],
            "HANDLE": [handle],
            "ID": [passport],
            "ADDRESS": [street],
            "BIRTHDATE": [born, born.partition(" ")[2]],
            "NAME known": [self.surname],
            "NAME": [self.stranger],
            "address of the candidate": [self.mail],
            "profile": [self.profile_mail],
            "guide": [self.guide_mail],
            "correction": [self.typed],
        }

    @property
    def given(self) -> dict[str, str]:
        return {
            "name": f"Zorana {self.surname}",
            "email": f"{self.mail}@mail.example",
            "job": "Backend engineer",
            "profile": (
                f"Zorana {self.surname}, {self.profile_mail}@mail.example\n"
                f"Three years of Python. Wrote {self.content[3]} for reports."
            ),
            # A guide is the organization's, and outlives the interview; the model reads of it.
            "competency": f"Databases, ask {self.guide_mail}@q.example",
        }

    @property
    def script(self) -> list[tuple[float, str]]:
        at, script = 0.5, []
        for text in self.lines.values():
            at += 0.4 * len(text.split()) + 0.8
            script.append((round(at, 1), text))
        return script

    @property
    def seconds(self) -> float:
        return self.script[-1][0] + 1

    @property
    def all_personal(self) -> list[str]:
        return [marker for markers in self.personal.values() for marker in markers]

    @property
    def everything(self) -> list[str]:
        return [*self.all_personal, *self.content, self.note, self.rating, self.sound]


@dataclass
class World:
    """An installation that runs, and where it may have kept something."""

    url: str
    env: dict[str, str]
    told: Told
    llm: serve.LlmServer
    processes: dict[str, product.Process]
    data: Path
    database: Callable[[], Iterator[tuple[str, bytes]]]
    sealed: Callable[[], set[bytes]]  # what the columns of bytes hold
    more: Callable[[], Iterator[tuple[str, bytes]]] = lambda: iter(())
    plant: dict[str, Callable[[str], None]] = field(default_factory=dict)

    def stores(self) -> Iterator[tuple[str, bytes]]:
        yield from self.database()
        yield from self.more()
        for path in sorted(self.data.rglob("*")):
            with contextlib.suppress(FileNotFoundError):
                if path.is_file():
                    mail = path.parent.name == "mail"
                    name = MAILS if mail else f"file {path.relative_to(self.data)}"
                    yield name, path.read_bytes()
        for name, process in self.processes.items():
            yield f"log of {name}", process.output.encode()

    def holding(self, markers: Iterable[str | bytes], *only: str) -> dict[str, set[str]]:
        """Return which of the markers are kept, by store; of all stores, or those named so."""
        search = Search(markers)
        found: dict[str, set[str]] = {}
        for name, data in self.stores():
            if not only or name.startswith(only):
                bare = name.startswith("raw")  # many megabytes
                if here := search.found_bare(data) if bare else search.found(data):
                    found.setdefault(name, set()).update(here)
        return found

    def sent(self) -> Iterator[tuple[str, bytes]]:
        """What left the installation for the model's server."""
        for n, request in enumerate(list(self.llm.requests)):
            yield f"request {n}", json.dumps(request, ensure_ascii=False).encode()


def attentive(server: serve.LlmServer, http: Any) -> None:
    """Answer about the lines one was sent, in their own words."""
    text = server.requests[-1]["messages"][-1]["content"]
    followup = "WHAT THE CANDIDATE SAYS" in text
    newest = re.split("NEW LINES, to analyze:|WHAT THE CANDIDATE SAYS:", text)[-1]
    lines = [line.partition(": ")[2] for line in newest.splitlines() if line.startswith("cand")]
    items = [
        {"content": f"What came of it: {' '.join(line.split()[:14])}?", "quote": line}
        for line in lines[-6:]
        if len(line.split()) > 4
    ]
    if followup:
        reply = json.dumps({"items": [{**item, "competency": ""} for item in items[:3]]})
    else:
        kinds = ["question", "highlight", "insight", "tip"]
        whole = [{**serve.QUESTION, **item, "kind": kinds[n % 4]} for n, item in enumerate(items)]
        reply = json.dumps({"items": whole, "digest": f"Told: {' '.join(lines)[:300]}"})
    serve.streams(reply)(server, http)


def until(what: Callable[[], Any], why: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := what():
            return found
        threading.Event().wait(0.3)
    raise AssertionError(why)


# --- Two installations ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told() -> Told:
    return Told(random.SystemRandom().randrange(2**32))


@pytest.fixture
def llm() -> Iterator[serve.LlmServer]:
    server = serve.LlmServer()
    server.behaviour = attentive
    yield server
    server.close()


def settings(folder: Path, script: Path, llm: serve.LlmServer, **more: str) -> dict[str, str]:
    return product.environment(
        folder,
        INTERVIEW_ENGINES="en=scripted",
        INTERVIEW_SCRIPT=str(script),
        INTERVIEW_LLM_BASE_URL=llm.base_url,
        INTERVIEW_LLM_MODEL=llm.model,
        INTERVIEW_LLM_API_KEY="key",
        INTERVIEW_ANALYSIS_INTERVAL="0.5",
        INTERVIEW_SWEEP_INTERVAL="1",
        INTERVIEW_RETENTION_INTERVAL="1",
        INTERVIEW_OUTGOING_ALLOW="127.0.0.1",
        LOG_LEVEL="DEBUG",
        **more,
    )


@pytest.fixture
def embedded(told, llm, tmp_path) -> Iterator[World]:
    data, script = tmp_path / "data", tmp_path / "script.json"
    script.write_text(json.dumps(told.script))
    data.mkdir()
    env = settings(data, script, llm)
    path = data / "db.sqlite3"

    def rows() -> Iterator[tuple[str, bytes]]:
        """What SQL shows; the files are read byte by byte as well."""
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as reader:
            tables = reader.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (table,) in tables.fetchall():
                found = reader.execute(f'SELECT * FROM "{table}"')  # noqa: S608
                values = [value for row in found for value in row]
                raw = [v if isinstance(v, bytes) else str(v).encode() for v in values]
                yield f"table {table}", b"\n".join(raw)

    def sealed() -> set[bytes]:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as reader:
            tables = reader.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            return {
                value
                for (table,) in tables.fetchall()
                for row in reader.execute(f'SELECT * FROM "{table}"')  # noqa: S608
                for value in row
                if isinstance(value, bytes)
            }

    def into_database(marker: str) -> None:
        with contextlib.closing(sqlite3.connect(path)) as writer:
            writer.execute("CREATE TABLE planted (said BLOB)")
            writer.execute("INSERT INTO planted VALUES (?)", [marker.encode("utf-16-le")])
            writer.commit()

    with product.serving(env) as (url, process):
        yield World(
            url,
            env,
            told,
            llm,
            {"server": process},
            data,
            rows,
            sealed,
            plant={
                "table planted": into_database,
                "file uploads/planted": lambda m: _write(data / "uploads/planted", m),
                "log of server": lambda m: process.lines.append(f"{m.upper()}\n"),
            },
        )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode().hex().encode())


@pytest.fixture
def services(told, llm, tmp_path, postgres_url, redis_url) -> Iterator[World]:
    data, script = tmp_path / "data", tmp_path / "script.json"
    script.write_text(json.dumps(told.script))
    data.mkdir()
    name = f"copilot_canary_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    database = urlunsplit(urlsplit(postgres_url)._replace(path=f"/{name}"))
    begun = time.time()  # nothing older was written by this
    store = redis.Redis.from_url(redis_url)
    store.flushdb()
    env = settings(data, script, llm, DATABASE_URL=database, REDIS_URL=redis_url, LOG_FORMAT="json")
    product.manage("migrate", "-v0", env=env)
    port = product.free_port()
    commands = {
        "web": [BIN / "daphne", "-b", "127.0.0.1", "-p", str(port), "copilot.asgi:application"],
        "worker": [BIN / "celery", "-A", "copilot", "worker", "-c", "2", "--loglevel", "DEBUG"],
        "beat": [BIN / "celery", "-A", "copilot", "beat"],
    }
    running = {
        name: product.Process(*map(str, command), env=env) for name, command in commands.items()
    }
    spy = Spy(redis_url)
    readable = [name for name, _data in postgres(database, begun)]
    url = f"http://127.0.0.1:{port}"
    try:
        product.wait_until_up(url, running["web"])
        yield World(
            url,
            env,
            told,
            llm,
            running,
            data,
            lambda: postgres(database, begun),
            lambda: sealed_in_postgres(database),
            lambda: kept_in_redis(store, spy),
            {
                "table planted": lambda m: plant_in_postgres(database, m),
                "redis key planted": lambda m: store.set("planted", m),
                "redis traffic": lambda m: None,
                **({"raw": lambda m: None} if any(n.startswith("raw") for n in readable) else {}),
            },
        )
    finally:
        for process in running.values():
            process.end(signal.SIGTERM)
        product._end_shell(str(data))
        spy.close()
        store.flushdb()
        with psycopg.connect(postgres_url, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def tables_of(reader: psycopg.Connection) -> list[str]:
    rows = reader.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    return [row[0] for row in rows]


def postgres(url: str, begun: float) -> Iterator[tuple[str, bytes]]:
    """Rows as SQL shows them, and the raw bytes of tables and log where they lie here."""
    with psycopg.connect(url, autocommit=True) as reader:
        for table in tables_of(reader):
            rows = reader.execute(f'SELECT t::text FROM "{table}" t').fetchall()  # noqa: S608
            yield f"table {table}", "\n".join(row[0] for row in rows).encode()
        reader.execute("CHECKPOINT")
        (where,) = reader.execute("SHOW data_directory").fetchone()
        (oid,) = reader.execute(
            "SELECT oid FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    files = [*glob.glob(f"{where}/base/{oid}/*"), *glob.glob(f"{where}/pg_wal/0*")]
    if not files:
        environment.left_out["raw files of Postgres"] = "they do not lie where the tests run"
    for name in files:
        with contextlib.suppress(FileNotFoundError):
            if Path(name).stat().st_mtime >= begun:
                yield f"raw {name.removeprefix(where)}", Path(name).read_bytes()


def sealed_in_postgres(url: str) -> set[bytes]:
    found = set()
    with psycopg.connect(url) as reader:
        for table in tables_of(reader):
            for row in reader.execute(f'SELECT * FROM "{table}"').fetchall():  # noqa: S608
                found |= {bytes(value) for value in row if isinstance(value, bytes | memoryview)}
    return found


def plant_in_postgres(url: str, marker: str) -> None:
    with psycopg.connect(url) as writer:
        writer.execute("CREATE TABLE planted (said bytea)")
        writer.execute("INSERT INTO planted VALUES (%s)", [marker.encode()])


class Spy:
    """Everything that Redis is told, also what it keeps for a moment only."""

    def __init__(self, url: str) -> None:
        self.heard = bytearray()
        self._mark = f"[{urlsplit(url).path.strip('/') or 0} ".encode()
        self._store = redis.Redis.from_url(url)
        self._monitor = self._store.monitor()
        self._monitor.__enter__()
        self._connection = self._monitor.connection
        self._ends = False
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        with contextlib.suppress(redis.RedisError, OSError, ValueError, AttributeError):
            while not self._ends:
                line = self._connection.read_response(disable_decoding=True)
                if self._mark in line[:60]:  # others may be at work in the same Redis
                    self.heard += line + b"\n"

    def close(self) -> None:
        self._ends = True
        self._store.ping()  # which it hears, and looks up
        self._thread.join(5)
        self._monitor.__exit__(None, None, None)


def kept_in_redis(store: redis.Redis, spy: Spy) -> Iterator[tuple[str, bytes]]:
    for key in store.scan_iter():
        yield f"redis key {key.decode(errors='replace')[:40]}", key + (_value(store, key) or b"")
    yield "redis traffic", bytes(spy.heard)
    with contextlib.suppress(redis.RedisError):
        store.save()
    dump = Path(store.config_get("dir")["dir"]) / store.config_get("dbfilename")["dbfilename"]
    try:
        yield "redis dump", dump.read_bytes()
    except OSError:
        environment.left_out["dump of Redis"] = "it does not lie where the tests run"


def _value(store: redis.Redis, key: bytes) -> bytes:
    match store.type(key):
        case b"string":
            return store.get(key) or b""
        case b"list":
            return b"\n".join(store.lrange(key, 0, -1))
        case b"zset":
            return b"\n".join(store.zrange(key, 0, -1))
        case b"set":
            return b"\n".join(store.smembers(key))
        case b"hash":
            return b"\n".join(part for pair in store.hgetall(key).items() for part in pair)
        case _:
            return store.dump(key) or b""


# --- The interview -------------------------------------------------------------------------------


class Person(ProductClient):
    def send(self, method: str, path: str, body: Any = None, **headers: str) -> bytes:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path,
            raw if body is not None else None,
            {
                "Content-Type": "application/json",
                "X-CSRFToken": self.cookies["csrftoken"],
                "Referer": self.url + path,
                **headers,
            },
            method=method,
        )
        with self._opener.open(request, timeout=30) as answer:
            return answer.read()


class Candidate:
    """Somebody with a link and no account."""

    def __init__(self, url: str, link: str) -> None:
        self.url = url
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self.page = self._open(link)

    def _open(self, path: str, form: dict[str, str] | None = None) -> str:
        where = path if path.startswith("http") else self.url + path
        data = urlencode(form).encode() if form else None
        request = urllib.request.Request(where, data, {"Referer": f"{self.url}/candidate/"})
        with self._opener.open(request, timeout=30) as answer:
            return answer.read().decode()

    def look(self, path: str = "/candidate/") -> str:
        self.page = self._open(path)
        return self.page

    def agree(self, name: str) -> None:
        form = self.page.partition('data-testid="candidate-form"')[2].partition("</form>")[0]
        hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
        self.page = self._open("/candidate/answer/", {**hidden, "name": name, "answer": "yes"})


def listen(world: World, who: Person, session_id: str, events: list[str]) -> Any:
    socket = who.live(session_id)

    def hear() -> None:
        with contextlib.suppress(ConnectionClosed):
            events.extend(socket)

    threading.Thread(target=hear, daemon=True).start()
    return socket


def hold(world: World) -> dict[str, Any]:
    """Hold the whole interview; return what it left for the checks."""
    told = world.told
    session_id, competency = product.run(SETUP.format(given=told.given), env=world.env).split()
    path = f"/api/v1/sessions/{session_id}"
    olga = Person(world.url, "olga@q.example")
    sam = Person(world.url, "sam@q.example")
    link = json.loads(olga.send("POST", f"{path}/candidate-link/", {"mail": True}))["url"]
    candidate = Candidate(world.url, link)
    candidate.agree(f"Zorana {told.surname}")
    olga.send("POST", f"{path}/start/", {})
    events: list[str] = []
    sockets = [listen(world, who, session_id, events) for who in (olga, sam)]
    olga.send("POST", f"{path}/off-record/", {"seconds": 0})
    olga.speak(session_id, "interviewer", bytes(5 * 32_000))
    olga.send("DELETE", f"{path}/off-record/")
    stopped = olga.speak(session_id, "candidate", bytes(int(told.seconds * 16_000) * 2))
    assert stopped["durable"] == int(told.seconds * 16_000)
    segments = [s for s in olga.get(f"/sessions/{session_id}/snapshot/")["segments"] if s["text"]]
    until(
        lambda: any(
            card["source"] == "llm"
            for card in olga.get(f"/sessions/{session_id}/insights/")["results"]
        ),
        "the model gave no card",
    )
    line = segments[0]
    olga.send(
        "PATCH",
        f"{path}/segments/{line['id']}/",
        {"text": f"I rebuilt the {told.content[0]} service, write to {told.typed}@gmail.com"},
    )
    about = {"segment": line["id"], "text": f"Ask about {told.note} again."}
    olga.send("POST", f"{path}/notes/", about)
    card = olga.get(f"/sessions/{session_id}/insights/")["results"][0]
    olga.send("POST", f"{path}/insights/{card['id']}/feedback/", {"feedback": "used"})
    rating = {"value": 4, "comment": f"Knows {told.rating} well.", "segments": [line["id"]]}
    sam.send("PUT", f"{path}/scorecards/mine/", {"ratings": {competency: rating}})
    sam.send("POST", f"{path}/scorecards/mine/submit/", {})
    olga.send("POST", f"{path}/end/", {})
    until(
        lambda: olga.get(f"/sessions/{session_id}/summary/")["state"] == "draft",
        "no summary was made",
    )
    files = [
        (f"export as {kind}", olga.send("POST", f"/sessions/{session_id}/export/", form, **FORM))
        for kind in ("markdown", "text", "json", "srt", "vtt")
        for form in [urlencode([("format", kind), *PARTS[kind in ("srt", "vtt")]]).encode()]
    ]
    snapshot = olga.get(f"/sessions/{session_id}/snapshot/")
    for socket in sockets:
        socket.close()
    return {
        "session": session_id,
        "olga": olga,
        "candidate": candidate,
        "events": events,
        "files": files,
        "snapshot": json.dumps(snapshot).encode(),
    }


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PARTS = {
    False: [("parts", part) for part in ("summary", "transcript", "notes", "ratings")],
    True: [("parts", "transcript")],
}


def upload(world: World, olga: Person) -> None:
    """Begin to send a recording, look at what lies there, and take it back."""
    sound = (world.told.sound * 4000).encode()[:32_000]
    header = b"RIFF" + (36 + len(sound)).to_bytes(4, "little") + b"WAVEfmt \x10\0\0\0\1\0\1\0"
    header += (16_000).to_bytes(4, "little") + (32_000).to_bytes(4, "little") + b"\2\0\x10\0data"
    wav = header + len(sound).to_bytes(4, "little") + sound
    announced = {
        "title": "Uploaded",
        "size": len(wav),
        "candidate_name": f"Zorana {world.told.surname}",
        "roles": ["candidate"],
        "consent": {"method": "written"},
    }
    begun = json.loads(olga.send("POST", "/api/v1/uploads/", announced))
    kind = {"Content-Type": "application/octet-stream"}
    place = f"/api/v1/uploads/{begun['id']}"
    olga.send("PUT", f"{place}/content/?offset=0", wav, **kind)
    assert any((world.data / "uploads").rglob("*")), "it was received"
    assert world.holding([world.told.sound], "file") == {}
    olga.send("DELETE", f"{place}/")


# --- The other side -------------------------------------------------------------------------------

CONNECT = """
from accounts.models import Organization, User
from insights import webhooks
from insights.models import AtsConnection
webhooks.endpoints.create(
    organization=Organization.objects.get(slug="q"), url={hook!r},
    by=User.objects.get(email="ada@q.example"),
)
connection = AtsConnection(
    organization=Organization.objects.get(slug="q"), name="Lever", kind="lever",
    base_url={url!r}, options={options!r},
)
connection.credential = {credential!r}
connection.save()
print(connection.pk)
"""
TONES = re.compile(rb"\b(sentiment|stressed|tone|indicators|hedg\w+)\b", re.IGNORECASE)


class Listener(Imitation):
    """A program of the organization that is told what happens."""

    def handle(self, request: Request) -> Response:
        return Response(204)

    @property
    def heard(self) -> bytes:
        pieces = [f"{r.raw} {r.headers}".encode() + r.content for r in [*self.requests]]
        return b"\n".join(pieces)


def push(
    world: World, olga: Person, session_id: str, lever: LeverServer, listener: Listener
) -> str:
    """Sign the summary and send all of it; return its first sentence."""
    facts = {"url": lever.url, "options": lever.options, "credential": lever.credential}
    facts["hook"] = listener.url
    connection = product.run(CONNECT.format(**facts), env=world.env).strip()
    path = f"/api/v1/sessions/{session_id}"
    made = {}

    def sign() -> bool:
        """Sign what is there; it may be drafted anew for the line that was corrected."""
        made.update(olga.get(f"/sessions/{session_id}/summary/"))
        try:
            olga.send("POST", f"{path}/summary/sign/", {"revision": made["revision"]})
        except urllib.error.HTTPError as refused:
            if refused.code != 409:
                raise
            return False
        return True

    until(sign, "nobody could sign")
    target = {"candidate": lever.candidate, "label": f"Zorana {world.told.surname}"}
    order = {"connection": connection, "target": target, "parts": ["note", "attachment"]}
    olga.send("POST", f"{path}/ats/deliveries/", order)
    until(
        lambda: all(
            row["state"] == "sent"
            for row in olga.get(f"/sessions/{session_id}/ats/deliveries/")["results"]
        ),
        "it was not sent",
    )
    return str(made["sections"][0]["sentences"][0]["text"])


FORMATS = ("pdf", "docx", "markdown", "text", "json", "csv", "srt", "vtt")


def taken_away(olga: Person, session_id: str) -> Iterator[tuple[str, bytes]]:
    """Return the signed interview in every format, as it is read."""
    parts = ["summary", "transcript", "notes", "ratings"]
    for kind in (*FORMATS, "bundle"):
        wanted = {"format": kind, "parts": parts, "formats": FORMATS}
        yield kind, as_read(olga.send("POST", f"/api/v1/sessions/{session_id}/exports/", wanted))


def as_read(data: bytes) -> bytes:
    if data.startswith(b"PK"):
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return b"\n".join(as_read(archive.read(name)) for name in archive.namelist())
    if data.startswith(b"%PDF"):
        return b"\n".join(page.extract_text().encode() for page in PdfReader(BytesIO(data)).pages)
    return data


def told_to(lever: LeverServer) -> bytes:
    """Return what the other side was told, the text of files as it is read."""
    pieces = []
    for request in lever.requests:
        pieces += [request.raw.encode(), request.content]
        if "multipart/form-data" in request.headers.get("content-type", ""):
            _name, file = request.form["file"]
            pieces.append(as_read(file))
    return b"\n".join(pieces)


def personal_in(world: World, data: bytes) -> dict[str, set[str]]:
    return {
        kind: found
        for kind, markers in world.told.personal.items()
        if (found := Search(markers).found(data))
    }


# Without a mail server a mail is a file, with the address of the candidate whom it was sent to.
MAILS = "mail"


def check(world: World) -> None:
    lever, listener = LeverServer(), Listener()
    try:
        _check(world, lever, listener)
    finally:
        lever.close()
        listener.close()


def _check(world: World, lever: LeverServer, listener: Listener) -> None:
    told = world.told
    held = hold(world)
    said = push(world, held["olga"], held["session"], lever, listener)
    upload(world, held["olga"])

    # --- Before: what was said is readable for nobody, what is personal is in nothing at all.
    spoken = dict(told.personal)
    guide = spoken.pop("guide")  # an organization's guide is not about one candidate
    mailed = spoken.pop("address of the candidate")
    markers = [marker for some in spoken.values() for marker in some]
    readable = [*markers, *told.content, told.note, told.rating]
    assert world.holding([*readable, *mailed]) == {MAILS: {told.mail}}
    requests = b"\n".join(data for _name, data in world.sent())
    assert Search(told.content[:2]).found(requests), "the model read along"
    assert personal_in(world, requests) == {}, "a model was sent what is personal"
    # Partials are redacted in haste, and kept nowhere. A session's state names the candidate.
    final = [e for e in held["events"] if json.loads(e)["type"] not in {"partial", "session"}]
    shown = held["snapshot"] + "\n".join(final).encode()
    assert Search(told.content[:2]).found(shown)
    known = {"NAME known", "address of the candidate", "guide", "profile"}  # who sees it typed it
    leaks = {k: v for k, v in personal_in(world, shown).items() if k not in known}
    assert leaks == {}, "live events or the page hold what is personal"
    for name, data in held["files"]:
        assert Search(told.content[:2]).found(data), name
        leaks = {k: v for k, v in personal_in(world, data).items() if k not in known}
        assert leaks == {}, name

    # What left for the ATS is what is signed: nothing personal but the name, no tone of wording.
    left = told_to(lever)
    assert said in lever.notes[0]["fields"][0]["value"], "the ATS was told what it came to"
    assert {k: v for k, v in personal_in(world, left).items() if k != "NAME known"} == {}
    assert TONES.findall(left) == []
    assert (len(lever.notes), len(lever.files)) == (1, 1)

    # Nor does anything of that leave in a file.
    for name, data in taken_away(held["olga"], held["session"]):
        assert Search(told.content[:2]).found(data), name
        leaks = {k: v for k, v in personal_in(world, data).items() if k not in known}
        assert (leaks, TONES.findall(data)) == ({}, []), name

    # --- After: nothing of it at all.
    before = world.sealed()
    held["olga"].send("DELETE", f"/api/v1/sessions/{held['session']}/")
    until(lambda: "receipt" in held["candidate"].look(), "no word of the erasure")
    receipt = json.loads(held["candidate"].look("/candidate/receipt/"))
    assert receipt["interview"] == held["session"]
    until(
        lambda: json.loads(held["candidate"].look("/candidate/receipt/")).get("signature"),
        "the erasure was not finished",
    )
    gone = before - world.sealed()
    assert len(gone) > 30, "the interview was sealed"
    left = set(told.everything) - set(guide)
    assert world.holding(left) == {}
    # Keys and sealed values: whoever has the master keys could open what was left of them.
    # SQLite's own log is emptied as soon as nobody reads.
    places = ("file", "table", "redis key", "log")
    until(lambda: not world.holding(gone, *places), "something sealed is left")
    receipt = json.loads(held["candidate"].look("/candidate/receipt/"))
    verdict = product.run(
        f"from sessions import receipts; print(receipts.verify({receipt!r}))", env=world.env
    )
    assert verdict == "True"

    until(lambda: (lever.notes, lever.files) == ([], []), "the ATS still has it")
    until(lambda: b"session.erased" in listener.heard, "nobody was told of the erasure")
    assert b"summary.signed" in listener.heard
    assert b"ats.delivered" in listener.heard
    assert Search({*told.everything, lever.candidate}).found(listener.heard) == set()
    assert world.holding([lever.candidate]) == {}

    # --- And what is there is found.
    for plant in world.plant.values():
        plant(told.note)
    found = world.holding([told.note])
    for name in world.plant:
        assert any(store.startswith(name) for store in found), f"{name} is not searched"


def test_nothing_is_readable_and_nothing_stays(embedded):
    check(embedded)


@pytest.mark.service
def test_nothing_is_readable_and_nothing_stays_with_services(services):
    check(services)


@pytest.mark.parametrize(
    "packed",
    [
        lambda m: m.upper().encode(),
        lambda m: m.encode("utf-16-le"),
        lambda m: m.encode().hex().upper().encode(),
        lambda m: b"x" + base64.b64encode(f"ab{m}cd".encode()),
        lambda m: base64.urlsafe_b64encode(f"a{m}cd".encode()),
        lambda m: b"head" + zlib.compress(m.encode() * 3),
        lambda m: gzip.compress(m.encode()),
        lambda m: (
            b"."
            + base64.urlsafe_b64encode(zlib.compress(f"said: {m} and more of the like".encode()))
        ),
        lambda m: b"\\x" + zlib.compress(m.encode() * 2).hex().encode(),
    ],
)
def test_the_search_finds_a_word_in_any_dress(packed):
    marker = word(random.Random(7))  # noqa: S311  # no secret
    assert Search([marker]).found(b"\0\1" + packed(marker) + b"\2") == {marker}
    assert Search([marker[::-1]]).found(packed(marker)) == set()
