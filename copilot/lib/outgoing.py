"""Requests to addresses that people of an organization typed: to the public internet only.

A name is resolved here, every address it has is checked, and the connection goes to an address that
was checked: a name that changes meanwhile (DNS rebinding) leads nowhere else. Redirects are not
followed, proxies of the environment not used, answers cut at a size and a time.
"""

import json
import re
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import httpcore2

MOST_BYTES = 1_000_000  # of an answer; what is more is not read
SECONDS = 15.0  # for the whole of a request
CONNECT_SECONDS = 5.0
AGENT = "interview-copilot"

Address = IPv4Address | IPv6Address

# A label of a host's name, in ASCII: a name in other letters is written xn--….
LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
# What a resolver takes for an address: 2130706433, 0x7f.1 and 0177.0.0.1 are all 127.0.0.1.
NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
PRINTED = re.compile(r"[!-~]+")  # ASCII without spaces
HEADER = re.compile(r"[\t\x20-\x7e]*")

# Global unicast is the only part of IPv6 that is the internet. Python's own table lacks some of
# what follows.
INTERNET_V6 = ip_network("2000::/3")
NOT_PUBLIC = [
    ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocols; metadata of a cloud among them
        "192.88.99.0/24",  # relays of 6to4
        "168.63.129.16/32",  # a cloud's host as its guests see it
        "2001::/23",  # protocols, Teredo among them
        "2002::/16",  # 6to4: leads into any IPv4
        "3fff::/20",  # documentation
    )
]


class Refused(Exception):
    """The address may not be asked, whenever it is tried; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Unreachable(Exception):
    """No answer: it may come another time. `sent`: the other side may have got the request."""

    def __init__(self, code: str, *, sent: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.sent = sent


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """Return the body as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class Allowed:
    """Which addresses may be asked: public ones, and what the operator names besides.

    An entry is a network (`10.2.0.0/16`), an address, or a host name whose addresses are all right
    whatever they are. Plain http is for what the operator named.
    """

    def __init__(self, entries: Iterable[str] = ()) -> None:
        self._networks = []
        self._hosts = set()
        for entry in entries:
            try:
                self._networks.append(ip_network(entry, strict=False))
            except ValueError:
                self._hosts.add(entry.lower().rstrip("."))

    def names(self, host: str) -> bool:
        """Tell whether the operator named this host, by its name or address."""
        if host.lower().rstrip(".") in self._hosts:
            return True
        try:
            return self._in_networks(_plain(ip_address(host)))
        except ValueError:
            return False

    def reaches(self, host: str, address: str) -> bool:
        """Tell whether this address, which the host name has, may be connected to."""
        ip = _plain(ip_address(address.partition("%")[0]))
        if host.lower().rstrip(".") in self._hosts or self._in_networks(ip):
            return True
        return _is_public(ip)

    def _in_networks(self, ip: Address) -> bool:
        return any(ip.version == net.version and ip in net for net in self._networks)

    def check(self, url: str) -> None:
        """Raise Refused for an address that cannot be right, before anything is resolved."""
        host, scheme = _host_and_scheme(url)
        if scheme != "https" and not (scheme == "http" and self.names(host)):
            raise Refused("not_https")
        try:
            address = str(ip_address(host))
        except ValueError:
            return
        if not self.reaches(host, address):
            raise Refused("private_address")


def _host_and_scheme(url: str) -> tuple[str, str]:
    """Return both in lower case, the host without its last dot; raise Refused."""
    if not PRINTED.fullmatch(url) or "\\" in url:
        raise Refused("bad_address")  # programs differ in how they read it
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise Refused("bad_address") from None
    if parts.username is not None or parts.password is not None:
        raise Refused("password_in_address")
    host = host.removesuffix(".")
    if port == 0 or not (_is_address(host) or _is_name(host)):
        raise Refused("bad_address")
    return host, parts.scheme


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_name(host: str) -> bool:
    labels = host.split(".")
    written = len(host) <= 253 and all(LABEL.fullmatch(label) for label in labels)
    return written and not NUMBER.fullmatch(labels[-1])


def _plain(ip: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for."""
    return getattr(ip, "ipv4_mapped", None) or ip


def _is_public(ip: Address) -> bool:
    if isinstance(ip, IPv6Address) and ip not in INTERNET_V6:
        return False  # among them NAT64 and IPv4 in the last four bytes, which lead into IPv4
    named = any(ip.version == network.version and ip in network for network in NOT_PUBLIC)
    return ip.is_global and not ip.is_multicast and not named


class _Checked(httpcore2.NetworkBackend):
    """Connects to checked addresses, and lets no read or write outlast the request's time."""

    def __init__(self, allowed: Allowed, until: float) -> None:
        self._allowed = allowed
        self._until = until
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore2.NetworkStream:
        addresses = _resolved(host, port, self._until)
        if not all(self._allowed.reaches(host, address) for address in addresses):
            raise Refused("private_address")
        for place, address in enumerate(addresses):
            left = min(CONNECT_SECONDS, _left(self._until, httpcore2.ConnectTimeout))
            try:
                stream = self._sockets.connect_tcp(address, port, timeout=left)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if place == len(addresses) - 1:
                    raise
                continue
            if not self._allowed.reaches(host, stream.get_extra_info("server_addr")[0]):
                stream.close()
                raise Refused("private_address")
            return _Timed(stream, self._until)
        raise Unreachable("no_such_host")

    def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore2.NetworkStream:
        raise Refused("private_address")


class _Timed(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream, until: float) -> None:
        self._stream = stream
        self._until = until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout=_left(self._until))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # The stream's own `write` would begin its time anew whenever the other side takes a byte.
        connected = self._stream.get_extra_info("socket")
        rest = memoryview(buffer)
        try:
            while rest:
                connected.settimeout(_left(self._until, httpcore2.WriteTimeout))
                rest = rest[connected.send(rest) :]
        except TimeoutError:
            raise httpcore2.WriteTimeout("the time of the request is over") from None
        except OSError as error:
            raise httpcore2.WriteError(str(error)) from None

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        left = _left(self._until, httpcore2.ConnectTimeout)
        # A certificate says nothing of a last dot.
        name = server_hostname.removesuffix(".") if server_hostname else None
        secure = self._stream.start_tls(ssl_context, name, timeout=left)
        return _Timed(secure, self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(until: float, over: type[Exception] = httpcore2.ReadTimeout) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise over("the time of the request is over")
    return left


def _resolved(host: str, port: int, until: float) -> list[str]:
    """Return the addresses of a host. A thread asks: nothing else ends a resolver that waits."""
    found: SimpleQueue[list[Any]] = SimpleQueue()

    def ask() -> None:
        try:
            found.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            found.put([])

    left = _left(until, httpcore2.ConnectTimeout)
    Thread(target=ask, name="resolver", daemon=True).start()
    try:
        entries = found.get(timeout=left)
    except Empty:
        entries = []
    if not entries:
        raise Unreachable("no_such_host")
    return list(dict.fromkeys(str(entry[4][0]) for entry in entries))


def request(
    allowed: Allowed,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes = b"",
    seconds: float = SECONDS,
) -> Answer:
    """Send one request and return what came back, whatever its status.

    Raises Refused where it may not be sent, Unreachable where nothing came back.
    """
    allowed.check(url)
    if not all(HEADER.fullmatch(part) for pair in (headers or {}).items() for part in pair):
        raise Refused("bad_header")
    until = time.monotonic() + seconds
    sent = {"User-Agent": AGENT, "Accept": "*/*", "Connection": "close", **(headers or {})}
    if content or method in ("POST", "PUT", "PATCH"):
        sent["Content-Length"] = str(len(content))
    backend = _Checked(allowed, until)
    try:
        with (
            httpcore2.ConnectionPool(network_backend=backend) as pool,
            pool.stream(method, url, headers=list(sent.items()), content=content) as came,
        ):
            body = bytearray()
            for piece in came.iter_stream():
                body += piece
                if len(body) >= MOST_BYTES:
                    break
            named = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in came.headers}
            return Answer(came.status, named, bytes(body[:MOST_BYTES]))
    except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
        untrusted = any(isinstance(why, ssl.SSLCertVerificationError) for why in error.args)
        raise Unreachable("bad_certificate" if untrusted else "cannot_connect") from None
    except httpcore2.TimeoutException:
        raise Unreachable("too_slow", sent=True) from None
    except httpcore2.LocalProtocolError:  # what was to be sent is not HTTP
        raise Refused("bad_header") from None
    except (httpcore2.NetworkError, httpcore2.ProtocolError):
        raise Unreachable("connection_broke", sent=True) from None
    except (httpcore2.UnsupportedProtocol, UnicodeError, ValueError):
        raise Refused("bad_address") from None
