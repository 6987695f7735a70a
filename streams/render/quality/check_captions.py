"""Checks captions in the file: when their letters appear, and whether they are inside the margin.

Letters are what differs between a decoded frame and its reference from before captions.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from math import ceil

import numpy as np
from numpy.typing import NDArray

from schemas.documents.export import CaptionCue
from schemas.documents.quality import Check, make_check
from streams.render.quality.probe import SampledFrame, decode_between, pick_evenly
from streams.render.quality.reference_frames import sample_stride_px
from streams.render.quality.subject import NO_CAPTIONS_REASON, CheckSubject
from streams.renderer.timeline.slots import MAX_EARLY_MS, OutputTimeline

MIN_INK_LEVELS = 48
"""Luma difference from which a point belongs to a letter."""
MIN_INK_POINTS = 12
"""Points of a caption: fewer are encoder noise."""
MAX_TIMED_CUES = 2
"""Cues whose frames are decoded one by one: each costs up to two seconds of video."""
CAPTION_SETTLED_MS = 200
"""Time after its start when a caption is complete, or typed far enough."""
MAX_LATE_MS = 400
"""Letters that appear later than this after their word count as missing."""
MAX_EARLY_SEARCH_MS = 160
"""Letters this early fail."""
MAX_TRAILING_SLOTS = 2
"""Slots by which a caption may be late and still be measured; later ones count as `MAX_LATE_MS`."""


def check_captions(subject: CheckSubject) -> list[Check]:
    """Check time and place of captions."""
    return [_check_offset(subject), _check_cut_off(subject)]


def find_ink(subject: CheckSubject, still: SampledFrame) -> NDArray[np.bool_] | None:
    """Points that belong to letters; None without a reference frame."""
    painted = subject.expected.reference.luma(still.number)
    if painted is None or painted.shape != still.luma.shape:
        return None
    return _drop_isolated_points(np.abs(still.luma.astype(np.int16) - painted) > MIN_INK_LEVELS)


def _drop_isolated_points(inked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep points with two neighbours: single ones are encoder noise."""
    padded = np.pad(inked.astype(np.int8), 1)
    neighbours = sum(np.roll(padded, (y, x), (0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1))
    dense: NDArray[np.bool_] = inked & (np.asarray(neighbours)[1:-1, 1:-1] >= 3)
    return dense


def _check_offset(subject: CheckSubject) -> Check:
    """The largest caption offset.

    Offsets of highlighted words to the transcript, and of letters in the file to their word.
    """
    bound, cues = subject.expected.limits.caption_offset_ms, subject.expected.cues
    if not cues:
        return make_check("caption_offset", None, "ms", bound, detail=NO_CAPTIONS_REASON)
    cue_offsets = [(abs(offset), at) for offset, at in (_cue_word_offset(subject, cue) for cue in cues)]
    timed_cues = [] if subject.expected.file.is_preview else choose_timed_cues(cues)
    letter_offsets = [(_letters_offset(subject, cue), cue.start_ms) for cue in timed_cues if _is_painted(subject, cue)]
    measured = [(abs(offset), at) for offset, at in letter_offsets if offset is not None]
    worst, at_ms = max([*cue_offsets, *measured])
    detail = f"{len(cues)} captions against their words, {len(measured)} of them timed by their letters in the file"
    return make_check("caption_offset", worst, "ms", bound, detail=detail, at_ms=[at_ms])


def choose_timed_cues(cues: Sequence[CaptionCue]) -> list[CaptionCue]:
    """Choose cues to time: some with no other cue shortly before."""
    separate_cues = [
        cue for n, cue in enumerate(cues) if cue.start_ms - (cues[n - 1].end_ms if n else 0) >= MAX_LATE_MS
    ]
    return [separate_cues[n] for n in pick_evenly(range(len(separate_cues)), MAX_TIMED_CUES)]


def list_timed_slots(cues: Sequence[CaptionCue], timeline: OutputTimeline, entry_ms: int) -> set[int]:
    """Slots that have to be comparable with their reference to time the cues."""
    slots: set[int] = set()
    for cue in choose_timed_cues(cues):
        first = first_cue_slot(cue, timeline)
        last = first + ceil(entry_ms / timeline.period_ms) + MAX_TRAILING_SLOTS
        slots.update(
            range(max(0, first - ceil(MAX_EARLY_SEARCH_MS / timeline.period_ms)), min(timeline.count, last + 1))
        )
    return slots


def first_cue_slot(cue: CaptionCue, timeline: OutputTimeline) -> int:
    """The first slot that may show a cue's letters."""
    return -(-cue.start_ms * timeline.rate.numerator // (1000 * timeline.rate.denominator))


def _cue_word_offset(subject: CheckSubject, cue: CaptionCue) -> tuple[float, int]:
    """Distance of a cue's first word to the nearest spoken word."""
    starts = sorted(word.start_ms for word in subject.expected.words)
    first = cue.words[0].start_ms if cue.words else cue.start_ms
    at = bisect_left(starts, first)
    near = starts[max(0, at - 1) : at + 1]
    return min((abs(first - max(0, start)) for start in near), default=float(MAX_LATE_MS)), cue.start_ms


def _search_slots(subject: CheckSubject, cue: CaptionCue) -> tuple[int, int, int]:
    """Slots of a cue: first one searched, due one, last one searched."""
    timeline = subject.expected.timeline
    due = first_cue_slot(cue, timeline)
    reach = round(MAX_LATE_MS / timeline.period_ms)
    return due - reach, due, min(due + reach, timeline.count - 1)


def _is_painted(subject: CheckSubject, cue: CaptionCue) -> bool:
    """Whether the frames around a cue's start can be compared: reused segments have few references."""
    slots = list_timed_slots([cue], subject.expected.timeline, subject.expected.caption_entry_ms)
    return all(subject.expected.reference.luma(number) is not None for number in slots)


def _letters_offset(subject: CheckSubject, cue: CaptionCue) -> float | None:
    """Time at which the letters appear, in ms after the first word; `MAX_LATE_MS` where they do not."""
    first, due, last = _search_slots(subject, cue)
    period_ms = float(subject.expected.timeline.period_ms)
    for still in decode_between(subject.probed, subject.expected.timeline.rate, first, last):
        inked = find_ink(subject, still) if still.number >= first else None
        if inked is not None and inked.sum() >= MIN_INK_POINTS:
            if still.number < due:
                return still.number * period_ms - cue.start_ms
            return max(0.0, (still.number - due) * period_ms - subject.expected.caption_entry_ms)
    return float(MAX_LATE_MS)


def _check_cut_off(subject: CheckSubject) -> Check:
    """Share of the margin covered by letters, in the worst sampled frame with a caption."""
    bound, (across, down) = subject.expected.limits.caption_cut_off, subject.expected.size_px
    margin = round(subject.expected.limits.caption_margin * min(across, down))
    step, period_ms = sample_stride_px(across, down), float(subject.expected.timeline.period_ms)
    worst, captioned_count, at_ms = 0.0, 0, list[float]()
    for still in subject.probed.stills:
        time = still.number * period_ms
        last_ms = time + (
            period_ms if period_ms <= MAX_EARLY_MS else 0.0
        )  # the words of up to a period later: `slot_of`
        has_cue = any(
            cue.start_ms + CAPTION_SETTLED_MS <= time and last_ms < cue.end_ms for cue in subject.expected.cues
        )
        inked = find_ink(subject, still) if has_cue else None
        if inked is None:
            continue
        captioned_count += 1
        overlap = _margin_overlap(inked, step, margin, across, down)
        if overlap > 0:
            at_ms.append(time)
        worst = max(worst, overlap)
    detail = f"{captioned_count} sampled pictures with a caption; the margin is {margin} px"
    if not subject.expected.cues:
        detail = NO_CAPTIONS_REASON
    return make_check(
        "caption_cut_off", worst if captioned_count else None, "of the margin", bound, detail=detail, at_ms=at_ms
    )


def _margin_overlap(inked: NDArray[np.bool_], step: int, margin: int, across: int, down: int) -> float:
    """Share of the margin covered by letters: 1 where they touch the edge or are missing."""
    if inked.sum() < MIN_INK_POINTS:
        return 1.0
    rows_hit, columns_hit = np.nonzero(inked.any(axis=1))[0], np.nonzero(inked.any(axis=0))[0]
    distances_px = (
        columns_hit[0] * step,
        rows_hit[0] * step,
        across - (columns_hit[-1] + 1) * step,
        down - (rows_hit[-1] + 1) * step,
    )
    return max(0.0, min(1.0, float(margin - min(distances_px)) / margin))
