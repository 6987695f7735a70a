"""Downloads finished exports of a clip whose segments a new export may reuse."""

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
from streams.renderer.job import EarlierFile

MAX_CANDIDATES = 3
"""Number of earlier exports examined, newest first."""
MAX_CANDIDATE_BYTES = 400_000_000
"""Bytes downloaded in total."""
COPY_CHUNK_BYTES = 8 * 2**20
"""Bytes read at a time."""


async def find_candidates(connection: Connection, request: RenderRequested, segment_base: str) -> list[ReusableExport]:
    """The clip's last exports with the new one's aspect and ``segment_base``, newest first."""
    return await list_reusable_exports(
        connection,
        request.org_id,
        request.clip_id,
        but=request.export_id,
        aspect=request.rendition.aspect,
        ground=segment_base,
        limit=MAX_CANDIDATES,
    )


async def download_candidates(
    candidates: Sequence[ReusableExport], objects: Objects, scratch: Path
) -> list[EarlierFile]:
    """Download the files; missing ones are left out, because everything can be rendered."""
    earlier_files: list[EarlierFile] = []
    bytes_left = MAX_CANDIDATE_BYTES
    for number, candidate in enumerate(candidates):
        path = scratch / f"earlier-{number}{Path(candidate.files.video.key).suffix}"
        if candidate.files.video.size <= bytes_left and await _download(candidate.files.video, path, objects):
            bytes_left -= candidate.files.video.size
            earlier_files.append(
                EarlierFile(path=str(path), threads=candidate.chunks.threads, chunks=candidate.chunks.chunks)
            )
    return earlier_files


async def _download(ref: ObjectRef, path: Path, objects: Objects) -> bool:
    try:
        with path.open("wb") as file:
            while (start := file.tell()) < ref.size:
                part = await objects.read_range(ref.key, start, min(COPY_CHUNK_BYTES, ref.size - start))
                # Shorter than its row says: no segment of it can be trusted.
                if not part:
                    return False
                await asyncio.to_thread(file.write, part)
    except (KeyError, Unavailable):
        return False
    return True
