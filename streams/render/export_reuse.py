"""Finds an earlier export that was made from exactly the same inputs by the same code.

Two requests of a clip may come to the same: an undone edit, or a correction of words outside the clip. The same job
gives the same bytes (tests/render/child/test_main.py), so the earlier files are the files that would be rendered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from core.domain.editing.output_words import cues_out
from core.infra.postgres.connection import Connection
from core.storage.exports import find_export_by_recipe
from schemas.events import RenderRequested
from schemas.options.brand_kit import BrandSnapshot, plain
from streams.render.exporter import ProducedExport
from streams.renderer.prepare import PreparedJob


def hash_recipe(
    prepared: PreparedJob, request: RenderRequested, brand: BrandSnapshot | None, tools: Mapping[str, str]
) -> str:
    """Hash everything that decides an export's files: frames, audio, texts, source and code.

    The number of encoder threads is left out: scheduling chooses it, not the request. The index is named by its own
    hash, because it is large; a brand kit by all its parts and the speakers' names.
    """
    job, transcript = prepared.job, prepared.transcript
    normalised_job = msgspec.structs.replace(
        job,
        encoding=msgspec.structs.replace(job.encoding, threads=0),
        index=msgspec.structs.replace(job.index, packets=None),
    )
    other_tracks = sorted(prepared.other_tracks.items())
    subtitles = [cues_out(track, job.pieces) for track in (transcript, *(track for _, track in other_tracks)) if track]
    languages = [language for language, _ in other_tracks]
    speakers = transcript.diarization if transcript and brand else None
    sources = (request.source.sha256, request.index.sha256)
    digest = hashlib.sha256()
    for part in (normalised_job, subtitles, languages, plain(brand), speakers, prepared.warnings, sources, tools):
        digest.update(hashlib.sha256(msgspec.json.encode(part, order="sorted")).digest())
    return digest.hexdigest()


async def find_identical_export(connection: Connection, request: RenderRequested, recipe: str) -> ProducedExport | None:
    """The oldest finished export of the clip with this recipe; None without one."""
    identical = await find_export_by_recipe(
        connection, request.org_id, request.clip_id, but=request.export_id, recipe=recipe
    )
    if identical is None:
        return None
    origin = identical.certificate.reused_from or identical.export_id
    return ProducedExport(
        files=identical.files,
        certificate=msgspec.structs.replace(identical.certificate, reused_from=origin),
        cpu_ms=0,
        chunks=identical.chunks,
    )


def with_certificate(produced: ProducedExport, **fields: Any) -> ProducedExport:
    """The export with changed fields in its certificate."""
    return msgspec.structs.replace(produced, certificate=msgspec.structs.replace(produced.certificate, **fields))
