"""HTTP to the outside: the `Outside` port on httpcore2. It connects to public addresses only.

Each connection resolves the name once, checks every address and connects to one of those very addresses, so a name
that changes its answer between check and use gains nothing; TLS and the Host header keep the name. No proxies from
the environment, no kept connections, no cookies.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urljoin

import httpcore2

from core.errors import InputRejected, NoAnswer, TooSlow, Unavailable
from core.infra.http.file_download import Fetch, Pace, refuse_status
from core.infra.http.page_requests import answer_page_request
from core.infra.http.public_addresses import Target, check_addresses, parse_target, require_https
from core.infra.usage_meter import count
from core.ports.outside import PageAnswer, PageRequest, Response
from core.progress import Report
from schemas.version import USER_AGENT

PART = "outside"
CONNECT_S = 10.0
READ_S = 30.0
RESOLVE_S = 10.0
MAX_REDIRECTS = 3
MAX_ADDRESSES = 3
MAX_ANSWER_BYTES = 16 * 1024
MAX_CUTS = 5
FIRST_PAUSE_S = 0.2
DOWNLOAD_S = 3 * 60 * 60.0
Resolver = Callable[[str, int], Awaitable[list[str]]]


async def resolve(host: str, port: int) -> list[str]:
    """Addresses of a name by the system's resolver. Raises socket.gaierror."""
    entries = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in entries))


class PublicBackend(httpcore2.AsyncNetworkBackend):
    """Opens connections for one pool: resolve, check, connect to a checked address."""

    def __init__(self, *, allow: Collection[str], resolver: Resolver, connector: httpcore2.AsyncNetworkBackend) -> None:
        """``connector`` gets addresses, never names."""
        self._allow = frozenset(allow)
        self._resolve = resolver
        self._connector = connector

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to one of the checked addresses. Raises InputRejected ``url.not_public``, ``url.not_found``."""
        authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        addresses = await self._addresses(host, port)
        if authority not in self._allow:
            check_addresses(addresses, host)
        error: Exception = httpcore2.ConnectError("no address")
        for address in addresses[:MAX_ADDRESSES]:
            try:
                return await self._connector.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as failed:
                error = failed
        raise error

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore2.AsyncNetworkStream:
        """Refuse: no URL leads to a socket file."""
        raise InputRejected("url.scheme", "Only http and https URLs can be used.")

    async def sleep(self, seconds: float) -> None:
        """Wait between two tries of the pool."""
        await asyncio.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> list[str]:
        try:
            async with asyncio.timeout(RESOLVE_S):
                return await self._resolve(host, port)
        except socket.gaierror as error:
            if error.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)):
                raise InputRejected("url.not_found", "The URL names a host that does not exist.") from error
            raise NoAnswer(PART, f"the URL's host cannot be resolved now ({error.strerror})") from error
        except TimeoutError:
            raise NoAnswer(PART, f"the URL's host was not resolved within {RESOLVE_S:g} s") from None
        except UnicodeError as error:
            raise InputRejected("url.invalid", "The URL names a host that no name can be.") from error


@cache
def _system_tls() -> ssl.SSLContext:
    """The system's certificates, read once: it takes 50 ms."""
    return httpcore2.default_ssl_context()


class OutsideHttp:
    """`Outside`. ``allow``: exact ``host:port`` pairs whose addresses are not checked."""

    def __init__(
        self,
        *,
        allow: Collection[str] = (),
        plain_posts: bool = False,
        resolver: Resolver = resolve,
        connector: httpcore2.AsyncNetworkBackend | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Opens nothing yet; ``plain_posts``: POST to http URLs too.

        ``resolver``, ``connector`` and ``tls`` are the system's own unless given.
        """
        self._allow = frozenset(allow)
        self._plain_posts = plain_posts
        backend = PublicBackend(allow=allow, resolver=resolver, connector=connector or httpcore2.AnyIOBackend())
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls or _system_tls(),
            max_connections=32,
            max_keepalive_connections=0,
            http1=True,
            http2=False,
            retries=0,
            network_backend=backend,
        )

    async def close(self) -> None:
        """Close open connections."""
        await self._pool.aclose()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> Response:
        """POST without following redirects; the answer's body is read up to 16 KiB.

        Raises:
            InputRejected: ``url.*``.
            NoAnswer: None within ``timeout_s``, also for an unknown name: it may exist later.
        """
        target = parse_target(url, self._allow)
        if not self._plain_posts:
            require_https(target)
        try:
            async with asyncio.timeout(timeout_s), self._request("POST", target, headers, body) as answer:
                count("delivered_bytes", len(body))
                return Response(status=answer.status, headers=_headers(answer), body=await _head(answer))
        except TimeoutError:
            raise NoAnswer(PART, f"no answer within {timeout_s:g} s") from None
        except InputRejected as error:
            if error.reason == "url.not_found":
                raise NoAnswer(PART, error.detail) from error
            raise

    async def ask(self, request: PageRequest) -> PageAnswer:
        """Send a request of a child that reads a page (core/infra/http/page_requests.py)."""
        return await answer_page_request(request, self._request, self._allow)

    async def exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        timeout_s: float,
        max_bytes: int,
    ) -> Response:
        """Ask for a whole answer, over https but for allowed hosts; redirects are not followed.

        Raises:
            InputRejected: ``url.*``, ``answer.too_large``.
            NoAnswer: None within ``timeout_s``.
        """
        target = parse_target(url, self._allow)
        if not target.allowed:
            require_https(target)
        try:
            async with asyncio.timeout(timeout_s), self._request(method, target, headers, body) as answer:
                return Response(
                    status=answer.status, headers=_headers(answer), body=await _read_whole(answer, max_bytes)
                )
        except TimeoutError:
            raise NoAnswer(PART, f"no answer within {timeout_s:g} s") from None

    async def download(
        self,
        url: str,
        path: Path,
        *,
        max_bytes: int,
        report: Report,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> AsyncIterator[int]:
        """Fetch to ``path``, yielding and reporting bytes so far.

        It resumes an earlier download at ``path`` where the server can, also one of a process that is gone. The
        caller removes the file and its note.

        Raises:
            InputRejected: ``url.*``, ``media.too_large``.
            NoAnswer: Cut off too often, or overloaded.
            TooSlow: Below the floor of speed for a minute.
        """
        fetch = Fetch(path, max_bytes)
        clock = asyncio.get_running_loop().time
        deadline, pace = clock() + DOWNLOAD_S, Pace(clock(), fetch.received)
        cuts = 0
        while not fetch.complete:
            before = fetch.received
            try:
                async for received in self._transfer(url, fetch, headers):
                    report(received)
                    yield received
                    pace.check(clock(), received)
                    if clock() > deadline:
                        raise InputRejected(
                            "media.timeout", f"The download took longer than {DOWNLOAD_S / 3600:g} hours."
                        )
            except TooSlow:
                raise
            except Unavailable:
                cuts = 0 if fetch.received > before else cuts + 1
                if cuts >= MAX_CUTS or fetch.received == 0:
                    raise
                await asyncio.sleep(FIRST_PAUSE_S * 2**cuts)

    async def _transfer(self, url: str, fetch: Fetch, headers: Mapping[str, str]) -> AsyncIterator[int]:
        for _ in range(MAX_REDIRECTS + 1):
            target = parse_target(url, self._allow)
            async with self._request("GET", target, {**headers, **fetch.headers()}, None) as answer:
                answer_headers = _headers(answer)
                if answer.status in (301, 302, 303, 307, 308) and "location" in answer_headers:
                    url = _redirected(url, answer_headers["location"])
                    continue
                if not fetch.begin(answer.status, answer_headers):
                    refuse_status(answer.status)
                    return
                try:
                    async for part in answer.aiter_stream():
                        count("fetched_bytes", len(part))
                        yield await fetch.take(part)
                    fetch.end()
                finally:
                    fetch.close()
                return
        raise InputRejected("url.redirects", f"The URL redirects more than {MAX_REDIRECTS} times.")

    @asynccontextmanager
    async def _request(
        self, method: str, target: Target, headers: Mapping[str, str], body: bytes | None
    ) -> AsyncIterator[httpcore2.Response]:
        address = httpcore2.URL(
            scheme=target.scheme.encode(), host=target.host.encode(), port=target.port, target=target.path.encode()
        )
        timeout = {"connect": CONNECT_S, "read": READ_S, "write": READ_S, "pool": CONNECT_S}
        all_headers = {"user-agent": USER_AGENT} | dict(headers)
        encoded_headers = [(name.encode(), value.encode()) for name, value in all_headers.items()]
        try:
            async with self._pool.stream(
                method, address, headers=encoded_headers, content=body, extensions={"timeout": timeout}
            ) as answer:
                yield answer
        except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError, ssl.SSLError) as error:
            raise NoAnswer(PART, f"the connection failed ({type(error).__name__})") from error


def _redirected(url: str, location: str) -> str:
    """Resolve a redirect. Raises InputRejected ``url.invalid`` if its location is no URL."""
    try:
        return urljoin(url, location)
    except ValueError:
        raise InputRejected("url.invalid", "The URL redirects to something that is not a URL.") from None


def _headers(answer: httpcore2.Response) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}


async def _head(answer: httpcore2.Response) -> bytes:
    body = bytearray()
    async for part in answer.aiter_stream():
        body += part
        if len(body) >= MAX_ANSWER_BYTES:
            break
    return bytes(body[:MAX_ANSWER_BYTES])


async def _read_whole(answer: httpcore2.Response, max_bytes: int) -> bytes:
    body = bytearray()
    async for part in answer.aiter_stream():
        body += part
        if len(body) > max_bytes:
            raise InputRejected("answer.too_large", f"The answer is larger than {max_bytes} bytes.")
    return bytes(body)
