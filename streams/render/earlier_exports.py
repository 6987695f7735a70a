"""Finished exports of a clip that a new one may take chunks of: found, brought to scratch. Opens none of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec

from core.errors import Unavailable
from core.infra.postgres.connection import Connection
from core.ports.stores import Objects
from schemas.common import ObjectRef, Value
from schemas.documents.export import Chunks, ExportFiles
from schemas.events import RenderRequested
from streams.renderer.segments.packets import EarlierFile

MOST = 3
"""Exports that are looked at, the newest first."""
MOST_BYTES = 400_000_000
COPY_BYTES = 8 * 2**20


class Candidate(Value, frozen=True, kw_only=True):
    """A finished export's file and what it remembers."""

    video: ObjectRef
    chunks: Chunks


async def candidates_of(connection: Connection, request: RenderRequested, ground: str) -> list[Candidate]:
    """The last exports of the clip that share the new one's shape and ``ground``, the newest first."""
    rows = await connection.fetch(
        """select files, chunks from exports
           where org_id = $1 and clip_id = $2 and export_id <> $3 and aspect = $4 and state = 'done'
             and chunks->>'ground' = $5
           order by finished_at desc, export_id limit $6""",
        request.org_id,
        request.clip_id,
        request.export_id,
        request.rendition.aspect,
        ground,
        MOST,
    )
    return [
        Candidate(video=msgspec.convert(row["files"], ExportFiles).video, chunks=msgspec.convert(row["chunks"], Chunks))
        for row in rows
    ]


async def brought(candidates: Sequence[Candidate], objects: Objects, scratch: Path) -> list[EarlierFile]:
    """Their files where the child finds them; one that is gone is left out, for all of it can be made."""
    found: list[EarlierFile] = []
    room = MOST_BYTES
    for number, one in enumerate(candidates):
        path = scratch / f"earlier-{number}{Path(one.video.key).suffix}"
        if one.video.size <= room and await _bring(one.video, path, objects):
            room -= one.video.size
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
