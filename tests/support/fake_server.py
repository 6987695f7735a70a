"""The outside world played from a script: answers of servers, a resolver, one download. Opens no socket."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpcore2

from core.infra.http.client import OutsideHttp

PUBLIC = "93.184.215.14"
LOCAL_NAMES = {
    "localhost": "127.0.0.1",
    "localtest.example": "127.0.0.1",
    "metadata.example": "169.254.169.254",
    "intranet": "10.1.2.3",
}


class Wire(httpcore2.AsyncNetworkBackend):
    """Plays canned answers and notes which addresses were connected to."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.connected: list[str] = []
        self.sent: list[bytes] = []
        self.names: list[str | None] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        self.connected.append(f"{host}:{port}")
        return Stream(self, self.answers.pop(0))


class Stream(httpcore2.AsyncNetworkStream):
    def __init__(self, wire: Wire, answer: bytes) -> None:
        self._wire = wire
        self._answer = answer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        part, self._answer = self._answer[:max_bytes], self._answer[max_bytes:]
        return part

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._wire.sent.append(buffer)

    async def aclose(self) -> None:
        pass

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        self._wire.names.append(server_hostname)
        return self

    def get_extra_info(self, info: str) -> Any:
        return None


class Names:
    """A resolver: numeric forms as the C library reads them, some names, and a changing answer for rebinding."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        if self._answers:
            return self._answers.pop(0)
        if host in LOCAL_NAMES:
            return [LOCAL_NAMES[host]]
        try:
            return [socket.inet_ntoa(socket.inet_aton(host))]
        except OSError:
            pass
        try:
            socket.inet_pton(socket.AF_INET6, host)
        except OSError:
            return [PUBLIC]
        return [host]


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    fields = {"content-length": str(len(body))} | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def fetch(client: OutsideHttp, url: str, path: Path, max_bytes: int = 10**6) -> int:
    last = 0
    async for received in client.download(url, path, max_bytes=max_bytes, report=lambda _: None):
        last = received
    return last
