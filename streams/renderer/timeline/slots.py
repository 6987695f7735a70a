"""The output's clock: which source picture and which crop each output picture shows. Pure; never decodes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from math import ceil
from typing import TypeVar

from core.domain.editing.clock import length_ms, whole
from schemas.common import Aspect, TimeRange, Value
from schemas.documents.edit import Piece
from schemas.documents.frame_plan import FramePlan, ShotCrop
from schemas.documents.source import SourceIndex
from streams.renderer.timeline.frame_rate import MIN_RATE, output_rate

Picture = TypeVar("Picture")
MAX_EARLY_MS = 50
"""A word is lit no earlier than so long before it is heard."""

OUTPUT_SIZES: dict[Aspect, tuple[int, int]] = {
    "9:16": (1080, 1920),
    "4:5": (1080, 1350),
    "1:1": (1080, 1080),
    "16:9": (1920, 1080),
}


class Slot(Value, frozen=True, kw_only=True):
    """One output picture: its number and its time from the clip's start."""

    number: int
    at_ms: float
    lit_ms: float | None = None

    @property
    def words_ms(self) -> float:
        """The time whose words it shows: see `slot_of`."""
        return self.at_ms if self.lit_ms is None else self.lit_ms


class TimelinePart(Value, frozen=True, kw_only=True):
    """The slots of one piece, from ``first`` to before ``end``: they show the source from ``source_ms`` on."""

    first: int
    end: int
    source_ms: Fraction
    speed: Fraction = Fraction(1)
    output_ms: float = 0.0
    """When the piece itself begins to play: at its first slot, or up to one before it."""

    def source_ms_at(self, number: int, period_ms: Fraction) -> Fraction:
        """The moment of the source that belongs to a slot."""
        return self.source_ms + (number - self.first) * period_ms * self.speed

    def range(self, period_ms: Fraction, lead_ms: int = 0) -> TimeRange:
        """The stretch of the source that its slots show, with a little before and after it."""
        start = int(self.source_ms)
        end = start + round((self.end - self.first) * period_ms * self.speed)
        return TimeRange(start_ms=max(0, start - lead_ms), end_ms=end + lead_ms)


class OutputTimeline(Value, frozen=True, kw_only=True):
    """The output's clock: ``count`` pictures at a constant rate, the first of them of ``start_ms`` of project time."""

    start_ms: int
    rate_numerator: int
    rate_denominator: int
    count: int
    pieces: tuple[TimelinePart, ...] = ()
    """None: one stretch, as it is."""

    @property
    def parts(self) -> tuple[TimelinePart, ...]:
        """What is played, in order; every slot belongs to one part."""
        return self.pieces or (TimelinePart(first=0, end=self.count, source_ms=Fraction(self.start_ms)),)

    @property
    def rate(self) -> Fraction:
        """Pictures a second."""
        return Fraction(self.rate_numerator, self.rate_denominator)

    @property
    def period_ms(self) -> Fraction:
        """How long one picture is shown."""
        return _period_ms(self.rate_numerator, self.rate_denominator)

    @property
    def length_ms(self) -> Fraction:
        """How long all of them are shown."""
        return self.count * self.period_ms

    def samples(self, sample_rate_hz: int) -> int:
        """Audio samples that last exactly as long as the pictures."""
        return round(self.length_ms * sample_rate_hz / 1000)


@lru_cache(maxsize=16)
def _period_ms(rate_numerator: int, rate_denominator: int) -> Fraction:
    return Fraction(1000 * rate_denominator, rate_numerator)


def build_range_timeline(clip: TimeRange, index: SourceIndex) -> OutputTimeline:
    """The output's clock for a clip as it is. Raises as `timeline_of`."""
    return build_timeline(whole(clip), index)


def build_timeline(played: Sequence[Piece], index: SourceIndex, min_rate: Fraction = MIN_RATE) -> OutputTimeline:
    """The output's clock for pieces, at the rate of the longest one, at least ``least`` pictures a second.

    Raises ValueError when the source has no picture or the pieces no length.
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
    """A time that was added up in floats."""
    return Fraction(ms).limit_denominator(100_000)


def _build_part(piece: Piece, first: int, end: int, rate: Fraction) -> TimelinePart:
    speed = _exact_ms(piece.speed)
    late_ms = first * 1000 / rate - _exact_ms(piece.output_start_ms)
    source_ms = piece.source.start_ms + late_ms * speed
    return TimelinePart(first=first, end=end, source_ms=source_ms, speed=speed, output_ms=piece.output_start_ms)


def fill_slots(
    pictures: Iterable[tuple[int, Picture]], timeline: OutputTimeline, part: TimelinePart | None = None
) -> Iterator[tuple[int, Picture, list[Slot]]]:
    """Source pictures that are shown, in order, each with the output slots that show it: ``(its ms, picture, slots)``.

    Slots of ``part`` only; without one, of the first.

    A slot shows the picture that stands nearest before its middle; slots before the first picture show the first,
    slots after the last the last. Middles keep the rounding of times to ms from doubling or dropping pictures.
    """
    part = part or timeline.parts[0]
    for at_ms, picture, numbers in fill_slot_numbers(pictures, timeline, part):
        yield at_ms, picture, [build_slot(number, timeline, part) for number in numbers]


def fill_slot_numbers(
    pictures: Iterable[tuple[int, Picture]], timeline: OutputTimeline, part: TimelinePart
) -> Iterator[tuple[int, Picture, range]]:
    """The same, with the numbers of the slots only."""
    next_number = part.first
    held: tuple[int, Picture] | None = None
    ends: _SlotEnds | None = None
    for at_ms, picture in pictures:
        if held is None:
            held = at_ms, picture
            continue
        ends = ends or _SlotEnds(part, timeline.period_ms, _sampling_offset(held[0], at_ms, part, timeline.period_ms))
        end = max(next_number, min(ends.before(at_ms), part.end))
        if end > next_number:
            yield held[0], held[1], range(next_number, end)
        next_number = end
        if next_number == part.end:
            return
        held = at_ms, picture
    if held is not None and next_number < part.end:
        yield held[0], held[1], range(next_number, part.end)


class _SlotEnds:
    """Which slots look at the source before a picture of it begins; in whole numbers, which are exact and quick."""

    def __init__(self, part: TimelinePart, period_ms: Fraction, offset: Fraction) -> None:
        """``offset``: how far after a slot's start it looks."""
        (begin, begin_over), (step, step_over) = (
            value.as_integer_ratio() for value in (part.source_ms + offset, period_ms * part.speed)
        )
        self._begin, self._begin_over, self._step_over = begin, begin_over, step_over
        self._over, self._first = begin_over * step, part.first

    def before(self, at_ms: int) -> int:
        """The first slot that does not."""
        return self._first - (self._begin - at_ms * self._begin_over) * self._step_over // self._over


def build_slot(number: int, timeline: OutputTimeline, part: TimelinePart) -> Slot:
    """A slot of a part.

    Its words are those of the next full period of the source, counted from the source's beginning: so a word is lit
    with the same picture wherever a cut lies, and no more than a picture before or after it is heard.
    """
    period_ms = timeline.period_ms
    at_ms, step_ms = number * period_ms, period_ms * part.speed
    late_ms = -part.source_ms_at(number, period_ms) % step_ms / part.speed
    soon = period_ms <= MAX_EARLY_MS
    return Slot(number=number, at_ms=float(at_ms), lit_ms=float(at_ms + late_ms) if soon else None)


def _sampling_offset(first_ms: int, second_ms: int, part: TimelinePart, period_ms: Fraction) -> Fraction:
    """How far after a slot's start to look, so that pictures at a constant rate begin far from where we look.

    From the source picture that begins nearest to the part's start: half a picture later. So sound and picture differ
    by at most half a source picture, and rounding to ms neither doubles nor drops one.
    """
    step = Fraction(max(1, second_ms - first_ms))
    nearest = first_ms + round((part.source_ms - first_ms) / step) * step
    shift = nearest - part.source_ms
    shown_ms = period_ms * part.speed
    if abs(shift) > shown_ms:
        shift = Fraction(0)
    return shift + min(step, shown_ms) / 2


class ShotIndex:
    """The plan's shots by time. A picture between or outside them takes the nearest one before, or the first."""

    def __init__(self, plan: FramePlan) -> None:
        """Raises ValueError when the plan has no shot."""
        if not plan.shots:
            raise ValueError("the frame plan has no shot")
        self._shots = sorted(plan.shots, key=lambda shot: shot.range.start_ms)
        self._starts = [shot.range.start_ms for shot in self._shots]

    def at(self, at_ms: int) -> ShotCrop:
        """The shot that a source picture belongs to."""
        return self._shots[max(0, bisect_right(self._starts, at_ms) - 1)]

    def distance_to_cut_ms(self, at_ms: int) -> int:
        """How far the nearest border between two shots is; very far when there is none."""
        return min((abs(at_ms - start) for start in self._starts[1:]), default=2**31)
