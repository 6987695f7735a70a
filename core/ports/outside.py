"""Servers of others as a Protocol: one HTTP request, one bounded answer. No implementation here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from core.progress import Report


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of an outside HTTP server; ``body`` is cut at the asked size."""

    status: int
    headers: dict[str, str]
    body: bytes


class PageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request that a confined child would like to be sent."""

    method: str
    url: str
    headers: dict[str, str] = {}
    body: bytes = b""


class PageAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Its answer after redirects; ``url`` is the last address, ``body`` may be cut."""

    status: int
    url: str
    headers: dict[str, str]
    body: bytes


class Outside(Protocol):
    """HTTP to the world: public addresses only, checked at connect time and on each redirect."""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> Response:
        """POST without following redirects. Raises InputRejected (address, scheme) or Unavailable (no answer)."""
        ...

    async def ask(self, request: PageRequest) -> PageAnswer:
        """Send a child's request. Raises InputRejected (address, scheme) or Unavailable (no answer)."""
        ...

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
        """A request whose whole answer is wanted; no redirects. Raises InputRejected or Unavailable."""
        ...

    def download(
        self, url: str, path: Path, *, max_bytes: int, report: Report, headers: Mapping[str, str] = ...
    ) -> AsyncIterator[int]:
        """Fetch to ``path`` (resuming what is there), yielding bytes so far."""
        ...
