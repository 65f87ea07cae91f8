"""What an API token opens: REST and the sockets, within its scopes, and never a page."""

import json
from datetime import timedelta

import pytest
from channels.db import database_sync_to_async
from channels.testing import HttpCommunicator
from django.test import Client
from django.utils import timezone

from accounts import tokens
from accounts.models import ApiToken, AuditEntry, Membership
from accounts.roles import Scope
from copilot.api import MAX_BODY
from copilot.asgi import application
from tests.factories import make_token
from tests.sockets import PATIENCE, Socket, cookie_of, sign_in, socket_to

LIST = "/api/v1/sessions/"
READ, WRITE, AUDIO = (str(scope) for scope in (Scope.READ, Scope.WRITE, Scope.AUDIO))


def program(raw):
    return Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {raw}"})


def consent(client, session):
    path = f"{LIST}{session.pk}/consent/"
    return client.post(path, {"method": "verbal"}, content_type="application/json")


def error_of(answer):
    return answer.status_code, answer.json()["code"]


# --- Scopes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scopes", "reads", "writes"),
    [
        ([READ], True, False),
        ([WRITE], False, True),
        ([AUDIO], False, False),
        ([READ, WRITE], True, True),
    ],
)
def test_it_reads_and_writes_within_its_scopes(cast, scopes, reads, writes):
    client = program(make_token(cast.olga, cast.organization, *scopes))
    read, written = client.get(LIST), consent(client, cast.session)
    if reads:
        assert [row["id"] for row in read.json()["results"]] == [str(cast.session.pk)]
    else:
        assert error_of(read) == (403, "out_of_scope")
    if writes:
        assert written.status_code == 201, "no CSRF token is needed: no browser sends this header"
    else:
        assert error_of(written) == (403, "out_of_scope")
    assert cast.session.consents.exists() is writes


def test_what_it_may_not_do_is_counted_as_well(cast, settings):
    settings.INTERVIEW_LIMIT_API_USER = 3
    client = program(make_token(cast.olga, cast.organization, AUDIO))
    codes = [client.get(LIST).status_code for _ in range(5)]
    assert codes == [403, 403, 403, 429, 429]


def test_it_does_no_more_than_its_person_and_only_in_its_organization(cast):
    raw = make_token(cast.mia, cast.organization, READ, WRITE)
    assert error_of(program(raw).get(f"{LIST}{cast.session.pk}/")) == (404, "not_found")
    Membership.objects.create(user=cast.olga, organization=cast.elsewhere, role="admin")
    elsewhere = make_token(cast.olga, cast.elsewhere, READ)
    assert program(elsewhere).get(LIST).json()["results"] == []
    assert program(elsewhere).get(f"{LIST}{cast.session.pk}/").status_code == 404
    here = make_token(cast.olga, cast.organization, READ)
    assert program(here).get(f"{LIST}{cast.session.pk}/").status_code == 200


# --- Tokens that are no good ---------------------------------------------------------------------


def revoked(cast, raw):
    tokens.revoke(token=tokens.find(raw))


def expired(cast, raw):
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def of_ended_account(cast, raw):
    cast.olga.is_active = False
    cast.olga.save()


@pytest.mark.parametrize("spoil", [revoked, expired, of_ended_account], ids=lambda f: f.__name__)
def test_one_that_has_ended_opens_nothing_even_beside_a_sign_in(cast, spoil):
    raw = make_token(cast.olga, cast.organization, READ)
    page = Client()
    page.force_login(cast.sam)
    assert program(raw).get(LIST).status_code == 200
    spoil(cast, raw)
    for client in (program(raw), page):
        answer = client.get(LIST, headers={"Authorization": f"Bearer {raw}"})
        assert error_of(answer) == (401, "bad_token")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert page.get(LIST).status_code == 200


BAD = [
    "Bearer",
    "Bearer ",
    "Bearer icp_",
    "Bearer icp_wrong",
    "bearer icp_wrong",
    "Bearer Bearer icp_wrong",
    "Bearer icp_wrong, Basic eDp5",
    "Bearer " + "x" * 100_000,
    "Bearer icp_" + "x" * 100_000,
    "Bearer icp_ünïcode",
    "Bearer icp_\x00",
    "Bearer \xff\xfe",
]
NONE_AT_ALL = ["", " ", "Basic eDp5", "Basic eDp5, Bearer icp_wrong", "Token icp_wrong", "icp_x"]


@pytest.mark.parametrize("header", BAD, ids=lambda h: ascii(h[:30]))
def test_a_malformed_token_is_refused_and_never_breaks(cast, header):
    page = Client()
    page.force_login(cast.olga)
    answer = page.get(LIST, HTTP_AUTHORIZATION=header)
    assert error_of(answer) == (401, "bad_token")
    assert "icp_" not in answer.content.decode()


@pytest.mark.parametrize("header", NONE_AT_ALL, ids=lambda h: ascii(h[:30]))
def test_a_header_that_speaks_of_no_token_leaves_it_to_the_sign_in(cast, header):
    """A proxy in front may have a password of its own, which browsers send along."""
    page = Client()
    page.force_login(cast.olga)
    assert page.get(LIST, HTTP_AUTHORIZATION=header).status_code == 200
    answer = Client().get(LIST, HTTP_AUTHORIZATION=header)
    assert error_of(answer) == (401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_page_that_writes_still_needs_its_csrf_token(cast):
    page = Client(enforce_csrf_checks=True)
    page.force_login(cast.olga)
    assert consent(page, cast.session).status_code == 403
    assert not cast.session.consents.exists()


# --- Pages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["/sessions/", "/sessions/{id}/", "/admin/", "/accounts/2fa/", "/accounts/password/change/"],
)
def test_it_opens_no_page(cast, path):
    cast.ada.is_staff = cast.ada.is_superuser = True
    cast.ada.save()
    raw = make_token(cast.ada, cast.organization, READ, WRITE, AUDIO)
    answer = program(raw).get(path.format(id=cast.session.pk))
    assert answer.status_code == 302
    assert answer.url.startswith("/accounts/login/")
    assert not AuditEntry.objects.filter(action="token.used").exists()


# --- What stays of its use -----------------------------------------------------------------------


def test_its_use_is_kept_by_the_minute_and_traced_by_the_hour_and_address(cast):
    raw = make_token(cast.olga, cast.organization, READ)
    token = tokens.find(raw)
    assert token.last_used_at is None
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1"):
        assert program(raw).get(LIST, REMOTE_ADDR=address).status_code == 200
    token.refresh_from_db()
    assert token.last_used_at is not None
    traces = AuditEntry.objects.filter(action="token.used").order_by("pk")
    assert [(t.ip, t.via, t.actor_id, t.token_id, t.object_id) for t in traces] == [
        (ip, "api", cast.olga.pk, token.pk, str(token.pk)) for ip in ("192.0.2.1", "192.0.2.2")
    ]
    before = token.last_used_at
    program(raw).get(LIST)
    token.refresh_from_db()
    assert token.last_used_at == before
    assert program("icp_wrong").get(LIST).status_code == 401
    assert traces.all().count() == 3  # 127.0.0.1 above, and nothing for a wrong one


def test_what_it_does_is_traced_as_done_by_it(cast):
    raw = make_token(cast.olga, cast.organization, WRITE)
    consent(program(raw), cast.session)
    trace = AuditEntry.objects.get(action="session.consent_recorded")
    assert (trace.via, trace.token_id) == ("api", tokens.find(raw).pk)
    assert (trace.actor_id, trace.actor) == (cast.olga.pk, cast.olga.email)


# --- Second factor -------------------------------------------------------------------------------


def test_a_missing_second_factor_is_named_when_nothing_else_is_missing(cast):
    raw = make_token(cast.olga, cast.organization, READ)
    path = f"{LIST}{cast.session.pk}/"
    cast.organization.require_second_factor = True
    cast.organization.save()
    assert error_of(program(raw).get(path)) == (403, "second_factor_required")
    page = Client()
    page.force_login(cast.olga)
    assert error_of(page.get(path)) == (403, "second_factor_required")
    page.force_login(cast.otto)
    assert error_of(page.get(path)) == (404, "not_found")


# --- Answers and bodies --------------------------------------------------------------------------


def test_no_answer_of_the_api_is_kept_on_the_way(cast):
    page = Client()
    page.force_login(cast.olga)
    for client, path in (
        (page, LIST),
        (page, f"{LIST}{cast.session.pk}/snapshot/"),
        (page, "/api/v1/nothing/"),
        (Client(), LIST),
        (program("icp_wrong"), LIST),
    ):
        assert client.get(path).headers["Cache-Control"] == "no-store"
    assert "no-store" not in page.get("/healthz").headers.get("Cache-Control", "")


async def post(path, chunks, headers):
    """Send a body in chunks; return the answer and how many of them were read."""
    http = HttpCommunicator(application, "POST", path, headers=headers)
    http.scope["client"] = ["127.0.0.1", 1]
    read = 0
    for number, chunk in enumerate(chunks, 1):
        more = number < len(chunks)
        await http.send_input({"type": "http.request", "body": chunk, "more_body": more})
    start = await http.receive_output(PATIENCE)
    body = await http.receive_output(PATIENCE)
    read = len(chunks) - http.input_queue.qsize()
    await http.wait()
    return start, json.loads(body["body"]), read


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("said", [str(2 * MAX_BODY), "9" * 5000, "-1", "x"])
async def test_a_body_that_is_said_to_be_too_large_is_not_read(cast, said):
    headers = [(b"host", b"127.0.0.1"), (b"content-length", said.encode())]
    start, answer, read = await post(f"{LIST}{cast.session.pk}/consent/", [b"x"], headers)
    assert (start["status"], answer["code"]) == (413, "too_large")
    assert read == 0
    assert (b"cache-control", b"no-store") in start["headers"]


@pytest.mark.django_db(transaction=True)
async def test_a_body_that_never_ends_is_read_no_further_than_the_limit(cast):
    chunk = bytes(MAX_BODY // 4)
    headers = [(b"host", b"127.0.0.1")]
    start, answer, read = await post(f"{LIST}{cast.session.pk}/consent/", [chunk] * 20, headers)
    assert (start["status"], answer["code"]) == (413, "too_large")
    assert read == 5


@pytest.mark.django_db(transaction=True)
async def test_a_body_of_the_size_that_is_allowed_is_read(cast):
    client = await sign_in(cast.olga)
    token = await database_sync_to_async(make_token)(cast.olga, cast.organization, WRITE)
    body = json.dumps({"method": "verbal", "name": "x" * (MAX_BODY - 50)}).encode()
    body = body.ljust(MAX_BODY)
    headers = [
        (b"host", b"127.0.0.1"),
        (b"cookie", cookie_of(client).encode()),
        (b"authorization", f"Bearer {token}".encode()),
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    start, answer, _read = await post(f"{LIST}{cast.session.pk}/consent/", [body], headers)
    assert (start["status"], answer["code"]) == (400, "invalid")


# --- Sockets -------------------------------------------------------------------------------------

sockets = pytest.mark.django_db(transaction=True)


def path_of(kind, session):
    return {
        "live": f"/ws/sessions/{session.pk}/live/",
        "audio": f"/ws/sessions/{session.pk}/audio/candidate/",
    }[kind]


async def enters(path, user=None, **how):
    socket = await socket_to(path, user, **how)
    accepted, _ = await socket.connect(timeout=PATIENCE)
    await socket.disconnect(timeout=PATIENCE)
    return accepted


@sockets
@pytest.mark.usefixtures("hush")
@pytest.mark.parametrize("origin", [None, b"https://elsewhere.example"])
@pytest.mark.parametrize(
    ("scope", "kind", "opens"),
    [
        (READ, "live", True),
        (READ, "audio", False),
        (AUDIO, "audio", True),
        (AUDIO, "live", False),
        (WRITE, "live", False),
        (WRITE, "audio", False),
    ],
)
async def test_it_opens_the_socket_of_its_scope_from_anywhere(cast, scope, kind, opens, origin):
    raw = await database_sync_to_async(make_token)(cast.olga, cast.organization, scope)
    assert await enters(path_of(kind, cast.session), token=raw, origin=origin) is opens


@sockets
async def test_it_opens_no_socket_that_its_person_may_not(cast):
    make = database_sync_to_async(make_token)
    for person, kind in ((cast.mia, "live"), (cast.sam, "audio"), (cast.ada, "audio")):
        raw = await make(person, cast.organization, READ, AUDIO)
        assert not await enters(path_of(kind, cast.session), token=raw)
    await Membership.objects.acreate(user=cast.olga, organization=cast.elsewhere, role="admin")
    raw = await make(cast.olga, cast.elsewhere, READ)
    assert not await enters(path_of("live", cast.session), token=raw)


@sockets
@pytest.mark.parametrize("header", BAD, ids=lambda h: ascii(h[:30]))
async def test_a_bad_token_opens_no_socket_even_beside_a_sign_in(cast, header):
    assert not await with_header(cast, header)


@sockets
@pytest.mark.parametrize("header", NONE_AT_ALL, ids=lambda h: ascii(h[:30]))
async def test_another_header_leaves_the_socket_to_the_sign_in(cast, header):
    assert await with_header(cast, header)


async def with_header(cast, header):
    cookie = cookie_of(await sign_in(cast.olga))
    headers = [
        (b"host", b"127.0.0.1"),
        (b"origin", b"http://127.0.0.1"),
        (b"cookie", cookie.encode()),
        (b"authorization", header.encode()),
    ]
    socket = Socket(application, path_of("live", cast.session), headers)
    accepted, _ = await socket.connect(timeout=PATIENCE)
    await socket.disconnect(timeout=PATIENCE)
    return accepted


@sockets
async def test_a_socket_marks_the_use_of_its_token(cast):
    raw = await database_sync_to_async(make_token)(cast.olga, cast.organization, READ)
    assert await enters(path_of("live", cast.session), token=raw)
    token = await ApiToken.objects.aget()
    assert token.last_used_at is not None
    actions = AuditEntry.objects.filter(token_id=token.pk, via="socket").order_by("pk")
    assert [entry.action async for entry in actions] == ["token.used", "session.viewed"]
