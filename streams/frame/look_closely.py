"""Looks at every picture of a stretch of the source, once: shots, faces, mouths, who speaks. Never decodes here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from schemas.documents import ClipTracks, ShotLook, SourceIndex
from schemas.faces import VoiceCurve
from schemas.media import TimeRange
from schemas.shots import Transition
from streams.adapters.media.handles import SourceHandle
from streams.adapters.media.sandbox import run_child
from streams.adapters.ports import Faces, Landmarks, Report
from streams.frame.lips import mark_mouths, turns_or_none
from streams.frame.tracks import KEEP_SCORE, clear, follow
from streams.sight.canvas import Canvas
from streams.sight.faces import find_faces, model_names
from streams.sight.shots import NAME


async def look_closely(
    clip_id: str,
    time: TimeRange,
    index: SourceIndex,
    *,
    source: SourceHandle,
    faces: Faces,
    landmarks: Landmarks,
    scratch: Path,
    report: Report,
    warn: Callable[[str], None],
    speech: Sequence[TimeRange] | None = None,
) -> ClipTracks:
    """Exact shots, face tracks and who speaks of ``time``.

    ``report`` counts pictures decoded, then faces looked for, then mouths; ``warn`` is told of what was left out.
    ``speech``: where voices were detected. Raises Rejected (the pictures cannot be decoded) and Unavailable (source,
    face detector).
    """
    index_path = scratch / "index.json"
    await asyncio.to_thread(index_path.write_bytes, msgspec.json.encode(index))
    args = {"index": str(index_path), "scratch": str(scratch)} | msgspec.to_builtins(time)
    answer = await run_child("streams.frame.pictures:main", args, scratch=scratch, source=source, report=report)
    canvas, face_ms = msgspec.convert(answer["canvas"], Canvas), answer["face_ms"]
    found = await find_faces(
        faces,
        scratch / "faces.raw",
        canvas,
        len(face_ms),
        least_score=KEEP_SCORE,
        report=report,
        seen=answer["pictures"],
    )
    shots = [TimeRange(start_ms=start, end_ms=end) for start, end in answer["shots"]]
    transitions = msgspec.convert(answer["transitions"], list[Transition])
    detections = clear(list(zip(face_ms, found.faces, strict=True)), transitions)
    tracks = await asyncio.to_thread(follow, detections, shots)
    marked = await mark_mouths(
        landmarks,
        scratch / "mouths.raw",
        msgspec.convert(answer["fine"], Canvas),
        answer["mouth_ms"],
        tracks,
        report=report,
        seen=answer["pictures"] + len(face_ms),
        warn=warn,
    )
    voice = msgspec.convert(answer["voice"], VoiceCurve | None)
    turns, told_ms = await turns_or_none(tracks, shots, marked.mouths, voice, speech, warn)
    return ClipTracks(
        clip_id=clip_id,
        range=time,
        shots=shots,
        tracks=tracks,
        pictures_looked_at=answer["pictures"],
        model=", ".join(name for name in (model_names(NAME, found), marked.model) if name),
        compute_ms=answer["cpu_ms"] + found.compute_ms + marked.compute_ms + told_ms,
        looks=msgspec.convert(answer["looks"], list[ShotLook]),
        transitions=transitions,
        mouths=marked.mouths,
        voice=voice,
        turns=turns,
    )
