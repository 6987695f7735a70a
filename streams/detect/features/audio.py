"""Signals from the sound: energy, dynamics, pace, dead air. Pure; relative to the video, absent where unheard."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from schemas.common import TimeRange
from streams.detect.features.base import Measured, clamp, number, rank_in, rounded
from streams.detect.timeline import SILENT_DB, Timeline, quiet_gaps
from streams.detect.window import Window

BLOCK_MS = 3_000
"""Levels are compared in blocks this long: a phrase, not a syllable."""
MIN_SPREAD_DB = 1.0
"""A video whose blocks all lie within this has no louder part."""
DEAD_MS = 1_500
PACE_MIN_WORDS = 3
LEAST_BLOCKS = 4
"""Fewer blocks than this are nothing to rank among."""


@dataclass(frozen=True, kw_only=True)
class SoundFacts:
    """What is known of the whole video's sound. ``blocks_db``: mean levels of blocks that are not silent, ascending."""

    blocks_db: Sequence[float]
    median_db: float
    spread_db: float
    """Between the 10th and the 90th percentile of active levels."""
    quiet_db: float
    """What counts as nothing to hear in a gap between words."""
    pace_wps: float | None
    """Median words per second of the sentences."""
    arousal: Sequence[float] = ()
    """Mean arousal of blocks in which somebody speaks, ascending; empty where it was not measured."""


def blocks(timeline: Timeline, part: TimeRange) -> list[tuple[int, float]]:
    """Start and mean level in dBFS of each block inside ``part`` that is not silent."""
    found: list[tuple[int, float]] = []
    for start_ms in range(part.start_ms, part.end_ms, BLOCK_MS):
        block = TimeRange(start_ms=start_ms, end_ms=min(part.end_ms, start_ms + BLOCK_MS))
        active = timeline.sound.active(block) if timeline.sound else np.zeros(0)
        if active.size:
            found.append((start_ms, float(active.mean())))
    return found


def raised(timeline: Timeline, part: TimeRange) -> list[tuple[int, float]]:
    """Start and mean arousal of each block inside ``part`` in which a voice is heard."""
    if timeline.sounds is None:
        return []
    curve = timeline.sounds.arousal
    found: list[tuple[int, float]] = []
    for start_ms in range(part.start_ms, part.end_ms, BLOCK_MS):
        end_ms = min(part.end_ms, start_ms + BLOCK_MS)
        known = [v for v in curve.values[start_ms // curve.step_ms : end_ms // curve.step_ms] if v is not None]
        if known:
            found.append((start_ms, statistics.fmean(known)))
    return found


def listen_whole(timeline: Timeline) -> SoundFacts | None:
    """Facts of the whole video, or None where nothing above silence was measured."""
    if timeline.sound is None:
        return None
    active = timeline.sound.active(timeline.whole)
    if active.size == 0:
        return None
    low, median, high = (float(value) for value in np.percentile(active, (10, 50, 90)))
    rates = [
        (s.end_word - s.first_word) * 1000 / s.length_ms
        for s in timeline.sentences
        if s.end_word - s.first_word >= PACE_MIN_WORDS and s.length_ms > 0
    ]
    return SoundFacts(
        blocks_db=sorted(level for _, level in blocks(timeline, timeline.whole)),
        median_db=median,
        spread_db=high - low,
        quiet_db=max(SILENT_DB, median - 15.0),
        pace_wps=statistics.median(rates) if len(rates) >= 3 else None,
        arousal=sorted(value for _, value in raised(timeline, timeline.whole)),
    )


def energy(window: Window, timeline: Timeline, whole: SoundFacts | None) -> Measured | None:
    """Where the window's sound lies among the video's: mean percentile of its blocks, and its loudest block.

    Of speech it is how raised the voice is against the same speaker's own, where that was measured: loudness is a part
    of that, but one who speaks further from the microphone is not less alive.
    """
    if whole is None or len(whole.blocks_db) < LEAST_BLOCKS or whole.blocks_db[-1] - whole.blocks_db[0] < MIN_SPREAD_DB:
        return None
    own = blocks(timeline, window.range)
    if not own:
        return None
    ranks = [rank_in(level, whole.blocks_db) for _, level in own]
    at_ms, peak_db = max(own, key=lambda block: block[1])
    evidence = [
        number(
            "peak_rise",
            TimeRange(start_ms=at_ms, end_ms=at_ms + BLOCK_MS),
            peak_db - whole.median_db,
            "dB over the video's median",
        ),
        number("mean_level", window.range, statistics.fmean(level for _, level in own), "dBFS"),
    ]
    value = _standing(ranks)
    voice = raised(timeline, window.range) if window.sentences and len(whole.arousal) >= LEAST_BLOCKS else []
    if voice:
        at_ms, most = max(voice, key=lambda block: block[1])
        part = TimeRange(start_ms=at_ms, end_ms=at_ms + BLOCK_MS)
        evidence.append(number("raised_voice", part, most, "of 1, where the speaker's usual is 0.5"))
        value = _standing([rank_in(one, whole.arousal) for _, one in voice])
    return Measured(value=rounded(value), evidence=evidence)


def _standing(ranks: Sequence[float]) -> float:
    """One number for a window's percentiles: an even one reaches 0.5, one high peak lifts it."""
    return 0.6 * statistics.fmean(ranks) + 0.4 * max(ranks)


def dynamics(window: Window, timeline: Timeline, whole: SoundFacts | None) -> Measured | None:
    """How lively the level moves, against the whole video: the same spread is 0.5, half again as much is 1."""
    if whole is None or timeline.sound is None or whole.spread_db < MIN_SPREAD_DB:
        return None
    active = timeline.sound.active(window.range)
    if active.size * timeline.sound.step_ms < BLOCK_MS:
        return None
    low, high = (float(value) for value in np.percentile(active, (10, 90)))
    evidence = [
        number("spread", window.range, high - low, "dB between p10 and p90"),
        number("video_spread", timeline.whole, whole.spread_db, "dB between p10 and p90"),
    ]
    return Measured(value=rounded((high - low) / whole.spread_db - 0.5), evidence=evidence)


def pace(window: Window, timeline: Timeline, whole: SoundFacts | None) -> Measured | None:
    """Words per second while speaking, against the video's median sentence: equal is 0.5, a third faster is 1."""
    if whole is None or whole.pace_wps is None or not window.sentences:
        return None
    words = sum(s.end_word - s.first_word for s in window.sentences)
    spoken_ms = sum(s.length_ms for s in window.sentences)
    if words < PACE_MIN_WORDS or spoken_ms == 0:
        return None
    rate = words * 1000 / spoken_ms
    evidence = [
        number("rate", window.range, rate, "words/s"),
        number("video_median", timeline.whole, whole.pace_wps, "words/s"),
    ]
    return Measured(value=rounded(0.5 + 1.5 * (rate / whole.pace_wps - 1.0)), evidence=evidence)


def dead_air(window: Window, timeline: Timeline, whole: SoundFacts | None) -> Measured | None:
    """1 minus four times the share of time in which nobody speaks and nothing else is heard."""
    if whole is None or timeline.sound is None or not window.sentences:
        return None
    run = timeline.words[window.sentences[0].first_word : window.sentences[-1].end_word]
    dead_ms = 0
    longest: TimeRange | None = None
    for gap in quiet_gaps(run, window.range, DEAD_MS):
        levels = timeline.sound.levels(gap)
        dead = int(np.count_nonzero(levels <= whole.quiet_db)) * timeline.sound.step_ms
        dead_ms += dead
        if dead and (longest is None or gap.length_ms > longest.length_ms):
            longest = gap
    share = dead_ms / max(1, window.range.length_ms)
    evidence = [number("nothing_to_hear", longest or window.range, dead_ms / 1000, "s")]
    return Measured(value=rounded(1.0 - 4.0 * clamp(share)), evidence=evidence)
