"""Looks at every picture of a stretch of the source, once, and joins what was seen before. Never decodes here."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import msgspec

from schemas.documents import ClipTracks, ShotLook, SourceIndex
from schemas.media import TimeRange
from streams.adapters.media.handles import SourceHandle
from streams.adapters.media.sandbox import run_child
from streams.adapters.ports import Faces, Report
from streams.frame.plan import plan
from streams.frame.tracks import KEEP_SCORE, detections_of, follow
from streams.sight.canvas import Canvas
from streams.sight.faces import find_faces, model_names

__all__ = ["look_closely", "merge_tracks", "missing_time", "plan"]

MODEL = "dense-shots-1"
OVERLAP_MS = 400
"""New looks reach this far into what was seen, so that a cut at the seam is seen with both its sides."""


async def look_closely(
    clip_id: str,
    time: TimeRange,
    index: SourceIndex,
    *,
    source: SourceHandle,
    faces: Faces,
    scratch: Path,
    report: Report,
) -> ClipTracks:
    """Exact shots and face tracks of ``time``.

    ``report`` counts pictures decoded, then faces looked for. Raises Rejected (the pictures cannot be decoded) and
    Unavailable (source, detector).
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
    return ClipTracks(
        clip_id=clip_id,
        range=time,
        shots=shots,
        tracks=await asyncio.to_thread(follow, list(zip(face_ms, found.faces, strict=True)), shots),
        pictures_looked_at=answer["pictures"],
        model=model_names(MODEL, found),
        compute_ms=answer["cpu_ms"] + found.compute_ms,
        looks=msgspec.convert(answer["looks"], list[ShotLook]),
    )


def missing_time(tracks: ClipTracks, time: TimeRange) -> list[TimeRange]:
    """The stretches of ``time`` not looked at yet, each reaching a little into what was; all of it when far away."""
    seen = tracks.range
    if time.start_ms >= seen.start_ms and time.end_ms <= seen.end_ms:
        return []
    if not _touch(seen, time):
        return [time]
    stretches = []
    if time.start_ms < seen.start_ms:
        stretches.append(TimeRange(start_ms=time.start_ms, end_ms=min(seen.start_ms + OVERLAP_MS, seen.end_ms)))
    if time.end_ms > seen.end_ms:
        stretches.append(TimeRange(start_ms=max(seen.end_ms - OVERLAP_MS, seen.start_ms), end_ms=time.end_ms))
    return stretches


def _touch(one: TimeRange, other: TimeRange) -> bool:
    return one.start_ms <= other.end_ms and other.start_ms <= one.end_ms


def merge_tracks(old: ClipTracks, new: ClipTracks) -> ClipTracks:
    """What both saw, followed again over the joined shots; ``new`` alone where they do not touch."""
    if not _touch(old.range, new.range):
        return new
    time = TimeRange(
        start_ms=min(old.range.start_ms, new.range.start_ms), end_ms=max(old.range.end_ms, new.range.end_ms)
    )
    inner = {shot.start_ms for part in (old, new) for shot in part.shots if shot.start_ms > part.range.start_ms}
    edges = [time.start_ms, *sorted(inner), time.end_ms]
    shots = [TimeRange(start_ms=start, end_ms=end) for start, end in pairwise(edges)]
    return ClipTracks(
        clip_id=old.clip_id,
        range=time,
        shots=shots,
        tracks=follow(detections_of([*old.tracks, *new.tracks]), shots),
        pictures_looked_at=old.pictures_looked_at + new.pictures_looked_at,
        model=new.model,
        compute_ms=old.compute_ms + new.compute_ms,
        looks=_join_looks(old, new, shots),
    )


def _join_looks(old: ClipTracks, new: ClipTracks, shots: Sequence[TimeRange]) -> list[ShotLook]:
    """For each joined shot the look of the part that saw most of it."""
    joined = []
    for number, shot in enumerate(shots):
        seen = [(part.shots[look.shot].overlap_ms(shot), look) for part in (old, new) for look in part.looks]
        most, look = max(seen, key=lambda pair: pair[0], default=(0, None))
        if look is not None and most > 0:
            joined.append(msgspec.structs.replace(look, shot=number))
    return joined
