"""Requests to addresses that people typed: what is refused, and what a hostile server may do."""

import gzip
import ipaddress
import json
import socket
import ssl
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from copilot.lib import outgoing
from copilot.lib.outgoing import Allowed, Refused, Unreachable, request

HERE = Allowed(["127.0.0.1", "internal.test"])
INTERNET = Allowed()
PUBLIC = "93.184.215.14"


class Server:
    """Takes connections on loopback; `answer(connection, asked)` writes whatever it likes."""

    def __init__(self, answer, context=None):
        self.asked = []  # what was read of each request, as far as its head
        self.connections = 0
        self.closed = threading.Event()
        self._answer, self._context = answer, context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                connection, _address = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            with suppress(OSError), connection:
                if self._context is None:
                    self._take(connection)
                    continue
                with self._context.wrap_socket(connection, server_side=True) as secure:
                    self._take(secure)
                    secure.unwrap()

    def _take(self, connection):
        asked = b""
        while b"\r\n\r\n" not in asked and (piece := connection.recv(65536)):
            asked += piece
        self.asked.append(asked)
        self._answer(connection, asked)

    def close(self):
        self.closed.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)


@pytest.fixture
def serve():
    servers = []

    def start(answer, context=None):
        servers.append(Server(answer, context))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def says(body=b"{}", status="200 OK", **headers):
    """Return an answer of a server that behaves."""
    named = {"content-length": len(body), **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in named.items())
    return lambda connection, asked: connection.sendall(
        f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body
    )


@pytest.fixture
def resolver(monkeypatch):
    """Let names have the addresses that a test says; several lists are answered in turn."""
    asked = []
    answers = {}

    def getaddrinfo(host, port, *args, **kwargs):
        with suppress(ValueError):
            ipaddress.ip_address(host)
            return real(host, port, *args, **kwargs)
        asked.append(host)
        found = answers.get(host, [])
        now = found.pop(0) if len(found) > 1 else (found[0] if found else [])
        if not now:
            raise socket.gaierror(socket.EAI_NONAME, "no such host")
        return [entry for address in now for entry in real(address, port, *args, **kwargs)]

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    answers_of = answers.setdefault
    return type("Resolver", (), {"asked": asked, "says": staticmethod(answers_of)})


@pytest.fixture
def connected(monkeypatch):
    """Note where connections go, and let none leave this machine."""
    tried = []
    real = socket.create_connection

    def create(address, *args, **kwargs):
        tried.append(address[0])
        if not address[0].startswith("127."):
            raise ConnectionRefusedError
        return real(address, *args, **kwargs)

    monkeypatch.setattr(socket, "create_connection", create)
    return tried


# --- addresses -----------------------------------------------------------------------------------

PRIVATE = """
127.0.0.1 127.8.8.8 0.0.0.0 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254
169.254.1.1 100.64.0.1 100.100.100.200 192.0.0.192 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.9
192.88.99.1 168.63.129.16 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255
""".split()
PRIVATE_V6 = """
:: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:0:7f00:1 fc00::1 fd00:ec2::254 fe80::1
fec0::1 ff02::1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 2002:7f00:1::1 2002:a00:1::
2001::1 2001:db8::1 3fff::1 5f00::1 100::1 fe80::1%25eth0
""".split()


@pytest.mark.parametrize("host", [*PRIVATE, *(f"[{host}]" for host in PRIVATE_V6)])
def test_what_is_not_the_internet_is_refused_before_anything_is_asked(host, connected):
    with pytest.raises(Refused) as refused:
        request(INTERNET, "POST", f"https://{host}/hook", content=b"{}")
    assert refused.value.code == "private_address"
    assert connected == []


@pytest.mark.parametrize("host", [PUBLIC, "8.8.8.8", "[2606:4700::1111]", "[::ffff:8.8.8.8]"])
def test_public_addresses_are_allowed(host):
    INTERNET.check(f"https://{host}/hook")


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.1", "127.0.0.0x1", "1.2.3"]
)
@pytest.mark.parametrize("allowed", [INTERNET, HERE], ids=["internet", "here"])
def test_other_ways_to_write_an_address_are_none(host, allowed, connected):
    with pytest.raises(Refused) as refused:
        request(allowed, "GET", f"https://{host}/")
    assert refused.value.code == "bad_address"
    assert connected == []


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://127.0.0.1./", "private_address"),
        ("https://user@example.com/", "password_in_address"),
        ("https://user:secret@example.com/", "password_in_address"),
        ("https://example.com@127.0.0.1/", "password_in_address"),
        ("https://example.com\\@127.0.0.1/", "bad_address"),
        ("https://example.com\\.evil.test/", "bad_address"),
        ("https://@example.com/", "password_in_address"),
        ("http://example.com/", "not_https"),
        ("ftp://example.com/", "not_https"),
        ("file:///etc/passwd", "bad_address"),
        ("gopher://example.com:70/", "not_https"),
        ("//example.com/", "not_https"),
        ("example.com", "bad_address"),
        ("https://", "bad_address"),
        ("https:///path", "bad_address"),
        ("https://example.com:0/", "bad_address"),
        ("https://example.com:65536/", "bad_address"),
        ("https://example.com:port/", "bad_address"),
        ("https://bücher.example/", "bad_address"),
        ("https://１２７.0.0.1/", "bad_address"),
        ("https://127。0。0。1/", "bad_address"),
        ("https://127%2e0.0.1/", "bad_address"),
        ("https://exa mple.com/", "bad_address"),
        ("https://example.com/a\r\nHost: other", "bad_address"),
        ("https://example.com/\x00", "bad_address"),
        ("\thttps://example.com/", "bad_address"),
        ("https://[::1/", "bad_address"),
        ("https://[not-ip]/", "bad_address"),
        ("https://a..example/", "bad_address"),
        ("https://-a.example/", "bad_address"),
        (f"https://{'a' * 64}.example/", "bad_address"),
        (f"https://{'a.' * 130}example/", "bad_address"),
    ],
)
def test_odd_addresses_are_refused_with_a_reason(url, code, connected):
    with pytest.raises(Refused) as refused:
        request(INTERNET, "GET", url)
    assert refused.value.code == code
    assert connected == []


@pytest.mark.parametrize(
    "url", ["https://xn--bcher-kva.example/", "https://hooks.example.com.:8443/a?b=c"]
)
def test_ordinary_addresses_are_fine(url):
    INTERNET.check(url)


@pytest.mark.parametrize(
    ("entry", "url", "code"),
    [
        ("10.2.0.0/16", "http://10.2.3.4:8080/", None),
        ("10.2.0.0/16", "https://[::ffff:10.2.3.4]/", None),
        ("10.2.0.0/16", "https://10.3.0.1/", "private_address"),
        ("fd12::/16", "http://[fd12::1]/", None),
        ("Ats.Internal.", "http://ats.internal/", None),
        ("ats.internal", "http://ATS.internal./", None),
        ("ats.internal", "http://other.internal/", "not_https"),
        ("ats.internal", "http://evil.ats.internal/", "not_https"),
        ("ats.internal", "http://127.0.0.1/", "not_https"),
    ],
)
def test_the_operator_may_open_networks_and_hosts(entry, url, code):
    allowed = Allowed([entry])
    if code is None:
        allowed.check(url)
    else:
        with pytest.raises(Refused) as refused:
            allowed.check(url)
        assert refused.value.code == code


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [*PRIVATE, *PRIVATE_V6[:-1]])
def test_a_name_of_a_private_address_is_refused(address, resolver, connected):
    resolver.says("hooks.example.com", [[address]])
    with pytest.raises(Refused) as refused:
        request(INTERNET, "POST", "https://hooks.example.com/", content=b"{}")
    assert refused.value.code == "private_address"
    assert connected == []


def test_one_private_address_among_public_ones_is_enough(resolver, connected):
    resolver.says("hooks.example.com", [[PUBLIC, "10.0.0.1"]])
    with pytest.raises(Refused):
        request(INTERNET, "GET", "https://hooks.example.com/")
    assert connected == []


def test_a_name_that_changes_meanwhile_leads_nowhere_else(resolver, connected):
    """DNS rebinding: public when it is checked, private when it would be asked again."""
    resolver.says("hooks.example.com", [[PUBLIC], ["127.0.0.1"]])
    with pytest.raises(Unreachable) as failed:
        request(INTERNET, "POST", "https://hooks.example.com/", content=b"{}")
    assert failed.value.code == "cannot_connect"
    assert not failed.value.sent
    assert connected == [PUBLIC]
    assert resolver.asked == ["hooks.example.com"], "asked once, and that answer counts"


def test_a_connection_that_ends_up_elsewhere_is_not_used(resolver, serve, monkeypatch):
    """Even where the system would connect to something else than it was told to."""
    server = serve(says())
    resolver.says("hooks.example.com", [[PUBLIC]])
    real = socket.create_connection
    monkeypatch.setattr(
        socket, "create_connection", lambda _address, *args, **kw: real(("127.0.0.1", server.port))
    )
    with pytest.raises(Refused) as refused:
        request(INTERNET, "POST", f"https://hooks.example.com:{server.port}/", content=b"{}")
    assert refused.value.code == "private_address"
    assert server.asked in ([], [b""])


def test_a_name_the_operator_opened_may_be_private(resolver, serve):
    server = serve(says(b'{"a": 1}'))
    resolver.says("internal.test", [["127.0.0.1"]])
    answer = request(HERE, "GET", f"http://internal.test:{server.port}/x?y=z")
    assert answer.json() == {"a": 1}
    assert server.asked[0].startswith(b"GET /x?y=z HTTP/1.1\r\n")
    assert f"Host: internal.test:{server.port}".encode() in server.asked[0]


def test_the_next_address_is_tried_where_one_does_not_answer(resolver, serve):
    server = serve(says())
    resolver.says("internal.test", [["127.0.0.2", "127.0.0.1"]])
    assert request(HERE, "GET", f"http://internal.test:{server.port}/").status == 200


def test_a_name_without_address(resolver):
    with pytest.raises(Unreachable) as failed:
        request(INTERNET, "GET", "https://nowhere.example/")
    assert (failed.value.code, failed.value.sent) == ("no_such_host", False)


def test_a_resolver_that_never_answers_ends_by_the_deadline(monkeypatch):
    released = threading.Event()

    def wait(*args, **kwargs):
        released.wait()
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    with pytest.raises(Unreachable) as failed:
        request(INTERNET, "GET", "https://slow.example/", seconds=0.2)
    released.set()
    assert failed.value.code == "no_such_host"


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(Unreachable) as failed:
        request(HERE, "GET", f"http://127.0.0.1:{port}/")
    assert (failed.value.code, failed.value.sent) == ("cannot_connect", False)


# --- requests ------------------------------------------------------------------------------------


def test_a_request_arrives_as_it_was_meant(serve):
    server = serve(says(b'{"ok": true}', status="201 Created", X_Id="7"))
    answer = request(
        HERE, "POST", server.url, headers={"Content-Type": "application/json"}, content=b'{"a":1}'
    )
    assert (answer.status, answer.headers["x-id"], answer.json()) == (201, "7", {"ok": True})
    head, _separator, body = server.asked[0].partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert "content-length: 7" in lines
    assert "connection: close" in lines
    assert not any(line.startswith("accept-encoding") for line in lines)
    assert body in (b'{"a":1}', b"")  # it may come in a packet of its own
    assert "ok" not in repr(answer)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Key": "a\r\nX-Other: b"},
        {"X-Key": "a\nb"},
        {"X-Key": "a\rb"},
        {"X-Key": "a\0b"},
        {"X-Key": "sécret"},
        {"X-Key\r\nX-Other": "b"},
        {"X Key": "b"},
        {"X-Key:": "b"},
        {"": "b"},
    ],
    ids=["crlf", "lf", "cr", "nul", "unicode", "name-crlf", "name-space", "name-colon", "no-name"],
)
def test_headers_cannot_smuggle_others(headers, serve):
    server = serve(says())
    with pytest.raises(Refused) as refused:
        request(HERE, "POST", server.url, headers=headers, content=b"{}")
    assert refused.value.code == "bad_header"
    assert server.asked in ([], [b""])


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_answers(status, serve):
    inner = serve(says(b"secret"))
    outer = serve(says(b"", status=f"{status} Elsewhere", Location=inner.url))
    answer = request(HERE, "POST", outer.url, content=b"{}")
    assert (answer.status, answer.body) == (status, b"")
    assert inner.connections == 0


def test_proxies_of_the_environment_are_not_asked(serve, monkeypatch):
    proxy, server = serve(says(b"proxy")), serve(says(b"server"))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv(name.upper(), proxy.url)
    assert request(HERE, "GET", server.url).body == b"server"
    assert proxy.connections == 0


# --- servers that are slow, large or broken ------------------------------------------------------


def drip(first, piece):
    """Send `piece` again and again until the other side is gone."""

    def answer(connection, asked):
        connection.sendall(first)
        while not finished.wait(0.02):
            connection.sendall(piece)

    finished = threading.Event()
    return answer


@pytest.mark.parametrize(
    "answer",
    [
        lambda connection, asked: connection.recv(100) and connection.recv(100),
        drip(b"HTTP/1.1 200 OK\r\n", b"X"),
        drip(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
        drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n", b"x"),
        drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        drip(b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
    ],
    ids=["silence", "one-header", "headers", "continue", "body", "chunks", "until-closed"],
)
def test_who_drips_is_left_at_the_deadline(answer, serve):
    server = serve(answer)
    with pytest.raises(Unreachable) as failed:  # without a deadline this would go on for ever
        request(HERE, "POST", server.url, content=b"{}", seconds=0.4)
    assert (failed.value.code, failed.value.sent) == ("too_slow", True)


def test_who_takes_a_body_slowly_is_left_at_the_deadline(serve):
    def answer(connection, asked):
        while not finished.wait(0.01) and connection.recv(2000):
            pass

    finished = threading.Event()
    server = serve(answer)
    with pytest.raises(Unreachable) as failed:
        request(HERE, "POST", server.url, content=b"x" * 60_000_000, seconds=0.5)
    finished.set()
    assert failed.value.code == "too_slow"


def test_a_body_without_end_is_cut(serve):
    def answer(connection, asked):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    body = request(HERE, "GET", serve(answer).url).body
    assert len(body) == outgoing.MOST_BYTES


def test_a_header_without_end_is_refused(serve):
    def answer(connection, asked):
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-A: ")
        while True:
            connection.sendall(b"x" * 65536)

    with pytest.raises(Unreachable) as failed:
        request(HERE, "GET", serve(answer).url)
    assert failed.value.code == "connection_broke"


def test_what_is_compressed_stays_so(serve):
    bomb = gzip.compress(b"0" * 50_000_000)
    answer = request(HERE, "GET", serve(says(bomb, Content_Encoding="gzip")).url)
    assert answer.body == bomb
    assert answer.json() is None


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x00\x01\x02\x03\r\n\r\n",
    ],
    ids=["nothing", "status", "head", "body", "chunk", "length", "lengths", "ssh", "binary"],
)
def test_a_connection_that_breaks_is_told_apart(sent, serve):
    server = serve(lambda connection, asked: connection.sendall(sent))
    with pytest.raises(Unreachable) as failed:
        request(HERE, "POST", server.url, content=b"{}")
    assert (failed.value.code, failed.value.sent) == ("connection_broke", True)


def test_an_upgrade_is_an_answer(serve):
    server = serve(
        says(b"", status="101 Switching Protocols", Upgrade="websocket", Connection="upgrade")
    )
    with suppress(Unreachable):
        assert request(HERE, "GET", server.url).status == 101


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe\x00", b"[" * 500_000, b"9" * 9999])
def test_what_is_not_json_is_none(body):
    assert outgoing.Answer(200, {}, body).json() is None


# --- TLS -----------------------------------------------------------------------------------------


def certificate(folder, name, *hosts, issuer=None, days=1):
    """Write a certificate and its key; without an issuer it is an authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    signer, signing = issuer or (subject, key)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=10))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if hosts:
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        built = built.add_extension(names, critical=False)
    made = built.sign(signing, hashes.SHA256())
    path = folder / f"{name}.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path, (subject, key)


@pytest.fixture
def authority(tmp_path, monkeypatch):
    """Return what makes certificates that are believed."""
    path, issuer = certificate(tmp_path, "authority")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return issuer


def context_of(path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.mark.parametrize("host", ["internal.test", "internal.test."])
def test_a_certificate_of_the_host_is_believed(host, authority, tmp_path, resolver, serve):
    path, _key = certificate(tmp_path, "server", "internal.test", issuer=authority)
    server = serve(says(b'"hello"'), context_of(path))
    resolver.says(host, [["127.0.0.1"]])
    answer = request(HERE, "POST", f"https://{host}:{server.port}/", content=b"{}")
    assert answer.json() == "hello"


@pytest.mark.parametrize(
    ("names", "days", "known"),
    [(["other.test"], 1, True), (["internal.test"], -1, True), (["internal.test"], 1, False)],
    ids=["another-host", "expired", "self-signed"],
)
def test_other_certificates_are_not(names, days, known, authority, tmp_path, resolver, serve):
    issuer = authority if known else None
    path, _key = certificate(tmp_path, "server", *names, issuer=issuer, days=days)
    server = serve(says(), context_of(path))
    resolver.says("internal.test", [["127.0.0.1"]])
    with pytest.raises(Unreachable) as failed:
        request(HERE, "POST", f"https://internal.test:{server.port}/", content=b"{}")
    assert (failed.value.code, failed.value.sent) == ("bad_certificate", False)
    assert server.asked in ([], [b""])


def test_a_handshake_that_never_ends_is_left_at_the_deadline(serve, resolver):
    def answer(connection, asked):
        while not finished.wait(0.02):
            connection.sendall(b"\x16")

    finished = threading.Event()
    server = serve(answer)
    resolver.says("internal.test", [["127.0.0.1"]])
    with pytest.raises(Unreachable) as failed:
        request(HERE, "GET", f"https://internal.test:{server.port}/", seconds=0.4)
    assert (failed.value.code, failed.value.sent) == ("cannot_connect", False)


def test_json_comes_back_whole(serve):
    said = {"words": ["ü" * 1000] * 50}
    body = json.dumps(said).encode()
    assert request(HERE, "GET", serve(says(body)).url).json() == said
