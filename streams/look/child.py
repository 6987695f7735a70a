"""Child process of look: measures sparse frames of a span, shrinks them for detectors and thumbnails.

Runs in the sandbox, without network, and sees no more of the source than its descriptor.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from PIL import Image

from core.media.decode.reader import SourceReader, display_array
from schemas.common import TimeRange
from schemas.documents.source import SourceIndex, VideoTrack
from schemas.documents.span import ShotChange
from streams.look.shot_changes import SparseFrame, find_changes, refine_change, refinement_range, select_changes
from streams.vision.canvas import fit_canvas, write_picture
from streams.vision.frame_stats import Measure, difference, measure_frame
from streams.vision.screen_detection import measure_graphic, screen_probability
from streams.vision.shot_detection import find_transitions

FACE_AREA_PX = 320 * 192
"""Pixels of a frame in which faces are searched."""
GAP_MS = 5_000
"""Longest gap between two frames."""
SMALL_GAP_MS = 1_000
"""Shortest gap between two frames."""
MIN_FRAMES = 12
"""Minimum frames of a short span; all of it may be decoded then, at 0.08 CPU-s a second of 1080p."""
MAX_SMALL_PX = 640 * 360
"""Coded pixels up to which a frame every second costs next to nothing."""
THUMBNAIL_GAP_MS = 10_000
"""Gap between two thumbnails."""
THUMBNAIL_PX = 320
"""Maximum width of a thumbnail."""


def frame_gap_ms(track: VideoTrack, span_ms: int) -> int:
    """Return the gap between frames: smaller in a short span, so that its frames can be compared."""
    if track.coded_width * track.coded_height <= MAX_SMALL_PX:
        return SMALL_GAP_MS
    return max(SMALL_GAP_MS, min(GAP_MS, span_ms // MIN_FRAMES))


def thumbnail_size(track: VideoTrack) -> tuple[int, int]:
    """Return width and height, at most ``THUMBNAIL_PX`` wide, even."""
    scale = min(1.0, THUMBNAIL_PX / track.display_width)
    return 2 * max(1, round(track.display_width * scale / 2)), 2 * max(1, round(track.display_height * scale / 2))


def refine_in_frames(reader: SourceReader, change: ShotChange) -> list[ShotChange]:
    """Find the exact changes of shot within a sparse one; none where the camera moved."""
    at_ms: list[int] = []
    measures: list[Measure] = []
    for when, frame in reader.read_frames(refinement_range(change)):
        if not frame.is_corrupt:
            at_ms.append(when)
            measures.append(measure_frame(frame))
    return refine_change(change, find_transitions(at_ms, measures)) if len(at_ms) > 1 else [change]


def main(args: dict[str, Any], source: BinaryIO | None, report: Callable[[int], None]) -> dict[str, Any]:
    """Measure the span ``args["start_ms"]..args["end_ms"]`` of the source indexed in ``args["index"]``.

    Leaves ``faces.raw`` and ``thumbnail-<ms>.jpg`` in ``args["scratch"]``. Returns ``pictures`` [[at_ms, brightness,
    difference]], ``screens`` (probabilities), ``shots`` (ShotChange each), ``canvas``, ``thumbnails`` [at_ms].
    """
    index = msgspec.json.decode(Path(args["index"]).read_bytes(), type=SourceIndex)
    scratch, track = Path(args["scratch"]), index.video
    if source is None or track is None:
        raise ValueError("look was asked for the pictures of a source that has none")
    span = TimeRange(start_ms=args["start_ms"], end_ms=args["end_ms"])
    canvas = fit_canvas(track, FACE_AREA_PX)
    pictures: list[SparseFrame] = []
    screens: list[float] = []
    thumbnails: list[int] = []
    last: Measure | None = None
    with (scratch / "faces.raw").open("wb") as file:
        gap_ms = frame_gap_ms(track, span.length_ms)
        reader = SourceReader(source, index)
        for at_ms, frame in reader.read_sparse_frames(span, gap_ms=gap_ms, far_keys_ms=gap_ms):
            measure = measure_frame(frame)
            changed = difference(last, measure) if last is not None else 0.0
            pictures.append((at_ms, round(measure.brightness, 2), round(changed, 4)))
            last = measure
            picture = display_array(frame, track, canvas.inner_width, canvas.inner_height)
            write_picture(file, canvas, picture)
            screens.append(screen_probability(measure_graphic(picture)))
            if not thumbnails or at_ms - thumbnails[-1] >= THUMBNAIL_GAP_MS:
                thumbnails.append(at_ms)
                image = Image.fromarray(display_array(frame, track, *thumbnail_size(track)))
                image.save(scratch / f"thumbnail-{at_ms}.jpg", quality=80, optimize=True)
            report(len(pictures))
    changes = find_changes(pictures)
    selected_changes = select_changes(changes, span_ms=span.length_ms, pixels=track.coded_width * track.coded_height)
    unsmoothed = SourceReader(source, index, deblock=False)
    shots = [
        shot
        for change in changes
        for shot in (refine_in_frames(unsmoothed, change) if change in selected_changes else [change])
    ]
    return {
        "pictures": pictures,
        "screens": screens,
        "shots": msgspec.to_builtins(shots),
        "canvas": msgspec.to_builtins(canvas),
        "thumbnails": thumbnails,
    }
