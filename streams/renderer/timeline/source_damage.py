"""Where a clip's source could not be read: what stands still, what is silent; told, or too much. Opens no media."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import Rejected
from core.media.decode.timestamps import stream_us
from schemas.common import TimeRange
from schemas.documents.source import SourceIndex
from streams.renderer.timeline.frame_rate import declared_rate, find_steady_rate, frame_periods_us

MIN_FROZEN_MS = 500
MIN_FROZEN_PERIODS = 4
"""A steady source stands still when no picture comes for so many of its periods, and for `FROZEN_MS`."""
MAX_SAMPLED_PERIODS = 2_000
"""Of the source's periods: an hour has a hundred thousand, and weighing all takes a second and a half."""
MAX_LOST_AUDIO_MS = 100
MAX_FROZEN_RATIO = 0.5
"""Of a clip that stands still for more than this share nobody has any use."""


def max_still_ms(index: SourceIndex) -> float:
    """How long a source may stand still before its pictures are thought lost; for ever where it is not steady.

    Raises ValueError when it has no pictures.
    """
    if index.video is None:
        raise ValueError("the source has no pictures")
    periods = frame_periods_us(TimeRange(start_ms=0, end_ms=index.duration_ms), index, MAX_SAMPLED_PERIODS)
    rate = find_steady_rate(periods, declared_rate(index.video))
    return float("inf") if rate is None else max(MIN_FROZEN_MS, MIN_FROZEN_PERIODS * 1000 / float(rate))


class FreezeDetector:
    """Watches the times of a stretch's pictures. A source that is not steady (a screen) may stand still as it likes."""

    def __init__(
        self,
        clip: TimeRange,
        index: SourceIndex,
        begins_ms: float = 0.0,
        *,
        speed: float = 1.0,
        limit_ms: float | None = None,
    ) -> None:
        """``begins_ms``: when the stretch is played, at ``speed``; ``limit_ms``: `still_ms`, where that is known.

        Raises ValueError when the source has no pictures.
        """
        if index.video is None:
            raise ValueError("the source has no pictures")
        starts_us = stream_us(index.video.start_pts, index.video.time_base) - index.origin_us
        self._clip = clip
        self._begins_ms, self._speed = begins_ms, speed
        self._last_ms = max(clip.start_ms, starts_us // 1000)
        self._end_ms = min(clip.end_ms, starts_us // 1000 + index.video.duration_ms)
        self._limit_ms = max_still_ms(index) if limit_ms is None else limit_ms
        self._stretches: list[TimeRange] = []

    def advance(self, at_ms: int) -> None:
        """The next picture that is shown is of this time."""
        if at_ms - self._last_ms > self._limit_ms:
            self._stretches.append(TimeRange(start_ms=self._last_ms, end_ms=at_ms))
        self._last_ms = max(self._last_ms, at_ms)

    def warnings(self) -> list[str]:
        """Warnings, to be asked for once, after the last picture."""
        last_ms = self._last_ms
        warnings = [
            f"video.frozen: {stretch.length_ms} ms stand still, {self._output_ms(stretch.start_ms)} ms in: "
            "the source's pictures there cannot be read"
            for stretch in self._stretches
        ]
        as_it_may = self._end_ms - last_ms <= self._limit_ms
        if self._clip.end_ms - (max(last_ms, self._end_ms) if as_it_may else last_ms) > MIN_FROZEN_MS:
            warnings.append(f"video.frozen: the last {self._clip.end_ms - last_ms} ms stand still")
        self.advance(self._end_ms)
        return warnings

    def _output_ms(self, at_ms: int) -> int:
        return round(self._begins_ms + (at_ms - self._clip.start_ms) / self._speed)

    @property
    def lost_ms(self) -> int:
        """How long nothing moved."""
        return sum(stretch.length_ms for stretch in self._stretches)

    @property
    def length_ms(self) -> int:
        """Of the stretch."""
        return self._clip.length_ms


def freeze_warnings(detectors: Sequence[FreezeDetector]) -> list[str]:
    """Warnings of all stretches of a clip. Raises Rejected where too much of them stands still."""
    warnings = [sentence for detector in detectors for sentence in detector.warnings()]
    if sum(detector.lost_ms for detector in detectors) > MAX_FROZEN_RATIO * sum(
        detector.length_ms for detector in detectors
    ):
        raise Rejected("media.damaged", "Most of the pictures in this part of the file cannot be read.")
    return warnings


def silence_warnings(clip: TimeRange, index: SourceIndex, heard_ms: float) -> list[str]:
    """A warning where less of the clip was heard than its source's sound lasts there."""
    if index.audio is None:
        return []
    start_ms = stream_us(index.audio.start_pts, index.audio.time_base) / 1000 - index.origin_us / 1000
    expected_ms = min(clip.end_ms, start_ms + index.audio.duration_ms) - max(clip.start_ms, start_ms)
    lost_ms = expected_ms - heard_ms
    if lost_ms <= MAX_LOST_AUDIO_MS:
        return []
    return [f"audio.damaged: {lost_ms / 1000:.1f} s of the sound cannot be read; it is silent there"]
