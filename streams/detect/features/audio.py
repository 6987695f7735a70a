"""Features from sound: energy, dynamics, pace, dead air.

Relative to the video; absent without sound. Pure.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from schemas.common import TimeRange
from streams.detect.features.base import FeatureValue, clamp_unit, number_evidence, percentile_rank, round_score
from streams.detect.timeline import SILENT_DB, ProjectTimeline, find_wordless_gaps
from streams.detect.window import CandidateWindow

BLOCK_MS = 3_000
"""Levels are compared in blocks this long: a phrase, not a syllable."""
MIN_SPREAD_DB = 1.0
"""A video whose blocks all lie within this has no louder part."""
MIN_DEAD_AIR_MS = 1_500
"""Shortest gap between words that may be dead air."""
MIN_PACE_WORDS = 3
"""Fewest words of which a pace is measured."""
MIN_BLOCKS = 4
"""Fewer blocks than this are nothing to rank among."""


@dataclass(frozen=True, kw_only=True)
class SoundFacts:
    """The whole video's sound. ``blocks_db``: mean levels of blocks that are not silent, ascending."""

    blocks_db: Sequence[float]
    median_db: float
    spread_db: float
    """Spread between the 10th and the 90th percentile of active levels."""
    quiet_db: float
    """Level below which a gap between words has nothing to hear."""
    pace_wps: float | None
    """Median words per second of the sentences."""
    arousal: Sequence[float] = ()
    """Mean arousal of blocks with speech, ascending; empty where it was not measured."""


def level_blocks(timeline: ProjectTimeline, part: TimeRange) -> list[tuple[int, float]]:
    """Return start and mean level in dBFS of each block inside ``part`` that is not silent."""
    block_levels: list[tuple[int, float]] = []
    for start_ms in range(part.start_ms, part.end_ms, BLOCK_MS):
        block = TimeRange(start_ms=start_ms, end_ms=min(part.end_ms, start_ms + BLOCK_MS))
        active = timeline.sound.active_levels_in(block) if timeline.sound else np.zeros(0)
        if active.size:
            block_levels.append((start_ms, float(active.mean())))
    return block_levels


def arousal_blocks(timeline: ProjectTimeline, part: TimeRange) -> list[tuple[int, float]]:
    """Return start and mean arousal of each block inside ``part`` with a voice."""
    if timeline.sounds is None:
        return []
    curve = timeline.sounds.arousal
    block_arousal: list[tuple[int, float]] = []
    for start_ms in range(part.start_ms, part.end_ms, BLOCK_MS):
        end_ms = min(part.end_ms, start_ms + BLOCK_MS)
        values = [
            value for value in curve.values[start_ms // curve.step_ms : end_ms // curve.step_ms] if value is not None
        ]
        if values:
            block_arousal.append((start_ms, statistics.fmean(values)))
    return block_arousal


def read_sound_facts(timeline: ProjectTimeline) -> SoundFacts | None:
    """Read facts of the whole video; None where nothing above silence was measured."""
    if timeline.sound is None:
        return None
    active = timeline.sound.active_levels_in(timeline.full_range)
    if active.size == 0:
        return None
    low, median, high = (float(value) for value in np.percentile(active, (10, 50, 90)))
    rates = [
        (sentence.end_word - sentence.first_word) * 1000 / sentence.length_ms
        for sentence in timeline.sentences
        if sentence.end_word - sentence.first_word >= MIN_PACE_WORDS and sentence.length_ms > 0
    ]
    return SoundFacts(
        blocks_db=sorted(level for _, level in level_blocks(timeline, timeline.full_range)),
        median_db=median,
        spread_db=high - low,
        quiet_db=max(SILENT_DB, median - 15.0),
        pace_wps=statistics.median(rates) if len(rates) >= 3 else None,
        arousal=sorted(value for _, value in arousal_blocks(timeline, timeline.full_range)),
    )


def measure_energy(
    window: CandidateWindow, timeline: ProjectTimeline, sound_facts: SoundFacts | None
) -> FeatureValue | None:
    """Rank the window's sound among the video's: mean percentile of its blocks, and its loudest block.

    For speech it is how raised the voice is relative to the same speaker's level, where that was measured:
    loudness is a part of that, but a speaker further from the microphone is not less lively.
    """
    if (
        sound_facts is None
        or len(sound_facts.blocks_db) < MIN_BLOCKS
        or sound_facts.blocks_db[-1] - sound_facts.blocks_db[0] < MIN_SPREAD_DB
    ):
        return None
    window_blocks = level_blocks(timeline, window.range)
    if not window_blocks:
        return None
    ranks = [percentile_rank(level, sound_facts.blocks_db) for _, level in window_blocks]
    at_ms, peak_db = max(window_blocks, key=lambda block: block[1])
    evidence = [
        number_evidence(
            "peak_rise",
            TimeRange(start_ms=at_ms, end_ms=at_ms + BLOCK_MS),
            peak_db - sound_facts.median_db,
            "dB over the video's median",
        ),
        number_evidence("mean_level", window.range, statistics.fmean(level for _, level in window_blocks), "dBFS"),
    ]
    value = _combine_ranks(ranks)
    raised_blocks = (
        arousal_blocks(timeline, window.range) if window.sentences and len(sound_facts.arousal) >= MIN_BLOCKS else []
    )
    if raised_blocks:
        at_ms, peak = max(raised_blocks, key=lambda block: block[1])
        part = TimeRange(start_ms=at_ms, end_ms=at_ms + BLOCK_MS)
        evidence.append(number_evidence("raised_voice", part, peak, "of 1, where the speaker's usual is 0.5"))
        value = _combine_ranks([percentile_rank(arousal, sound_facts.arousal) for _, arousal in raised_blocks])
    return FeatureValue(value=round_score(value), evidence=evidence)


def _combine_ranks(ranks: Sequence[float]) -> float:
    """Combine a window's percentiles: an even one reaches 0.5, one high peak lifts it."""
    return 0.6 * statistics.fmean(ranks) + 0.4 * max(ranks)


def measure_dynamics(
    window: CandidateWindow, timeline: ProjectTimeline, sound_facts: SoundFacts | None
) -> FeatureValue | None:
    """Compare the spread of levels with the whole video's: the same is 0.5, half again as much is 1."""
    if sound_facts is None or timeline.sound is None or sound_facts.spread_db < MIN_SPREAD_DB:
        return None
    active = timeline.sound.active_levels_in(window.range)
    if active.size * timeline.sound.step_ms < BLOCK_MS:
        return None
    low, high = (float(value) for value in np.percentile(active, (10, 90)))
    evidence = [
        number_evidence("spread", window.range, high - low, "dB between p10 and p90"),
        number_evidence("video_spread", timeline.full_range, sound_facts.spread_db, "dB between p10 and p90"),
    ]
    return FeatureValue(value=round_score((high - low) / sound_facts.spread_db - 0.5), evidence=evidence)


def measure_pace(
    window: CandidateWindow, timeline: ProjectTimeline, sound_facts: SoundFacts | None
) -> FeatureValue | None:
    """Compare the pace with the video's median sentence: equal is 0.5, a third faster is 1.

    Words per second of speech, pauses left out.
    """
    if sound_facts is None or sound_facts.pace_wps is None or not window.sentences:
        return None
    words = sum(sentence.end_word - sentence.first_word for sentence in window.sentences)
    spoken_ms = sum(sentence.length_ms for sentence in window.sentences)
    if words < MIN_PACE_WORDS or spoken_ms == 0:
        return None
    rate = words * 1000 / spoken_ms
    evidence = [
        number_evidence("rate", window.range, rate, "words/s"),
        number_evidence("video_median", timeline.full_range, sound_facts.pace_wps, "words/s"),
    ]
    return FeatureValue(value=round_score(0.5 + 1.5 * (rate / sound_facts.pace_wps - 1.0)), evidence=evidence)


def measure_dead_air(
    window: CandidateWindow, timeline: ProjectTimeline, sound_facts: SoundFacts | None
) -> FeatureValue | None:
    """Return 1 minus four times the share of time with neither words nor other sound."""
    if sound_facts is None or timeline.sound is None or not window.sentences:
        return None
    words = timeline.words[window.sentences[0].first_word : window.sentences[-1].end_word]
    dead_ms = 0
    longest: TimeRange | None = None
    for gap in find_wordless_gaps(words, window.range, MIN_DEAD_AIR_MS):
        levels = timeline.sound.levels_in(gap)
        dead = int(np.count_nonzero(levels <= sound_facts.quiet_db)) * timeline.sound.step_ms
        dead_ms += dead
        if dead and (longest is None or gap.length_ms > longest.length_ms):
            longest = gap
    share = dead_ms / max(1, window.range.length_ms)
    evidence = [number_evidence("nothing_to_hear", longest or window.range, dead_ms / 1000, "s")]
    return FeatureValue(value=round_score(1.0 - 4.0 * clamp_unit(share)), evidence=evidence)
