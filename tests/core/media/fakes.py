"""In-memory twin of the object store, as far as media and ingest use it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

from core.errors import Gone, Unavailable
from core.ports.stores import ObjectHead
from core.progress import Report
from schemas.common import ObjectRef


class Kept(dict[str, bytes]):
    """Bytes by key; a missing key raises `Gone`."""

    def __missing__(self, key: str) -> bytes:
        raise Gone(key)


class ObjectsTwin:
    """Objects in a dict; notes each range that was read; fails while ``down``."""

    def __init__(self, **bodies: bytes) -> None:
        self.bodies = Kept(bodies)
        self.reads: list[tuple[str, int, int]] = []
        self.down = False

    async def put(self, prefix: str, body: bytes, content_type: str, suffix: str = "") -> ObjectRef:
        digest = hashlib.sha256(body).hexdigest()
        self.bodies[f"{prefix}/{digest}{suffix}"] = body
        return ObjectRef(key=f"{prefix}/{digest}{suffix}", sha256=digest, size=len(body))

    async def put_file(
        self, prefix: str, path: Path, content_type: str, suffix: str = "", report: Report | None = None
    ) -> ObjectRef:
        if report is not None:
            report(path.stat().st_size)
        return await self.put(prefix, path.read_bytes(), content_type, suffix)

    async def get(self, ref: ObjectRef) -> bytes:
        return self.bodies[ref.key]

    async def read_range(self, key: str, start: int, length: int) -> bytes:
        await asyncio.sleep(0)
        if self.down:
            raise Unavailable("objects", "it is down")
        self.reads.append((key, start, length))
        return self.bodies[key][start : start + length]

    async def stream(self, ref: ObjectRef) -> AsyncIterator[bytes]:
        body = self.bodies[ref.key]
        for at in range(0, len(body), 300):
            yield body[at : at + 300]
        if hashlib.sha256(body).hexdigest() != ref.sha256:
            raise Unavailable("objects", "other bytes")

    async def size(self, key: str) -> int:
        return len(self.bodies[key])

    async def copy(self, key: str, to: str) -> ObjectHead:
        self.bodies[to] = self.bodies[key]
        return ObjectHead(key=to, size=len(self.bodies[to]), etag="e")

    async def delete_prefix(self, prefix: str) -> int:
        found = [key for key in self.bodies if key.startswith(prefix)]
        for key in found:
            del self.bodies[key]
        return len(found)

    def presign_get(self, key: str, *, filename: str, expires_s: int, shown_as: str = "") -> str:
        return f"http://objects/{key}"
