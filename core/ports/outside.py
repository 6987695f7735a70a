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


class Outside(Protocol):
    """HTTP to the world: public addresses only, checked at connect time and on each redirect."""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> Response:
        """POST without following redirects. Raises InputRejected (address, scheme) or Unavailable (no answer)."""
        ...

    def download(self, url: str, path: Path, *, max_bytes: int, report: Report) -> AsyncIterator[int]:
        """Fetch to ``path`` (resuming what is there), yielding bytes so far."""
        ...
