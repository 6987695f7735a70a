"""Whether an export was made before: of exactly the same, by exactly the same. Renders nothing, removes nothing.

Two requests of one clip may come to the same: an undone edit, a correction of words that are said elsewhere. The same
task gives the same bytes (tests/render/child/test_main.py), so the files that are there are the files that would be
made.
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
from streams.render.exporter import Produced
from streams.renderer.prepare import PreparedJob


def recipe_of(
    prepared: PreparedJob, request: RenderRequested, brand: BrandSnapshot | None, tools: Mapping[str, str]
) -> str:
    """One name for all that goes into an export's files: what is shown, heard and written, the source, and the code.

    How many threads encode is left out: it is chosen by what else is to be done, and asked for by nobody. The index is
    named by its own hash, for it is large; a brand kit is named by all that it names, and may show who speaks.
    """
    task, said = prepared.job, prepared.transcript
    told = msgspec.structs.replace(
        task,
        encoding=msgspec.structs.replace(task.encoding, threads=0),
        index=msgspec.structs.replace(task.index, packets=None),
    )
    others = sorted(prepared.other_tracks.items())
    subtitles = [cues_out(track, task.pieces) for track in (said, *(track for _, track in others)) if track]
    languages = [language for language, _ in others]
    speakers = said.diarization if said and brand else None
    sources = (request.source.sha256, request.index.sha256)
    digest = hashlib.sha256()
    for part in (told, subtitles, languages, plain(brand), speakers, prepared.warnings, sources, tools):
        digest.update(hashlib.sha256(msgspec.json.encode(part, order="sorted")).digest())
    return digest.hexdigest()


async def made_before(connection: Connection, request: RenderRequested, recipe: str) -> Produced | None:
    """What the oldest finished export of the clip by this recipe has; None where there is none."""
    found = await find_export_by_recipe(
        connection, request.org_id, request.clip_id, but=request.export_id, recipe=recipe
    )
    if found is None:
        return None
    origin = found.certificate.reused_from or found.export_id
    return Produced(
        files=found.files,
        certificate=msgspec.structs.replace(found.certificate, reused_from=origin),
        cpu_ms=0,
        chunks=found.chunks,
    )


def certified(produced: Produced, **told: Any) -> Produced:
    """The same, more told in its certificate."""
    return msgspec.structs.replace(produced, certificate=msgspec.structs.replace(produced.certificate, **told))
