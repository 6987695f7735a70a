"""Renders exports in a child process, and stores their files, subtitles and images."""

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
from schemas.documents.edit import PlacedSegment
from schemas.documents.export import Certificate, Chunks, ClipThumbnail, ExportFiles, Storyboard
from schemas.documents.frame_plan import FramePlan
from schemas.documents.scene import Framing
from schemas.documents.transcript import Transcript
from schemas.events import RenderRequested
from streams.render.earlier_exports import download_candidates
from streams.render.retry import RenderedClip, render_with_retry
from streams.renderer.audio.stems import stem_file_name
from streams.renderer.branding.loader import load_brand
from streams.renderer.encoding.muxer import Encoding
from streams.renderer.inputs import RenderInputs
from streams.renderer.job import THUMBNAIL_FILE, RenderResult, clip_file_name
from streams.renderer.prepare import PreparedJob, build_job
from streams.renderer.stills.storyboard import STORYBOARD_FILE
from streams.renderer.stills.thumbnail import thumbnail_file_name


class ProducedExport(Value, frozen=True, kw_only=True):
    """The stored files of an export, and its certificate."""

    files: ExportFiles
    certificate: Certificate
    cpu_ms: int
    chunks: Chunks | None = None
    """Segments that a later export may reuse."""
    threads: int = 1
    """Threads that the encoder used."""


class ExportTarget(Value, frozen=True, kw_only=True):
    """One of the files of a request: its own request, its frame plan, and where it is stored."""

    request: RenderRequested
    plan: FramePlan
    prefix: str


ExportOutcome = ProducedExport | Exception
"""An export, or the error that prevented it."""


async def produce_exports(
    targets: Sequence[ExportTarget],
    inputs: RenderInputs,
    *,
    source: SourceHandle,
    objects: Objects,
    scratch: Path,
    report: Report,
    segment_base: str = "",
    candidates: Sequence[ReusableExport] = (),
) -> list[ExportOutcome]:
    """Render, check and store the exports of one request, with one decode where possible.

    Segments are reused from ``candidates``, which share its ``segment_base``. Raises as `load_brand`, and
    Unavailable as `Objects`.
    """
    brand = await load_brand(
        targets[0].request.rendition.options.brand, inputs.brand, inputs.stored_transcript.transcript, objects, scratch
    )
    prepared = [
        await build_job(target.request.rendition, target.plan, inputs, objects=objects, brand=brand)
        for target in targets
    ]
    folders = [scratch / str(number) for number in range(len(targets))]
    for folder in folders:
        folder.mkdir(exist_ok=True)
    earlier_files = await download_candidates(candidates, objects, scratch)
    jobs = [msgspec.structs.replace(prepared_job.job, earlier_files=earlier_files) for prepared_job in prepared]
    steps = Steps(report)
    rendered = await render_with_retry(jobs, source=source, folders=folders, report=steps.part())
    return [
        outcome
        if isinstance(outcome, Exception)
        else await _store_export(outcome, prepared_job, target, inputs.encoding, objects, segment_base, steps)
        for outcome, prepared_job, target in zip(rendered, prepared, targets, strict=True)
    ]


async def _store_export(
    rendered_clip: RenderedClip,
    prepared: PreparedJob,
    target: ExportTarget,
    encoding: Encoding,
    objects: Objects,
    segment_base: str,
    steps: Steps,
) -> ProducedExport:
    """Store all files of one export; a file for an editor may have gigabytes."""
    job, prefix = prepared.job, target.prefix
    video = await objects.put_file(
        prefix,
        rendered_clip.folder / clip_file_name(encoding),
        encoding.file.media_type,
        encoding.file.suffix,
        steps.part(),
    )
    files = await _store_clip_files(rendered_clip.folder, video, prepared.transcript, job.pieces, objects, prefix)
    pictures = await _store_images(rendered_clip.folder, rendered_clip.rendered, files.thumbnail, objects, prefix)
    tracks = {
        language: await _store_subtitles(track, job.pieces, objects, prefix)
        for language, track in prepared.other_tracks.items()
    }
    files = msgspec.structs.replace(
        files, tracks={language: subtitles for language, subtitles in tracks.items() if subtitles}, **pictures
    )
    files = msgspec.structs.replace(
        files, stems=await _store_stems(rendered_clip.folder, rendered_clip.rendered.stems, objects, prefix)
    )
    certificate = msgspec.structs.replace(
        rendered_clip.certificate,
        framed_by=target.plan.model,
        framing=summarise_framing(rendered_clip.plan, merge_ranges(piece.source for piece in job.pieces)),
        warnings=[*rendered_clip.certificate.warnings, *prepared.warnings],
    )
    result = rendered_clip.rendered
    chunks = Chunks(ground=segment_base, threads=result.threads, chunks=result.chunks) if result.chunks else None
    return ProducedExport(
        files=files, certificate=certificate, cpu_ms=rendered_clip.cpu_ms, chunks=chunks, threads=result.threads
    )


def summarise_framing(plan: FramePlan, times: Sequence[TimeRange]) -> list[Framing]:
    """The subjects of the played shots; neighbours with one subject and reason are merged."""
    framings = []
    played = [shot for shot in plan.shots if any(shot.range.overlap_ms(time) for time in times)]
    for (mode, shows, reason), run in groupby(played, key=lambda shot: (shot.mode, shot.shows, shot.reason)):
        shots = list(run)
        start_ms, end_ms = shots[0].range.start_ms, shots[-1].range.end_ms
        framings.append(Framing(start_ms=start_ms, end_ms=end_ms, shows=shows, reason=reason, mode=mode))
    return framings


async def _store_subtitles(
    transcript: Transcript, played: Sequence[PlacedSegment], objects: Objects, prefix: str
) -> dict[str, ObjectRef]:
    """Store the subtitles of what is played, by format; none without speech."""
    cues = cues_out(transcript, played)
    texts = format_subtitles(cues, transcript.language) if cues else {}
    return {
        kind: await objects.put(prefix, text.encode(), SUBTITLE_TYPES[kind], f".{kind}") for kind, text in texts.items()
    }


async def _store_clip_files(
    scratch: Path,
    video: ObjectRef,
    transcript: Transcript | None,
    played: Sequence[PlacedSegment],
    objects: Objects,
    prefix: str,
) -> ExportFiles:
    """Store the thumbnail, and subtitles where there is speech."""
    stored: dict[str, Any] = dict(await _store_subtitles(transcript, played, objects, prefix)) if transcript else {}
    return ExportFiles(
        video=video,
        thumbnail=await objects.put_file(prefix, scratch / THUMBNAIL_FILE, "image/jpeg", ".jpg"),
        **stored,
    )


async def _store_images(
    scratch: Path, rendered: RenderResult, best_thumbnail: ObjectRef, objects: Objects, prefix: str
) -> dict[str, Any]:
    """Store the thumbnail candidates (the best is stored already) and the storyboard."""
    images = [best_thumbnail] + [
        await objects.put_file(prefix, scratch / thumbnail_file_name(number), "image/jpeg", ".jpg")
        for number in range(1, len(rendered.thumbnails))
    ]
    thumbnails = [
        ClipThumbnail(image=image, **msgspec.structs.asdict(scores))
        for image, scores in zip(images, rendered.thumbnails, strict=True)
    ]
    if rendered.storyboard is None:
        return {"thumbnails": thumbnails}
    sprite = await objects.put_file(prefix, scratch / STORYBOARD_FILE, "image/jpeg", ".jpg")
    storyboard = Storyboard(image=sprite, **msgspec.structs.asdict(rendered.storyboard))
    return {"thumbnails": thumbnails, "storyboard": storyboard}


async def _store_stems(scratch: Path, names: Sequence[str], objects: Objects, prefix: str) -> dict[str, ObjectRef]:
    return {
        name: await objects.put_file(prefix, scratch / stem_file_name(name), "audio/flac", ".flac") for name in names
    }


def format_subtitles(cues: Sequence[Cue], language: str | None) -> dict[str, str]:
    """The same cues in every subtitle format."""
    return {"srt": srt(cues), "vtt": vtt(cues), "ass": ass(cues), "ttml": ttml(cues, language), "txt": plain(cues)}
