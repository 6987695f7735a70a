"""The edit decision list: which source picture and which crop each output picture shows. Pure; never decodes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TypeVar

from schemas.documents import Aspect, FramePlan, ShotCrop, SourceIndex
from schemas.media import TimeRange, Value
from streams.render.rates import output_rate

Picture = TypeVar("Picture")

OUTPUT_SIZES: dict[Aspect, tuple[int, int]] = {"9:16": (1080, 1920), "1:1": (1080, 1080), "16:9": (1920, 1080)}


class Slot(Value, frozen=True, kw_only=True):
    """One output picture: its number and its time from the clip's start."""

    number: int
    at_ms: float


class Timeline(Value, frozen=True, kw_only=True):
    """The output's clock: ``count`` pictures at a constant rate, starting at ``start_ms`` of project time."""

    start_ms: int
    rate_numerator: int
    rate_denominator: int
    count: int

    @property
    def rate(self) -> Fraction:
        """Pictures a second."""
        return Fraction(self.rate_numerator, self.rate_denominator)

    @property
    def period_ms(self) -> Fraction:
        """How long one picture is shown."""
        return 1000 / self.rate

    @property
    def length_ms(self) -> Fraction:
        """How long all of them are shown."""
        return self.count * self.period_ms

    def samples(self, sample_rate_hz: int) -> int:
        """Audio samples that last exactly as long as the pictures."""
        return round(self.length_ms * sample_rate_hz / 1000)


def timeline_for(clip: TimeRange, index: SourceIndex) -> Timeline:
    """The output's clock for a clip. Raises ValueError when the source has no picture or the clip no length."""
    rate = output_rate(clip, index)
    count = round(clip.length_ms * rate / 1000)
    if count < 1:
        raise ValueError(f"a clip of {clip.length_ms} ms has no picture at {float(rate):.2f} a second")
    return Timeline(
        start_ms=clip.start_ms, rate_numerator=rate.numerator, rate_denominator=rate.denominator, count=count
    )


def fill_slots(
    pictures: Iterable[tuple[int, Picture]], timeline: Timeline
) -> Iterator[tuple[int, Picture, list[Slot]]]:
    """Source pictures that are shown, in order, each with the output slots that show it: ``(its ms, picture, slots)``.

    A slot shows the picture that stands nearest before its middle; slots before the first picture show the first,
    slots after the last the last. Middles keep the rounding of times to ms from doubling or dropping pictures.
    """
    next_number = 0
    held: tuple[int, Picture] | None = None
    offset: Fraction | None = None
    for at_ms, picture in pictures:
        if held is None:
            held = at_ms, picture
            continue
        if offset is None:
            offset = _offset(held[0], at_ms, timeline)
        slots = []
        while next_number < timeline.count and timeline.start_ms + next_number * timeline.period_ms + offset < at_ms:
            slots.append(_slot(next_number, timeline))
            next_number += 1
        if slots:
            yield held[0], held[1], slots
        if next_number == timeline.count:
            return
        held = at_ms, picture
    if held is not None and next_number < timeline.count:
        yield held[0], held[1], [_slot(number, timeline) for number in range(next_number, timeline.count)]


def _slot(number: int, timeline: Timeline) -> Slot:
    return Slot(number=number, at_ms=float(number * timeline.period_ms))


def _offset(first_ms: int, second_ms: int, timeline: Timeline) -> Fraction:
    """How far after a slot's start to look, so that pictures at a constant rate begin far from where we look.

    From the source picture that begins nearest to the clip's start: half a picture later. So sound and picture differ
    by at most half a source picture, and rounding to ms neither doubles nor drops one.
    """
    step = Fraction(max(1, second_ms - first_ms))
    nearest = first_ms + round((timeline.start_ms - first_ms) / step) * step
    shift = nearest - timeline.start_ms
    if abs(shift) > timeline.period_ms:
        shift = Fraction(0)
    return shift + min(step, timeline.period_ms) / 2


class Shots:
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
