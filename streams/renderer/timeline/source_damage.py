"""Detects frozen video and lost audio of a damaged source, and refuses clips with too much of it."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import InputRejected
from core.media.decode.timestamps import stream_us
from schemas.common import TimeRange
from schemas.documents.source import SourceIndex
from streams.renderer.timeline.frame_rate import declared_rate, find_steady_rate, frame_periods_us

MIN_FROZEN_MS = 500
"""A steady source is frozen where no frame comes for this long, and for `MIN_FROZEN_PERIODS`."""
MIN_FROZEN_PERIODS = 4
"""Frame periods without a frame after which a steady source is frozen."""
MAX_SAMPLED_PERIODS = 2_000
"""Periods of the source that are examined: an hour has a hundred thousand, which take 1.5 s."""
MAX_LOST_AUDIO_MS = 100
"""Lost audio that is not worth a warning."""
MAX_FROZEN_RATIO = 0.5
"""A clip that is frozen for a larger share than this is refused."""


def max_still_ms(index: SourceIndex) -> float:
    """The longest still range before frames count as lost; infinite where the rate is not steady.

    Raises ValueError without video.
    """
    if index.video is None:
        raise ValueError("the source has no pictures")
    periods = frame_periods_us(TimeRange(start_ms=0, end_ms=index.duration_ms), index, MAX_SAMPLED_PERIODS)
    rate = find_steady_rate(periods, declared_rate(index.video))
    return float("inf") if rate is None else max(MIN_FROZEN_MS, MIN_FROZEN_PERIODS * 1000 / float(rate))


class FreezeDetector:
    """Finds frozen ranges in the times of a part's frames. Irregular sources (screens) may stand still."""

    def __init__(
        self,
        clip: TimeRange,
        index: SourceIndex,
        begins_ms: float = 0.0,
        *,
        speed: float = 1.0,
        limit_ms: float | None = None,
    ) -> None:
        """``begins_ms``: output time of the range; ``limit_ms``: `max_still_ms`, where it is known already.

        Raises ValueError without video.
        """
        if index.video is None:
            raise ValueError("the source has no pictures")
        starts_us = stream_us(index.video.start_pts, index.video.time_base) - index.origin_us
        self._clip = clip
        self._begins_ms, self._speed = begins_ms, speed
        self._last_ms = max(clip.start_ms, starts_us // 1000)
        self._end_ms = min(clip.end_ms, starts_us // 1000 + index.video.duration_ms)
        self._limit_ms = max_still_ms(index) if limit_ms is None else limit_ms
        self._frozen_ranges: list[TimeRange] = []

    def advance(self, at_ms: int) -> None:
        """Note the time of the next shown frame."""
        if at_ms - self._last_ms > self._limit_ms:
            self._frozen_ranges.append(TimeRange(start_ms=self._last_ms, end_ms=at_ms))
        self._last_ms = max(self._last_ms, at_ms)

    def warnings(self) -> list[str]:
        """Warnings; call once, after the last frame."""
        last_ms = self._last_ms
        warnings = [
            f"video.frozen: {time.length_ms} ms stand still, {self._output_ms(time.start_ms)} ms in: "
            "the source's pictures there cannot be read"
            for time in self._frozen_ranges
        ]
        may_be_still = self._end_ms - last_ms <= self._limit_ms
        if self._clip.end_ms - (max(last_ms, self._end_ms) if may_be_still else last_ms) > MIN_FROZEN_MS:
            warnings.append(f"video.frozen: the last {self._clip.end_ms - last_ms} ms stand still")
        self.advance(self._end_ms)
        return warnings

    def _output_ms(self, at_ms: int) -> int:
        return round(self._begins_ms + (at_ms - self._clip.start_ms) / self._speed)

    @property
    def lost_ms(self) -> int:
        """Total duration of the frozen ranges."""
        return sum(time.length_ms for time in self._frozen_ranges)

    @property
    def length_ms(self) -> int:
        """Duration of the source range."""
        return self._clip.length_ms


def freeze_warnings(detectors: Sequence[FreezeDetector]) -> list[str]:
    """Warnings of all parts of a clip. Raises InputRejected where too much of it is frozen."""
    warnings = [sentence for detector in detectors for sentence in detector.warnings()]
    if sum(detector.lost_ms for detector in detectors) > MAX_FROZEN_RATIO * sum(
        detector.length_ms for detector in detectors
    ):
        raise InputRejected("media.damaged", "Most of the pictures in this part of the file cannot be read.")
    return warnings


def silence_warnings(clip: TimeRange, index: SourceIndex, decoded_ms: float) -> list[str]:
    """A warning where less audio was decoded than the source has in the range."""
    if index.audio is None:
        return []
    start_ms = stream_us(index.audio.start_pts, index.audio.time_base) / 1000 - index.origin_us / 1000
    expected_ms = min(clip.end_ms, start_ms + index.audio.duration_ms) - max(clip.start_ms, start_ms)
    lost_ms = expected_ms - decoded_ms
    if lost_ms <= MAX_LOST_AUDIO_MS:
        return []
    return [f"audio.damaged: {lost_ms / 1000:.1f} s of the sound cannot be read; it is silent there"]
