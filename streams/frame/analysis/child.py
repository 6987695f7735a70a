"""Child process of frame: every picture of a clip decoded once, at low size: exact shots, small pictures for faces.

Runs in the sandbox; never talks to the network and never sees more of the source than its descriptor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, BinaryIO

import av
import msgspec
import numpy as np
from numpy.typing import NDArray

from core.media.decode.display import is_hdr
from core.media.decode.reader import Reader, display_array
from core.media.decode.timestamps import shown_since
from schemas.common import Box, CropBox, TimeRange
from schemas.documents.clip_tracks import VoiceCurve
from schemas.documents.scene import Transition
from schemas.documents.source import SourceIndex, VideoTrack
from streams.frame.analysis.saliency import Detail, measure_detail, summarise_shot
from streams.frame.analysis.sound_level import gather_samples, measure_voice_curve
from streams.frame.analysis.text_tracking import track_text_lines
from streams.vision.canvas import Canvas, fit_canvas, write_grey, write_picture
from streams.vision.frame_stats import Measure, difference, measure_frame
from streams.vision.hard_cuts import CUT_MIN
from streams.vision.letterbox import SAMPLE_MAX_WIDTH_PX, LineBrightness, find_content_area, measure_lines
from streams.vision.screen_detection import measure_graphic, screen_probability
from streams.vision.shot_detection import find_transitions
from streams.vision.text_detection import find_text_lines

FACE_AREA_PX = 320 * 192
FACE_GAP_MS = 160
"""About six looks for faces a second, and one right after each cut."""
MOUTH_AREA_PX = 640 * 360
"""Larger, for lips; grey, to keep the file small: a minute of it takes 200 MB of the scratch folder."""
MOUTH_GAP_MS = 64
"""Twelve to fifteen looks at lips a second: syllables come four or five a second."""
SCREEN_GAP_MS = 640
MARGIN_MS = 500
"""Pictures before and after the clip that are measured too: a cut at its edge needs both sides."""


class FrameMeasurements(msgspec.Struct):
    """What grows while pictures go by."""

    at_ms: list[int] = []
    measures: list[Measure] = []
    face_ms: list[int] = []
    details: list[Detail] = []
    mouth_ms: list[int] = []
    screens: list[tuple[int, float]] = []
    """Times, and how surely a screen or a slide is shown."""
    lines: list[LineBrightness] = []
    """At the same times, how bright the picture is along its sides."""
    letters: list[tuple[int, list[Box]]] = []
    """Times, and where lines of letters stand, in pixels of the grey pictures."""

    def wants_faces(self, at_ms: int, measure: Measure) -> bool:
        """True when the last look is long ago, or the picture may start a shot."""
        if not self.face_ms or at_ms - self.face_ms[-1] >= FACE_GAP_MS:
            return True
        return bool(self.measures) and difference(self.measures[-1], measure) > CUT_MIN

    def wants_mouths(self, at_ms: int) -> bool:
        """True when the last look at lips is long ago."""
        return not self.mouth_ms or at_ms - self.mouth_ms[-1] >= MOUTH_GAP_MS

    def wants_screen(self, at_ms: int) -> bool:
        """True when it was long ago that a screen was looked for."""
        return not self.screens or at_ms - self.screens[-1][0] >= SCREEN_GAP_MS

    def wants_letters(self, at_ms: int) -> bool:
        """True when it was long ago that letters were looked for."""
        return not self.letters or at_ms - self.letters[-1][0] >= SCREEN_GAP_MS

    def screen_in(self, time: TimeRange) -> float | None:
        """How surely a stretch shows a screen: the median of its looks; None without any."""
        inside = [value for at_ms, value in self.screens if time.start_ms <= at_ms < time.end_ms]
        return round(median(inside), 3) if inside else None

    def content_in(self, time: TimeRange, track: VideoTrack) -> CropBox | None:
        """The picture of a stretch without its black bars; None without any."""
        looks = zip(self.screens, self.lines, strict=True)
        inside = [lines for (at_ms, _), lines in looks if time.start_ms <= at_ms < time.end_ms]
        return find_content_area(inside, track.display_width, track.display_height)


def _decode(
    reader: Reader,
    index: SourceIndex,
    clip: TimeRange,
    faces: tuple[Canvas, BinaryIO],
    mouths: tuple[Canvas, BinaryIO],
    report: Callable[[int], None],
) -> FrameMeasurements:
    track, (canvas, file), seen = index.video, faces, FrameMeasurements()
    assert track is not None
    for at_ms, frame in _frames_around(reader, index, clip):
        if frame.is_corrupt and seen.at_ms:
            continue  # smeared blocks would pass for a cut
        measure = measure_frame(frame)
        if clip.start_ms <= at_ms < clip.end_ms and seen.wants_faces(at_ms, measure):
            picture = display_array(frame, track, canvas.inner_width, canvas.inner_height)
            write_picture(file, canvas, picture)
            seen.face_ms.append(at_ms)
            seen.details.append(measure_detail(picture, seen.details[-1] if seen.details else None))
            if seen.wants_screen(at_ms):
                seen.screens.append((at_ms, screen_probability(measure_graphic(picture))))
                seen.lines.append(_measure_sides(frame, track, picture))
        if clip.start_ms <= at_ms < clip.end_ms and seen.wants_mouths(at_ms):
            wide, high = mouths[0].inner_width, mouths[0].inner_height
            grey = display_array(frame, track, wide, high, "gray")
            write_grey(mouths[1], mouths[0], grey)
            seen.mouth_ms.append(at_ms)
            if seen.wants_letters(at_ms):
                seen.letters.append((at_ms, find_text_lines(grey)))
        seen.at_ms.append(at_ms)
        seen.measures.append(measure)
        report(len(seen.at_ms))
    return seen


def _frames_around(reader: Reader, index: SourceIndex, clip: TimeRange) -> Iterator[tuple[int, av.VideoFrame]]:
    """The pictures of a clip and around it; one that came long before it (a screen's) and is still on is its first."""
    start_ms = max(0, clip.start_ms - MARGIN_MS)
    since_ms = shown_since(index, sorted(index.packets.pts) if index.packets else [], clip.start_ms)
    around = TimeRange(start_ms=min(start_ms, since_ms), end_ms=clip.end_ms + MARGIN_MS)
    for at_ms, frame in reader.pictures(around):
        yield at_ms if at_ms >= start_ms else clip.start_ms, frame


def _measure_sides(frame: av.VideoFrame, track: VideoTrack, small: NDArray[np.uint8]) -> LineBrightness:
    """Of a large grey picture; of the small one where making another costs seconds."""
    if is_hdr(frame):
        return measure_lines(small.max(axis=2))
    width = min(SAMPLE_MAX_WIDTH_PX, track.display_width)
    height = max(2, round(track.display_height * width / track.display_width))
    return measure_lines(display_array(frame, track, width, height, "gray"))


def shots_of(transitions: Sequence[Transition], clip: TimeRange) -> list[TimeRange]:
    """The shots of the clip: they cover it without a gap."""
    inside = (one.at_ms for one in transitions if clip.start_ms < one.at_ms < clip.end_ms)
    edges = [clip.start_ms, *inside, clip.end_ms]
    return [TimeRange(start_ms=start, end_ms=end) for start, end in pairwise(edges)]


def unmixed_range(transitions: Sequence[Transition], shot: TimeRange) -> TimeRange:
    """The part of a shot that shows nothing of its neighbours; all of it where nothing is left."""
    mixed = [one.range for one in transitions if one.range.overlap_ms(shot) > 0]
    start = max((part.end_ms for part in mixed if part.start_ms <= shot.start_ms), default=shot.start_ms)
    end = min((part.start_ms for part in mixed if part.end_ms >= shot.end_ms), default=shot.end_ms)
    return TimeRange(start_ms=start, end_ms=end) if start < end else shot


def _measure_voice(reader: Reader, index: SourceIndex, clip: TimeRange) -> VoiceCurve | None:
    """The level of the clip's voices; None where there is no sound, or none that can be decoded."""
    if index.audio is None:
        return None
    samples = gather_samples(reader.audio(clip), clip)
    return None if samples is None else measure_voice_curve(samples, clip.start_ms)


def _is_inside(one: Transition, clip: TimeRange) -> bool:
    return clip.start_ms < one.at_ms < clip.end_ms


def main(args: dict[str, Any], source: BinaryIO | None, report: Callable[[int], None]) -> dict[str, Any]:
    """Look at every picture of ``args["start_ms"]..args["end_ms"]`` of the source whose index is ``args["index"]``.

    Leaves ``faces.raw`` and ``mouths.raw`` in ``args["scratch"]``. Returns ``shots`` [[start_ms, end_ms]],
    ``transitions``, ``looks`` (ShotLook each), ``letters`` (Letters each), ``face_ms`` (the times in
    ``faces.raw``), ``canvas``, ``mouth_ms`` and ``fine`` (the same of ``mouths.raw``), ``voice`` (VoiceCurve or None)
    and ``pictures`` (how many were decoded).
    """
    index = msgspec.json.decode(Path(args["index"]).read_bytes(), type=SourceIndex)
    if source is None or index.video is None:
        raise ValueError("frame was asked for the pictures of a source that has none")
    clip = TimeRange(start_ms=args["start_ms"], end_ms=args["end_ms"])
    canvas, fine = fit_canvas(index.video, FACE_AREA_PX), fit_canvas(index.video, MOUTH_AREA_PX)
    scratch, reader = Path(args["scratch"]), Reader(source, index, smooth=False)
    with (scratch / "faces.raw").open("wb") as file, (scratch / "mouths.raw").open("wb") as mouths:
        seen = _decode(reader, index, clip, (canvas, file), (fine, mouths), report)
    transitions = [
        one
        for one in find_transitions(seen.at_ms, seen.measures)
        if one.range.overlap_ms(clip) or _is_inside(one, clip)
    ]
    shots = shots_of(transitions, clip)
    looks = []
    for number, shot in enumerate(shots):
        alone = unmixed_range(transitions, shot)
        look = summarise_shot(number, alone, seen.face_ms, seen.details)
        if look is not None:
            content = seen.content_in(alone, index.video)
            looks.append(msgspec.structs.replace(look, screen=seen.screen_in(alone), content=content))
    return {
        "shots": [(shot.start_ms, shot.end_ms) for shot in shots],
        "transitions": msgspec.to_builtins(transitions),
        "looks": msgspec.to_builtins(looks),
        "letters": msgspec.to_builtins(track_text_lines(seen.letters, shots, fine.scale)),
        "face_ms": seen.face_ms,
        "canvas": msgspec.to_builtins(canvas),
        "mouth_ms": seen.mouth_ms,
        "fine": msgspec.to_builtins(fine),
        "voice": msgspec.to_builtins(_measure_voice(reader, index, clip)),
        "pictures": len(seen.at_ms),
    }
