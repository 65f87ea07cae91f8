"""Requests to addresses that people of an organization typed: to the public internet only.

A name is resolved here, every address it has is checked, and the connection goes to an address that
was checked: a name that changes meanwhile (DNS rebinding) leads nowhere else. Redirects are not
followed, proxies of the environment not used, answers cut at a size and a time.
"""

import json
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import httpcore2

MOST_BYTES = 1_000_000  # of an answer; what is more is not read
SECONDS = 15.0  # for the whole of a request
CONNECT_SECONDS = 5.0
AGENT = "interview-copilot"

Address = IPv4Address | IPv6Address


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
        except ValueError:
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
        return ip.is_global and not ip.is_multicast and not _translates(ip)

    def _in_networks(self, ip: Address) -> bool:
        return any(ip.version == net.version and ip in net for net in self._networks)

    def check(self, url: str) -> None:
        """Raise Refused for an address that cannot be right, before anything is resolved."""
        try:
            parts = urlsplit(url)
            host, _port = parts.hostname or "", parts.port
        except ValueError:
            raise Refused("bad_address") from None
        if not host or any(character.isspace() for character in url):
            raise Refused("bad_address")
        if parts.username is not None or parts.password is not None:
            raise Refused("password_in_address")
        if parts.scheme != "https" and not (parts.scheme == "http" and self.names(host)):
            raise Refused("not_https")
        try:
            address = str(ip_address(host))
        except ValueError:
            return
        if not self.reaches(host, address):
            raise Refused("private_address")


def _plain(ip: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for."""
    return getattr(ip, "ipv4_mapped", None) or ip


def _translates(ip: Address) -> bool:
    """Tell whether an IPv6 address leads into IPv4 by a gateway: 6to4, Teredo, NAT64."""
    if not isinstance(ip, IPv6Address):
        return False
    nat64 = ip in ip_network("64:ff9b::/96") or ip in ip_network("64:ff9b:1::/48")
    return nat64 or ip.sixtofour is not None or ip.teredo is not None


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
        addresses = _resolved(host, port)
        if not all(self._allowed.reaches(host, address) for address in addresses):
            raise Refused("private_address")
        for place, address in enumerate(addresses):
            left = min(CONNECT_SECONDS, _left(self._until))
            try:
                stream = self._sockets.connect_tcp(address, port, timeout=left)
                return _Timed(stream, self._until)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if place == len(addresses) - 1:
                    raise
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
        self._stream.write(buffer, timeout=_left(self._until))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        secure = self._stream.start_tls(ssl_context, server_hostname, timeout=_left(self._until))
        return _Timed(secure, self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout("the time of the request is over")
    return left


def _resolved(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable("no_such_host") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


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
    except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
        raise Unreachable("cannot_connect") from None
    except httpcore2.TimeoutException:
        raise Unreachable("too_slow", sent=True) from None
    except (httpcore2.NetworkError, httpcore2.ProtocolError):
        raise Unreachable("connection_broke", sent=True) from None
    except (httpcore2.UnsupportedProtocol, UnicodeError, ValueError):
        raise Refused("bad_address") from None
