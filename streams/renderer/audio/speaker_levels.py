"""Brings the speakers of a clip to one loudness: one gain a speaker, moved between turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from schemas.common import Value, Word
from schemas.documents.edit import PlacedSegment
from schemas.documents.export import SpeakerLevel
from streams.renderer.audio.loudness import RELATIVE_GATE_LU, Samples, Sound, lufs_from_power, weighted_power
from streams.renderer.audio.true_peak_limiter import STEP_SAMPLES, apply_gain

MAX_LEVEL_GAIN_DB = 9.0
"""Largest gain or attenuation of a speaker."""
MIN_SPREAD_DB = 1.0
"""Speakers nearer to each other than this are left alone: the difference is hardly audible."""
MIN_SPEECH_MS = 1_500
"""Speech of one speaker that a loudness measurement needs; speakers with less are left alone."""
MAX_SHORT_TURN_MS = 500
"""A turn this short inside another speaker's (a yes, a wrongly assigned word) moves no gain."""
MAX_RAMP_MS, MIN_RAMP_MS = 200, 40
LEVEL_STEP_MS = 10
"""Resolution of the loudness measurement."""


class WordTurn(Value, frozen=True, kw_only=True):
    """Consecutive words of one speaker, on the output clock."""

    speaker: str
    words: tuple[Word, ...]

    @property
    def start_ms(self) -> int:
        """Start of the first word."""
        return self.words[0].start_ms

    @property
    def end_ms(self) -> int:
        """End of the last word."""
        return max(word.end_ms for word in self.words)


def level_speakers(
    sound: Sound, words: Sequence[Word], played: Sequence[PlacedSegment]
) -> tuple[Sound, list[SpeakerLevel]]:
    """Level the speakers; returns the sound and a report for each speaker, or the same sound and none.

    ``words`` are on the output clock. A segment's own gain is left out of the measurement, so it stays.
    """
    turns = group_turns([word for word in audible_words(words, played) if word.speaker])
    if len({turn.speaker for turn in turns}) < 2:
        return sound, []
    levels = _measure_levels(sound, turns, played)
    gains = speaker_gains(levels)
    if not gains:
        return sound, []
    curve = 10 ** (_gain_curve(turns, gains, -(-len(sound) // STEP_SAMPLES)) / 20)
    levels_report = [
        SpeakerLevel(speaker=speaker, lufs=round(lufs, 1), gain_db=round(gains[speaker], 1))
        for speaker, (lufs, _) in sorted(levels.items())
    ]
    return apply_gain(sound, curve), levels_report


def group_turns(words: Sequence[Word]) -> list[WordTurn]:
    """Group words into turns; a short turn inside another speaker's joins that one."""
    ordered = sorted(words, key=lambda word: word.start_ms)
    turns = [
        WordTurn(speaker=speaker or "", words=tuple(run))
        for speaker, run in groupby(ordered, lambda word: word.speaker)
    ]
    long_turns = [
        turn
        for number, turn in enumerate(turns)
        if turn.end_ms - turn.start_ms >= MAX_SHORT_TURN_MS
        or not 0 < number < len(turns) - 1
        or turns[number - 1].speaker != turns[number + 1].speaker
    ]
    return [
        WordTurn(speaker=speaker, words=tuple(word for turn in run for word in turn.words))
        for speaker, run in groupby(long_turns, lambda turn: turn.speaker)
    ]


def speaker_gains(levels: Mapping[str, tuple[float, int]]) -> dict[str, float]:
    """Gain in dB of each speaker, from loudness and ms of speech; empty where they are alike.

    Speakers meet at their mean, weighted by speech: the one who speaks most changes least.
    """
    if len(levels) < 2:
        return {}
    lufs = [level for level, _ in levels.values()]
    if max(lufs) - min(lufs) < MIN_SPREAD_DB:
        return {}
    common = float(np.average(lufs, weights=[length for _, length in levels.values()]))
    return {
        speaker: float(np.clip(common - level, -MAX_LEVEL_GAIN_DB, MAX_LEVEL_GAIN_DB))
        for speaker, (level, _) in levels.items()
    }


def _measure_levels(
    sound: Sound, turns: Sequence[WordTurn], played: Sequence[PlacedSegment]
) -> dict[str, tuple[float, int]]:
    """Loudness and ms of speech of each speaker with enough words, without the pauses."""
    power = weighted_power(sound, STEP_SAMPLES * LEVEL_STEP_MS) / _segment_gain(
        len(sound) // (STEP_SAMPLES * LEVEL_STEP_MS), played
    )
    spoken_steps = {turn.speaker: np.zeros(len(power), bool) for turn in turns}
    for turn in turns:
        for word in turn.words:
            spoken_steps[turn.speaker][
                max(0, word.start_ms // LEVEL_STEP_MS) : max(0, word.end_ms // LEVEL_STEP_MS)
            ] = True
    is_single = sum(mask.astype(int) for mask in spoken_steps.values()) == 1
    levels = {}
    for speaker, mask in spoken_steps.items():
        speech_power = power[mask & is_single]
        if len(speech_power) * LEVEL_STEP_MS < MIN_SPEECH_MS or not speech_power.any():
            continue
        loud = speech_power[speech_power > speech_power.mean() * 10 ** (RELATIVE_GATE_LU / 10)]
        levels[speaker] = lufs_from_power(float(loud.mean())), len(speech_power) * LEVEL_STEP_MS
    return levels


def _segment_gain(steps: int, played: Sequence[PlacedSegment]) -> Samples:
    """Power gain of each step: the gain that the user set for its segment."""
    gain = np.ones(steps)
    for piece in played:
        first, end = (round(at_ms / LEVEL_STEP_MS) for at_ms in (piece.output_start_ms, piece.output_end_ms))
        gain[max(0, first) : end] = 10 ** (piece.gain_db / 10)
    return gain


def _gain_curve(turns: Sequence[WordTurn], gains: Mapping[str, float], steps: int) -> NDArray[np.float64]:
    """Gain in dB of each ms: constant in a turn, ramped in the gap before the next."""
    at_ms, gain_db = [0.0], [gains.get(turns[0].speaker, 0.0)]
    for before, after in pairwise(turns):
        gap_ms = after.start_ms - before.end_ms
        ramp_ms = min(max(gap_ms, MIN_RAMP_MS), MAX_RAMP_MS)
        middle = max((before.end_ms + after.start_ms) / 2, at_ms[-1] + ramp_ms / 2)
        at_ms += [middle - ramp_ms / 2, middle + ramp_ms / 2]
        gain_db += [gains.get(before.speaker, 0.0), gains.get(after.speaker, 0.0)]
    return np.interp(np.arange(steps), at_ms, gain_db)


def audible_words(words: Sequence[Word], played: Sequence[PlacedSegment]) -> list[Word]:
    """Words whose pieces are not muted."""
    return [word for word in words if not _is_muted(word, played)]


def _is_muted(word: Word, played: Sequence[PlacedSegment]) -> bool:
    middle = (word.start_ms + word.end_ms) / 2
    return any(piece.muted and piece.output_start_ms <= middle < piece.output_end_ms for piece in played)
