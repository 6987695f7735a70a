"""Captions as they stand in the file: when their letters come, and whether all of them are inside the picture.

Letters are what differs between a decoded picture and what was painted before captions were drawn.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from math import ceil

import numpy as np
from numpy.typing import NDArray

from schemas.documents.export import CaptionCue
from schemas.documents.quality import Check, judged
from streams.render.quality.probe import Still, between, spread
from streams.render.quality.reference_frames import stride_px
from streams.render.quality.subject import NO_CAPTIONS, Case
from streams.renderer.timeline.slots import MAX_EARLY_MS, OutputTimeline

INK = 48
LEAST_INK = 12
"""Points of a caption: fewer are noise of the encoder."""
MOST_TIMED = 2
"""Captions whose pictures are decoded one by one: each costs up to two seconds of them."""
SETTLED_MS = 200
"""So long after its start a caption is all there, or (where letters are typed) enough of it."""
LATE_MS = 400
"""Letters that do not come until so long after their word are not there."""
EARLY_MS = 160
"""What is so early fails."""
PICTURES_AFTER = 2
"""By so many a caption may be late and its figure still be told; what comes later has the figure of `LATE_MS`."""


def check_captions(case: Case) -> list[Check]:
    """When and where."""
    return [_offset(case), _cut_off(case)]


def ink(case: Case, still: Still) -> NDArray[np.bool_] | None:
    """Points that are letters; None where nothing was painted to compare with."""
    painted = case.meant.witness.luma(still.number)
    if painted is None or painted.shape != still.luma.shape:
        return None
    return _dense(np.abs(still.luma.astype(np.int16) - painted) > INK)


def _dense(found: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Those points that have two others beside them: one alone is noise of the encoder."""
    padded = np.pad(found.astype(np.int8), 1)
    beside = sum(np.roll(padded, (y, x), (0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1))
    dense: NDArray[np.bool_] = found & (np.asarray(beside)[1:-1, 1:-1] >= 3)
    return dense


def _offset(case: Case) -> Check:
    """The largest of: a lit word against the word in the transcript; letters in the file against their word."""
    bound, cues = case.meant.limits.caption_offset_ms, case.meant.cues
    if not cues:
        return judged("caption_offset", None, "ms", bound, detail=NO_CAPTIONS)
    told = [(abs(off), at) for off, at in (_told_offset(case, cue) for cue in cues)]
    looked = [] if case.meant.file.is_preview else timed(cues)
    seen = [(_seen_offset(case, cue), cue.start_ms) for cue in looked if _is_painted(case, cue)]
    measured = [(abs(off), at) for off, at in seen if off is not None]
    worst, at_ms = max([*told, *measured])
    detail = f"{len(cues)} captions against their words, {len(measured)} of them timed by their letters in the file"
    return judged("caption_offset", worst, "ms", bound, detail=detail, at_ms=[at_ms])


def timed(cues: Sequence[CaptionCue]) -> list[CaptionCue]:
    """Those whose letters are looked for: some before which no others stand there."""
    alone = [cue for n, cue in enumerate(cues) if cue.start_ms - (cues[n - 1].end_ms if n else 0) >= LATE_MS]
    return [alone[n] for n in spread(range(len(alone)), MOST_TIMED)]


def slots_timed(cues: Sequence[CaptionCue], timeline: OutputTimeline, comes_in_ms: int) -> set[int]:
    """Slots that are to be compared with what was painted, for a caption to be told from one that is early or late."""
    found: set[int] = set()
    for cue in timed(cues):
        due = due_slot(cue, timeline)
        last = due + ceil(comes_in_ms / timeline.period_ms) + PICTURES_AFTER
        found.update(range(max(0, due - ceil(EARLY_MS / timeline.period_ms)), min(timeline.count, last + 1)))
    return found


def due_slot(cue: CaptionCue, timeline: OutputTimeline) -> int:
    """The first that may show its letters."""
    return -(-cue.start_ms * timeline.rate.numerator // (1000 * timeline.rate.denominator))


def _told_offset(case: Case, cue: CaptionCue) -> tuple[float, int]:
    """How far a caption's first word is from the nearest word that is said then."""
    starts = sorted(word.start_ms for word in case.meant.words)
    first = cue.words[0].start_ms if cue.words else cue.start_ms
    at = bisect_left(starts, first)
    near = starts[max(0, at - 1) : at + 1]
    return min((abs(first - max(0, start)) for start in near), default=float(LATE_MS)), cue.start_ms


def _around(case: Case, cue: CaptionCue) -> tuple[int, int, int]:
    """Slots of a caption: the first in which its letters may be late, when they are due, the last looked at."""
    timeline = case.meant.timeline
    due = due_slot(cue, timeline)
    reach = round(LATE_MS / timeline.period_ms)
    return due - reach, due, min(due + reach, timeline.count - 1)


def _is_painted(case: Case, cue: CaptionCue) -> bool:
    """Whether the pictures around a caption's start can be compared: of a chunk made earlier only few can."""
    wanted = slots_timed([cue], case.meant.timeline, case.meant.comes_in_ms)
    return all(case.meant.witness.luma(number) is not None for number in wanted)


def _seen_offset(case: Case, cue: CaptionCue) -> float | None:
    """When its letters come in the file, in ms after its first word; None where the picture tells nothing."""
    first, due, last = _around(case, cue)
    period_ms = float(case.meant.timeline.period_ms)
    for still in between(case.film, case.meant.timeline.rate, first, last):
        found = ink(case, still) if still.number >= first else None
        if found is not None and found.sum() >= LEAST_INK:
            if still.number < due:
                return still.number * period_ms - cue.start_ms
            return max(0.0, (still.number - due) * period_ms - case.meant.comes_in_ms)
    return float(LATE_MS)


def _cut_off(case: Case) -> Check:
    """How much of the margin letters take, in the worst of the sampled pictures with a caption."""
    bound, (across, down) = case.meant.limits.caption_cut_off, case.meant.size_px
    margin = round(case.meant.limits.caption_margin * min(across, down))
    step, period_ms = stride_px(across, down), float(case.meant.timeline.period_ms)
    worst, looked, at_ms = 0.0, 0, list[float]()
    for still in case.film.stills:
        time = still.number * period_ms
        last_ms = time + (
            period_ms if period_ms <= MAX_EARLY_MS else 0.0
        )  # the words of up to a period later: `slot_of`
        there = any(cue.start_ms + SETTLED_MS <= time and last_ms < cue.end_ms for cue in case.meant.cues)
        found = ink(case, still) if there else None
        if found is None:
            continue
        looked += 1
        past = _past(found, step, margin, across, down)
        if past > 0:
            at_ms.append(time)
        worst = max(worst, past)
    detail = f"{looked} sampled pictures with a caption; the margin is {margin} px"
    if not case.meant.cues:
        detail = NO_CAPTIONS
    return judged("caption_cut_off", worst if looked else None, "of the margin", bound, detail=detail, at_ms=at_ms)


def _past(found: NDArray[np.bool_], step: int, margin: int, across: int, down: int) -> float:
    """The share of the margin that letters stand in; all of it where they touch the edge, or are missing."""
    if found.sum() < LEAST_INK:
        return 1.0
    rows_hit, columns_hit = np.nonzero(found.any(axis=1))[0], np.nonzero(found.any(axis=0))[0]
    room = (
        columns_hit[0] * step,
        rows_hit[0] * step,
        across - (columns_hit[-1] + 1) * step,
        down - (rows_hit[-1] + 1) * step,
    )
    return max(0.0, min(1.0, float(margin - min(room)) / margin))
