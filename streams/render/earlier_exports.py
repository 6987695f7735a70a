"""Finished exports of a clip that a new one may take chunks of: found, brought to scratch. Opens none of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from core.errors import Unavailable
from core.infra.postgres.connection import Connection
from core.ports.stores import Objects
from core.storage.exports import ReusableExport, list_reusable_exports
from schemas.common import ObjectRef
from schemas.events import RenderRequested
from streams.renderer.segments.packets import EarlierFile

MOST = 3
"""Exports that are looked at, the newest first."""
MOST_BYTES = 400_000_000
COPY_BYTES = 8 * 2**20


async def candidates_of(connection: Connection, request: RenderRequested, ground: str) -> list[ReusableExport]:
    """The last exports of the clip that share the new one's shape and ``ground``, the newest first."""
    return await list_reusable_exports(
        connection,
        request.org_id,
        request.clip_id,
        but=request.export_id,
        aspect=request.rendition.aspect,
        ground=ground,
        limit=MOST,
    )


async def brought(candidates: Sequence[ReusableExport], objects: Objects, scratch: Path) -> list[EarlierFile]:
    """Their files where the child finds them; one that is gone is left out, for all of it can be made."""
    found: list[EarlierFile] = []
    room = MOST_BYTES
    for number, one in enumerate(candidates):
        path = scratch / f"earlier-{number}{Path(one.files.video.key).suffix}"
        if one.files.video.size <= room and await _bring(one.files.video, path, objects):
            room -= one.files.video.size
            found.append(EarlierFile(path=str(path), threads=one.chunks.threads, chunks=one.chunks.chunks))
    return found


async def _bring(ref: ObjectRef, path: Path, objects: Objects) -> bool:
    try:
        with path.open("wb") as file:
            while (start := file.tell()) < ref.size:
                part = await objects.read_range(ref.key, start, min(COPY_BYTES, ref.size - start))
                if not part:
                    return False
                await asyncio.to_thread(file.write, part)
    except (KeyError, Unavailable):
        return False
    return True
