"""Child process of frame: decodes every frame of a clip once, small, for shots, faces and text.

Runs in the sandbox, without network, and sees no more of the source than its descriptor.
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
from core.media.decode.reader import SourceReader, display_array
from core.media.decode.timestamps import frame_start_ms
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
"""Pixels of a frame in which faces are searched."""
FACE_GAP_MS = 160
"""Time between two looks at faces: about six a second, and one right after each cut."""
MOUTH_AREA_PX = 640 * 360
"""Pixels of a frame for lips: larger, and grey, so that a minute takes 200 MB of scratch."""
MOUTH_GAP_MS = 64
"""Time between two looks at lips: twelve to fifteen a second, for four or five syllables."""
SCREEN_GAP_MS = 640
"""Time between two looks for screens, bars and text."""
MARGIN_MS = 500
"""Time before and after the clip that is measured too: a cut at its edge needs both sides."""


class FrameMeasurements(msgspec.Struct):
    """Measurements that accumulate while frames are decoded."""

    at_ms: list[int] = []
    measures: list[Measure] = []
    face_ms: list[int] = []
    details: list[Detail] = []
    mouth_ms: list[int] = []
    screens: list[tuple[int, float]] = []
    """Times, and the probability of a screen or a slide."""
    lines: list[LineBrightness] = []
    """At the same times, how bright the frame is along its sides."""
    letters: list[tuple[int, list[Box]]] = []
    """Times, and boxes of text lines in pixels of the grey frames."""

    def wants_faces(self, at_ms: int, measure: Measure) -> bool:
        """Tell whether the last look is long ago, or the frame may start a shot."""
        if not self.face_ms or at_ms - self.face_ms[-1] >= FACE_GAP_MS:
            return True
        return bool(self.measures) and difference(self.measures[-1], measure) > CUT_MIN

    def wants_mouths(self, at_ms: int) -> bool:
        """Tell whether the last look at lips is long ago."""
        return not self.mouth_ms or at_ms - self.mouth_ms[-1] >= MOUTH_GAP_MS

    def wants_screen(self, at_ms: int) -> bool:
        """Tell whether the last look for a screen is long ago."""
        return not self.screens or at_ms - self.screens[-1][0] >= SCREEN_GAP_MS

    def wants_letters(self, at_ms: int) -> bool:
        """Tell whether the last look for text is long ago."""
        return not self.letters or at_ms - self.letters[-1][0] >= SCREEN_GAP_MS

    def screen_in(self, time: TimeRange) -> float | None:
        """Return the median probability of a screen in a time range; None without looks."""
        inside = [value for at_ms, value in self.screens if time.start_ms <= at_ms < time.end_ms]
        return round(median(inside), 3) if inside else None

    def content_in(self, time: TimeRange, track: VideoTrack) -> CropBox | None:
        """Return the frame without black bars in a time range; None without bars."""
        looks = zip(self.screens, self.lines, strict=True)
        inside = [lines for (at_ms, _), lines in looks if time.start_ms <= at_ms < time.end_ms]
        return find_content_area(inside, track.display_width, track.display_height)


def _decode(
    reader: SourceReader,
    index: SourceIndex,
    clip: TimeRange,
    faces: tuple[Canvas, BinaryIO],
    mouths: tuple[Canvas, BinaryIO],
    report: Callable[[int], None],
) -> FrameMeasurements:
    track, (canvas, file), measurements = index.video, faces, FrameMeasurements()
    assert track is not None
    for at_ms, frame in _frames_around(reader, index, clip):
        if frame.is_corrupt and measurements.at_ms:
            continue  # smeared blocks would pass for a cut
        measure = measure_frame(frame)
        if clip.start_ms <= at_ms < clip.end_ms and measurements.wants_faces(at_ms, measure):
            picture = display_array(frame, track, canvas.inner_width, canvas.inner_height)
            write_picture(file, canvas, picture)
            measurements.face_ms.append(at_ms)
            measurements.details.append(
                measure_detail(picture, measurements.details[-1] if measurements.details else None)
            )
            if measurements.wants_screen(at_ms):
                measurements.screens.append((at_ms, screen_probability(measure_graphic(picture))))
                measurements.lines.append(_measure_sides(frame, track, picture))
        if clip.start_ms <= at_ms < clip.end_ms and measurements.wants_mouths(at_ms):
            wide, high = mouths[0].inner_width, mouths[0].inner_height
            grey = display_array(frame, track, wide, high, "gray")
            write_grey(mouths[1], mouths[0], grey)
            measurements.mouth_ms.append(at_ms)
            if measurements.wants_letters(at_ms):
                measurements.letters.append((at_ms, find_text_lines(grey)))
        measurements.at_ms.append(at_ms)
        measurements.measures.append(measure)
        report(len(measurements.at_ms))
    return measurements


def _frames_around(reader: SourceReader, index: SourceIndex, clip: TimeRange) -> Iterator[tuple[int, av.VideoFrame]]:
    """Decode the frames of a clip and around it.

    A frame that came long before the clip (a screen recording's) and is still shown becomes its first.
    """
    start_ms = max(0, clip.start_ms - MARGIN_MS)
    since_ms = frame_start_ms(index, sorted(index.packets.pts) if index.packets else [], clip.start_ms)
    around = TimeRange(start_ms=min(start_ms, since_ms), end_ms=clip.end_ms + MARGIN_MS)
    for at_ms, frame in reader.read_frames(around):
        yield at_ms if at_ms >= start_ms else clip.start_ms, frame


def _measure_sides(frame: av.VideoFrame, track: VideoTrack, small: NDArray[np.uint8]) -> LineBrightness:
    """Measure the sides of a large grey frame, or of the small one where scaling takes seconds (HDR)."""
    if is_hdr(frame):
        return measure_lines(small.max(axis=2))
    width = min(SAMPLE_MAX_WIDTH_PX, track.display_width)
    height = max(2, round(track.display_height * width / track.display_width))
    return measure_lines(display_array(frame, track, width, height, "gray"))


def shots_of(transitions: Sequence[Transition], clip: TimeRange) -> list[TimeRange]:
    """Return the shots of the clip: they cover it without a gap."""
    inside = (transition.at_ms for transition in transitions if clip.start_ms < transition.at_ms < clip.end_ms)
    edges = [clip.start_ms, *inside, clip.end_ms]
    return [TimeRange(start_ms=start, end_ms=end) for start, end in pairwise(edges)]


def unmixed_range(transitions: Sequence[Transition], shot: TimeRange) -> TimeRange:
    """Return the part of a shot that shows nothing of its neighbours; all of it if none is left."""
    mixed = [transition.range for transition in transitions if transition.range.overlap_ms(shot) > 0]
    start = max((part.end_ms for part in mixed if part.start_ms <= shot.start_ms), default=shot.start_ms)
    end = min((part.start_ms for part in mixed if part.end_ms >= shot.end_ms), default=shot.end_ms)
    return TimeRange(start_ms=start, end_ms=end) if start < end else shot


def _measure_voice(reader: SourceReader, index: SourceIndex, clip: TimeRange) -> VoiceCurve | None:
    """Measure the level of the clip's voices; None without sound that can be decoded."""
    if index.audio is None:
        return None
    samples = gather_samples(reader.read_audio(clip), clip)
    return None if samples is None else measure_voice_curve(samples, clip.start_ms)


def _is_inside(transition: Transition, clip: TimeRange) -> bool:
    return clip.start_ms < transition.at_ms < clip.end_ms


def main(args: dict[str, Any], source: BinaryIO | None, report: Callable[[int], None]) -> dict[str, Any]:
    """Analyse every frame of ``args["start_ms"]..args["end_ms"]`` of the source.

    ``args["index"]``: path of its index. Leaves ``faces.raw`` and ``mouths.raw`` in ``args["scratch"]``. Returns
    ``shots`` [[start_ms, end_ms]], ``transitions``, ``looks`` (ShotLook each), ``letters`` (Letters each), ``face_ms``
    (the times in ``faces.raw``), ``canvas``, ``mouth_ms`` and ``fine`` (the same of ``mouths.raw``), ``voice``
    (VoiceCurve or None) and ``pictures`` (how many frames were decoded).
    """
    index = msgspec.json.decode(Path(args["index"]).read_bytes(), type=SourceIndex)
    if source is None or index.video is None:
        raise ValueError("frame was asked for the pictures of a source that has none")
    clip = TimeRange(start_ms=args["start_ms"], end_ms=args["end_ms"])
    canvas, fine = fit_canvas(index.video, FACE_AREA_PX), fit_canvas(index.video, MOUTH_AREA_PX)
    scratch, reader = Path(args["scratch"]), SourceReader(source, index, deblock=False)
    with (scratch / "faces.raw").open("wb") as file, (scratch / "mouths.raw").open("wb") as mouths:
        measurements = _decode(reader, index, clip, (canvas, file), (fine, mouths), report)
    transitions = [
        transition
        for transition in find_transitions(measurements.at_ms, measurements.measures)
        if transition.range.overlap_ms(clip) or _is_inside(transition, clip)
    ]
    shots = shots_of(transitions, clip)
    looks = []
    for number, shot in enumerate(shots):
        alone = unmixed_range(transitions, shot)
        look = summarise_shot(number, alone, measurements.face_ms, measurements.details)
        if look is not None:
            content = measurements.content_in(alone, index.video)
            looks.append(msgspec.structs.replace(look, screen=measurements.screen_in(alone), content=content))
    return {
        "shots": [(shot.start_ms, shot.end_ms) for shot in shots],
        "transitions": msgspec.to_builtins(transitions),
        "looks": msgspec.to_builtins(looks),
        "letters": msgspec.to_builtins(track_text_lines(measurements.letters, shots, fine.scale)),
        "face_ms": measurements.face_ms,
        "canvas": msgspec.to_builtins(canvas),
        "mouth_ms": measurements.mouth_ms,
        "fine": msgspec.to_builtins(fine),
        "voice": msgspec.to_builtins(_measure_voice(reader, index, clip)),
        "pictures": len(measurements.at_ms),
    }
