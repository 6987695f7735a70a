"""The output clock: which source frame and which crop each output frame shows. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from math import ceil
from typing import TypeVar

from core.domain.editing.clock import length_ms, single_segment
from schemas.common import Aspect, TimeRange, Value
from schemas.documents.edit import PlacedSegment
from schemas.documents.frame_plan import FramePlan, ShotCrop
from schemas.documents.source import SourceIndex
from streams.renderer.timeline.frame_rate import MIN_RATE, output_rate

Picture = TypeVar("Picture")
MAX_EARLY_MS = 50
"""A word is highlighted at most this long before it is heard."""

OUTPUT_SIZES: dict[Aspect, tuple[int, int]] = {
    "9:16": (1080, 1920),
    "4:5": (1080, 1350),
    "1:1": (1080, 1080),
    "16:9": (1920, 1080),
}


class Slot(Value, frozen=True, kw_only=True):
    """An output frame: its number and its time from the clip's start."""

    number: int
    at_ms: float
    lit_ms: float | None = None

    @property
    def words_ms(self) -> float:
        """The time whose words it shows: see `build_slot`."""
        return self.at_ms if self.lit_ms is None else self.lit_ms


class TimelinePart(Value, frozen=True, kw_only=True):
    """The slots of one piece, from ``first`` to before ``end``, showing the source from ``source_ms`` on."""

    first: int
    end: int
    source_ms: Fraction
    speed: Fraction = Fraction(1)
    output_ms: float = 0.0
    """Start of the piece itself: at its first slot, or up to one before it."""

    def source_ms_at(self, number: int, period_ms: Fraction) -> Fraction:
        """The source time of a slot."""
        return self.source_ms + (number - self.first) * period_ms * self.speed

    def range(self, period_ms: Fraction, lead_ms: int = 0) -> TimeRange:
        """The source range that its slots show, with a margin of ``lead_ms`` on both sides."""
        start = int(self.source_ms)
        end = start + round((self.end - self.first) * period_ms * self.speed)
        return TimeRange(start_ms=max(0, start - lead_ms), end_ms=end + lead_ms)


class OutputTimeline(Value, frozen=True, kw_only=True):
    """The output clock: ``count`` frames at a constant rate, the first at ``start_ms`` of project time."""

    start_ms: int
    rate_numerator: int
    rate_denominator: int
    count: int
    pieces: tuple[TimelinePart, ...] = ()
    """Empty: one part, unedited."""

    @property
    def timeline_parts(self) -> tuple[TimelinePart, ...]:
        """The parts in order; every slot belongs to one."""
        return self.pieces or (TimelinePart(first=0, end=self.count, source_ms=Fraction(self.start_ms)),)

    @property
    def rate(self) -> Fraction:
        """Frames per second."""
        return Fraction(self.rate_numerator, self.rate_denominator)

    @property
    def period_ms(self) -> Fraction:
        """Duration of one frame."""
        return _period_ms(self.rate_numerator, self.rate_denominator)

    @property
    def length_ms(self) -> Fraction:
        """Duration of all frames."""
        return self.count * self.period_ms

    def samples(self, sample_rate_hz: int) -> int:
        """Audio samples that last exactly as long as the frames."""
        return round(self.length_ms * sample_rate_hz / 1000)


@lru_cache(maxsize=16)
def _period_ms(rate_numerator: int, rate_denominator: int) -> Fraction:
    return Fraction(1000 * rate_denominator, rate_numerator)


def build_range_timeline(clip: TimeRange, index: SourceIndex) -> OutputTimeline:
    """Build the output clock of an unedited clip. Raises as `build_timeline`."""
    return build_timeline(single_segment(clip), index)


def build_timeline(
    played: Sequence[PlacedSegment], index: SourceIndex, min_rate: Fraction = MIN_RATE
) -> OutputTimeline:
    """Build the output clock of pieces, at the longest piece's rate and at least ``min_rate``.

    Raises ValueError when the source has no video or the pieces no length.
    """
    rate = output_rate(max((piece.source for piece in played), key=lambda time: time.length_ms), index, min_rate)
    duration_ms = _exact_ms(length_ms(played))
    count = round(duration_ms * rate / 1000)
    if count < 1:
        raise ValueError(f"a clip of {float(duration_ms):.0f} ms has no picture at {float(rate):.2f} a second")
    starts = [ceil(_exact_ms(piece.output_start_ms) * rate / 1000) for piece in played]
    ends = [*(min(start, count) for start in starts[1:]), count]
    parts = [_build_part(piece, first, end, rate) for piece, first, end in zip(played, starts, ends, strict=True)]
    return OutputTimeline(
        start_ms=played[0].source.start_ms,
        rate_numerator=rate.numerator,
        rate_denominator=rate.denominator,
        count=count,
        pieces=tuple(part for part in parts if part.end > part.first),
    )


def _exact_ms(ms: float) -> Fraction:
    """A time that was added up in floats, as a fraction."""
    return Fraction(ms).limit_denominator(100_000)


def _build_part(piece: PlacedSegment, first: int, end: int, rate: Fraction) -> TimelinePart:
    speed = _exact_ms(piece.speed)
    late_ms = first * 1000 / rate - _exact_ms(piece.output_start_ms)
    source_ms = piece.source.start_ms + late_ms * speed
    return TimelinePart(first=first, end=end, source_ms=source_ms, speed=speed, output_ms=piece.output_start_ms)


def fill_slots(
    pictures: Iterable[tuple[int, Picture]], timeline: OutputTimeline, part: TimelinePart | None = None
) -> Iterator[tuple[int, Picture, list[Slot]]]:
    """Assign source frames to output slots: ``(its ms, frame, slots)`` for each shown frame, in order.

    Slots of ``part`` only; without one, of the first part.

    A slot shows the latest frame before its middle; slots before the first frame show the first, slots after the
    last the last. Middles keep the rounding of times to ms from repeating or dropping frames.
    """
    part = part or timeline.timeline_parts[0]
    for at_ms, picture, numbers in fill_slot_numbers(pictures, timeline, part):
        yield at_ms, picture, [build_slot(number, timeline, part) for number in numbers]


def fill_slot_numbers(
    pictures: Iterable[tuple[int, Picture]], timeline: OutputTimeline, part: TimelinePart
) -> Iterator[tuple[int, Picture, range]]:
    """Assign source frames to output slots, as `fill_slots` does, with slot numbers only."""
    next_number = part.first
    pending: tuple[int, Picture] | None = None
    ends: _SlotEnds | None = None
    for at_ms, picture in pictures:
        if pending is None:
            pending = at_ms, picture
            continue
        ends = ends or _SlotEnds(
            part, timeline.period_ms, _sampling_offset(pending[0], at_ms, part, timeline.period_ms)
        )
        end = max(next_number, min(ends.before(at_ms), part.end))
        if end > next_number:
            yield pending[0], pending[1], range(next_number, end)
        next_number = end
        if next_number == part.end:
            return
        pending = at_ms, picture
    if pending is not None and next_number < part.end:
        yield pending[0], pending[1], range(next_number, part.end)


class _SlotEnds:
    """Finds the slots that sample the source before a frame begins, in whole numbers: exact and fast."""

    def __init__(self, part: TimelinePart, period_ms: Fraction, offset: Fraction) -> None:
        """``offset``: how far after its start a slot samples the source."""
        (begin, begin_over), (step, step_over) = (
            value.as_integer_ratio() for value in (part.source_ms + offset, period_ms * part.speed)
        )
        self._begin, self._begin_over, self._step_over = begin, begin_over, step_over
        self._over, self._first = begin_over * step, part.first

    def before(self, at_ms: int) -> int:
        """The first slot that samples at or after a time."""
        return self._first - (self._begin - at_ms * self._begin_over) * self._step_over // self._over


def build_slot(number: int, timeline: OutputTimeline, part: TimelinePart) -> Slot:
    """Build a slot of a part.

    Its words are those of the next full period of the source, counted from the source's beginning. So a word is
    highlighted with the same frame wherever a cut lies, at most one frame before or after it is heard.
    """
    period_ms = timeline.period_ms
    at_ms, step_ms = number * period_ms, period_ms * part.speed
    late_ms = -part.source_ms_at(number, period_ms) % step_ms / part.speed
    is_short_period = period_ms <= MAX_EARLY_MS
    return Slot(number=number, at_ms=float(at_ms), lit_ms=float(at_ms + late_ms) if is_short_period else None)


def _sampling_offset(first_ms: int, second_ms: int, part: TimelinePart, period_ms: Fraction) -> Fraction:
    """The offset of sampling from a slot's start, so that frames at a constant rate begin far from there.

    It is half a frame after the source frame that begins nearest to the part's start. Sound and video then differ
    by at most half a source frame, and rounding to ms neither repeats nor drops one.
    """
    step = Fraction(max(1, second_ms - first_ms))
    nearest = first_ms + round((part.source_ms - first_ms) / step) * step
    shift = nearest - part.source_ms
    shown_ms = period_ms * part.speed
    if abs(shift) > shown_ms:
        shift = Fraction(0)
    return shift + min(step, shown_ms) / 2


class ShotIndex:
    """Finds a plan's shot by time: the nearest one before a time, or the first."""

    def __init__(self, plan: FramePlan) -> None:
        """Raises ValueError when the plan has no shot."""
        if not plan.shots:
            raise ValueError("the frame plan has no shot")
        self._shots = sorted(plan.shots, key=lambda shot: shot.range.start_ms)
        self._starts = [shot.range.start_ms for shot in self._shots]

    def at(self, at_ms: int) -> ShotCrop:
        """The shot of a source frame."""
        return self._shots[max(0, bisect_right(self._starts, at_ms) - 1)]

    def distance_to_cut_ms(self, at_ms: int) -> int:
        """Distance to the nearest shot border; very large without one."""
        return min((abs(at_ms - start) for start in self._starts[1:]), default=2**31)
