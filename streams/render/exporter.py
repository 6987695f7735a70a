"""Exports from their plans: starts the render child, stores its files. The event loop's side; opens no media itself."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from core.domain.editing.output_words import cues_out
from core.domain.subtitles.ass_ttml import SUBTITLE_TYPES, ass, plain, ttml
from core.domain.subtitles.cues import Cue
from core.domain.subtitles.srt_vtt import srt, vtt
from core.domain.time_ranges import merge_ranges
from core.media.sandbox.source_handle import SourceHandle
from core.ports.stores import Objects
from core.progress import Report, Steps
from core.storage.exports import ReusableExport
from schemas.common import ObjectRef, TimeRange, Value
from schemas.documents.edit import Piece
from schemas.documents.export import Certificate, Chunks, ClipThumbnail, ExportFiles, Storyboard
from schemas.documents.frame_plan import FramePlan
from schemas.documents.scene import Framing
from schemas.documents.transcript import Transcript
from schemas.events import RenderRequested
from streams.render.earlier_exports import brought
from streams.render.retry import Made, made_together
from streams.renderer.audio.stems import stem_file_name
from streams.renderer.branding.loader import load_brand
from streams.renderer.encoding.muxer import Encoding
from streams.renderer.inputs import RenderInputs
from streams.renderer.job import THUMBNAIL_FILE, RenderResult, clip_file_name
from streams.renderer.prepare import PreparedJob, build_job
from streams.renderer.stills.storyboard import STORYBOARD_FILE
from streams.renderer.stills.thumbnail import thumbnail_file_name


class Produced(Value, frozen=True, kw_only=True):
    """The stored files of an export and what was measured on its video."""

    files: ExportFiles
    certificate: Certificate
    cpu_ms: int
    chunks: Chunks | None = None
    """What a later export may take of its file."""
    threads: int = 1
    """Of the encoder, as it was."""


class Shape(Value, frozen=True, kw_only=True):
    """One of the files that a wish asks for: its own request, how it is framed, and where it goes."""

    request: RenderRequested
    plan: FramePlan
    prefix: str


Outcome = Produced | Exception
"""An export, or why there is none."""


async def produce_all(
    shapes: Sequence[Shape],
    shared: RenderInputs,
    *,
    source: SourceHandle,
    objects: Objects,
    scratch: Path,
    report: Report,
    ground: str = "",
    candidates: Sequence[ReusableExport] = (),
) -> list[Outcome]:
    """Render, measure and store the exports of one wish, by one decode where that can be.

    Chunks are taken of ``candidates``, which share its ``ground``. Raises as `dress`, and Unavailable, as `Objects`.
    """
    dressed = await load_brand(
        shapes[0].request.rendition.options.brand, shared.brand, shared.stored_transcript.transcript, objects, scratch
    )
    prepared = [
        await build_job(shape.request.rendition, shape.plan, shared, objects=objects, brand=dressed) for shape in shapes
    ]
    folders = [scratch / str(number) for number in range(len(shapes))]
    for folder in folders:
        folder.mkdir(exist_ok=True)
    earlier = await brought(candidates, objects, scratch)
    tasks = [msgspec.structs.replace(one.job, earlier_files=earlier) for one in prepared]
    steps = Steps(report)
    made = await made_together(tasks, source=source, folders=folders, report=steps.part())
    return [
        one if isinstance(one, Exception) else await _stored(one, told, shape, shared.encoding, objects, ground, steps)
        for one, told, shape in zip(made, prepared, shapes, strict=True)
    ]


async def _stored(
    made: Made, prepared: PreparedJob, shape: Shape, encoding: Encoding, objects: Objects, ground: str, steps: Steps
) -> Produced:
    """Everything of one export where it belongs; a file for an editing program may have gigabytes."""
    task, prefix = prepared.job, shape.prefix
    video = await objects.put_file(
        prefix, made.folder / clip_file_name(encoding), encoding.file.media_type, encoding.file.suffix, steps.part()
    )
    files = await _store(made.folder, video, prepared.transcript, task.pieces, objects, prefix)
    pictures = await _store_pictures(made.folder, made.rendered, files.thumbnail, objects, prefix)
    tracks = {
        language: await _store_texts(track, task.pieces, objects, prefix)
        for language, track in prepared.other_tracks.items()
    }
    files = msgspec.structs.replace(
        files, tracks={language: one for language, one in tracks.items() if one}, **pictures
    )
    files = msgspec.structs.replace(files, stems=await _store_stems(made.folder, made.rendered.stems, objects, prefix))
    certificate = msgspec.structs.replace(
        made.certificate,
        framed_by=shape.plan.model,
        framing=framing_of(made.plan, merge_ranges(piece.source for piece in task.pieces)),
        warnings=[*made.certificate.warnings, *prepared.warnings],
    )
    told = made.rendered
    chunks = Chunks(ground=ground, threads=told.threads, chunks=told.chunks) if told.chunks else None
    return Produced(files=files, certificate=certificate, cpu_ms=made.cpu_ms, chunks=chunks, threads=told.threads)


def framing_of(plan: FramePlan, times: Sequence[TimeRange]) -> list[Framing]:
    """What the picture holds on where it is played; neighbours that hold on the same for one reason are one stretch."""
    told = []
    played = [shot for shot in plan.shots if any(shot.range.overlap_ms(time) for time in times)]
    for (mode, shows, reason), run in groupby(played, key=lambda shot: (shot.mode, shot.shows, shot.reason)):
        shots = list(run)
        start_ms, end_ms = shots[0].range.start_ms, shots[-1].range.end_ms
        told.append(Framing(start_ms=start_ms, end_ms=end_ms, shows=shows, reason=reason, mode=mode))
    return told


async def _store_texts(
    transcript: Transcript, played: Sequence[Piece], objects: Objects, prefix: str
) -> dict[str, ObjectRef]:
    """Subtitles of what is played, by kind; none where nothing is said."""
    cues = cues_out(transcript, played)
    texts = subtitle_texts(cues, transcript.language) if cues else {}
    return {
        kind: await objects.put(prefix, text.encode(), SUBTITLE_TYPES[kind], f".{kind}") for kind, text in texts.items()
    }


async def _store(
    scratch: Path,
    video: ObjectRef,
    transcript: Transcript | None,
    played: Sequence[Piece],
    objects: Objects,
    prefix: str,
) -> ExportFiles:
    """Upload what is beside the video. Subtitles only where something is said."""
    stored: dict[str, Any] = dict(await _store_texts(transcript, played, objects, prefix)) if transcript else {}
    return ExportFiles(
        video=video,
        thumbnail=await objects.put_file(prefix, scratch / THUMBNAIL_FILE, "image/jpeg", ".jpg"),
        **stored,
    )


async def _store_pictures(
    scratch: Path, rendered: RenderResult, best: ObjectRef, objects: Objects, prefix: str
) -> dict[str, Any]:
    """The candidates for a thumbnail (the best is stored already), and the sprite."""
    images = [best] + [
        await objects.put_file(prefix, scratch / thumbnail_file_name(number), "image/jpeg", ".jpg")
        for number in range(1, len(rendered.thumbnails))
    ]
    told = [
        ClipThumbnail(image=image, **msgspec.structs.asdict(scores))
        for image, scores in zip(images, rendered.thumbnails, strict=True)
    ]
    if rendered.storyboard is None:
        return {"thumbnails": told}
    sprite = await objects.put_file(prefix, scratch / STORYBOARD_FILE, "image/jpeg", ".jpg")
    board = Storyboard(image=sprite, **msgspec.structs.asdict(rendered.storyboard))
    return {"thumbnails": told, "storyboard": board}


async def _store_stems(scratch: Path, names: Sequence[str], objects: Objects, prefix: str) -> dict[str, ObjectRef]:
    return {
        name: await objects.put_file(prefix, scratch / stem_file_name(name), "audio/flac", ".flac") for name in names
    }


def subtitle_texts(cues: Sequence[Cue], language: str | None) -> dict[str, str]:
    """The same cues in every form."""
    return {"srt": srt(cues), "vtt": vtt(cues), "ass": ass(cues), "ttml": ttml(cues, language), "txt": plain(cues)}
