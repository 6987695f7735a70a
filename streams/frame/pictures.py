"""Child process of frame: every picture of a clip decoded once, at low size: exact shots, small pictures for faces.

Runs in the sandbox; never talks to the network and never sees more of the source than its descriptor.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np

from schemas.documents import SourceIndex, VideoTrack
from schemas.media import TimeRange
from streams.adapters.media.reader import Reader, display_array
from streams.frame.cuts import CUT_MIN, find_boundaries
from streams.frame.detail import Detail, look_of, measure_detail
from streams.sight.canvas import Canvas, fit_canvas, write_picture
from streams.sight.luma import Measure, difference, measure_frame

FACE_AREA_PX = 320 * 192
FACE_GAP_MS = 160
"""About six looks for faces a second, and one right after each cut."""
MARGIN_MS = 500
"""Pictures before and after the clip that are measured too: a cut at its edge needs both sides."""


class Seen(msgspec.Struct):
    """What grows while pictures go by."""

    at_ms: list[int] = []
    measures: list[Measure] = []
    face_ms: list[int] = []
    details: list[Detail] = []

    def wants_faces(self, at_ms: int, measure: Measure) -> bool:
        """True when the last look is long ago, or the picture may start a shot."""
        if not self.face_ms or at_ms - self.face_ms[-1] >= FACE_GAP_MS:
            return True
        return bool(self.measures) and difference(self.measures[-1], measure) > CUT_MIN


def _decode(
    reader: Reader, track: VideoTrack, clip: TimeRange, canvas: Canvas, file: BinaryIO, report: Callable[[int], None]
) -> Seen:
    seen = Seen()
    padded = TimeRange(start_ms=max(0, clip.start_ms - MARGIN_MS), end_ms=clip.end_ms + MARGIN_MS)
    for at_ms, frame in reader.pictures(padded):
        if frame.is_corrupt and seen.at_ms:
            continue  # smeared blocks would pass for a cut
        measure = measure_frame(frame)
        if clip.start_ms <= at_ms < clip.end_ms and seen.wants_faces(at_ms, measure):
            picture = display_array(frame, track, canvas.inner_width, canvas.inner_height)
            write_picture(file, canvas, picture)
            seen.face_ms.append(at_ms)
            seen.details.append(measure_detail(picture, seen.details[-1] if seen.details else None))
        seen.at_ms.append(at_ms)
        seen.measures.append(measure)
        report(len(seen.at_ms))
    return seen


def shots_of(seen: Seen, clip: TimeRange) -> list[TimeRange]:
    """The shots of the clip: they cover it without a gap."""
    if not seen.at_ms:
        return [clip]
    boundaries = find_boundaries(
        np.asarray(seen.at_ms, np.int64),
        np.stack([measure.blocks for measure in seen.measures]),
        np.stack([measure.histogram for measure in seen.measures]),
    )
    edges = [clip.start_ms, *(b.at_ms for b in boundaries if clip.start_ms < b.at_ms < clip.end_ms), clip.end_ms]
    return [TimeRange(start_ms=start, end_ms=end) for start, end in pairwise(edges)]


def main(args: dict[str, Any], source: BinaryIO | None, report: Callable[[int], None]) -> dict[str, Any]:
    """Look at every picture of ``args["start_ms"]..args["end_ms"]`` of the source whose index is ``args["index"]``.

    Leaves ``faces.raw`` in ``args["scratch"]``. Returns ``shots`` [[start_ms, end_ms]], ``looks`` (ShotLook each),
    ``face_ms`` (the times in ``faces.raw``), ``canvas`` and ``pictures`` (how many were decoded).
    """
    index = msgspec.json.decode(Path(args["index"]).read_bytes(), type=SourceIndex)
    if source is None or index.video is None:
        raise ValueError("frame was asked for the pictures of a source that has none")
    clip = TimeRange(start_ms=args["start_ms"], end_ms=args["end_ms"])
    canvas = fit_canvas(index.video, FACE_AREA_PX)
    with (Path(args["scratch"]) / "faces.raw").open("wb") as file:
        seen = _decode(Reader(source, index), index.video, clip, canvas, file, report)
    shots = shots_of(seen, clip)
    looks = [look_of(number, shot, seen.face_ms, seen.details) for number, shot in enumerate(shots)]
    return {
        "shots": [(shot.start_ms, shot.end_ms) for shot in shots],
        "looks": msgspec.to_builtins([look for look in looks if look is not None]),
        "face_ms": seen.face_ms,
        "canvas": msgspec.to_builtins(canvas),
        "pictures": len(seen.at_ms),
    }
