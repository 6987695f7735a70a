"""Join the acoustics of all spans into the project's: curves, events, totals. Pure."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.common import TimeRange, Word
from schemas.documents.acoustics import Curve, SoundEvent, Sounds, SoundTotals
from schemas.documents.span import HeardSpan
from streams.close.acoustics.arousal import ACOUSTICS_STEP_MS, AROUSAL_STEP_MS, measure_arousal, number_speakers
from streams.close.acoustics.music_sections import find_sections, nearest_step

ACOUSTICS_METHOD = "sounds-1"
"""Version of the method, as the document names it."""
MUSIC_STEP_MS = 500
"""Step of the music curve."""
SMOOTHING_STEPS = 7
"""Values of the moving average over the music curve."""
MIN_MUSIC_PROBABILITY = 0.5
"""Least probability of music where there is no speech."""
MIN_MUSIC_UNDER_SPEECH_PROBABILITY = 0.75
"""Least probability of music under speech: a voice in a hall holds its tones too."""
MIN_MUSIC_MS = 4_000
"""Shortest music that is an event."""
MAX_MUSIC_GAP_MS = 2_000
"""Longest doubt inside music that does not split it."""
MIN_SILENCE_MS = 500
"""Shortest silence that is an event."""
SILENCE_LUFS = -60.0
"""Silence is below this in a quiet programme."""
MAX_SILENCE_LUFS = -50.0
"""Loudest silence, however loud the programme."""
SILENCE_BELOW_LOUD_LU = 40.0
"""Level of silence below the loud parts of a loud programme."""
MIN_PAUSE_MS = 300
"""Shortest break in speech that is a pause."""
MAX_PAUSE_MS = 5_000
"""Longest break in speech that is a pause."""
RATE_STEP_MS = 1_000
"""Step of the speech rate curve."""
RATE_WINDOW_MS = 5_000
"""Time around each step in which words are counted."""
CurveValues = NDArray[np.float64]


def summarise_acoustics(
    spans: Sequence[HeardSpan], speech: Sequence[TimeRange], words: Sequence[Word], duration_ms: int
) -> Sounds:
    """Summarise the project's acoustics from its spans, speech and words (all in order of time)."""
    loudness, pitch, brightness = (
        _join_curves(spans, name, ACOUSTICS_STEP_MS, duration_ms) for name in ("loudness_lufs", "pitch_hz", "bright_db")
    )
    pitch = np.where(pitch > 0, pitch, np.nan)
    music = _join_curves(spans, "music", MUSIC_STEP_MS, duration_ms)
    speech_steps = mark_steps(speech, ACOUSTICS_STEP_MS, len(loudness))
    arousal = measure_arousal(pitch, loudness, brightness, speech_steps, number_speakers(words, len(loudness)))
    rate = measure_speech_rate(words, duration_ms)
    events = [
        *(
            SoundEvent(kind="speech", start_ms=speech_range.start_ms, end_ms=speech_range.end_ms, confidence=1.0)
            for speech_range in speech
        ),
        *find_pauses(speech, loudness),
        *find_silences(loudness),
        *(music_events := find_music(music, speech_steps[:: MUSIC_STEP_MS // ACOUSTICS_STEP_MS])),
        *find_sections(spans, music_events),
    ]
    events = sorted(_clamp_events(events, duration_ms), key=lambda event: (event.start_ms, event.end_ms, event.kind))
    return Sounds(
        duration_ms=duration_ms,
        loudness=_build_curve(ACOUSTICS_STEP_MS, "LUFS", loudness, 1),
        pitch=_build_curve(ACOUSTICS_STEP_MS, "Hz", pitch, 0),
        arousal=_build_curve(AROUSAL_STEP_MS, "0..1, 0.5 is usual", arousal, 3),
        speech_rate=_build_curve(RATE_STEP_MS, "words/s", rate, 2),
        music=_build_curve(MUSIC_STEP_MS, "probability", music, 3),
        events=events,
        totals=_sum_totals(events, loudness, np.where(speech_steps, pitch, np.nan), rate),
        method=ACOUSTICS_METHOD,
    )


def _join_curves(spans: Sequence[HeardSpan], name: str, step_ms: int, duration_ms: int) -> CurveValues:
    """Join one curve of the spans; NaN where no span has a value."""
    values = np.full(nearest_step(duration_ms, step_ms), np.nan)
    for span in spans:
        if span.sounds is not None:
            span_values = getattr(span.sounds, name)
            first = nearest_step(span.sounds.start_ms, step_ms)
            count = max(0, min(len(span_values), len(values) - first))
            values[first : first + count] = span_values[:count]
    return values


def mark_steps(ranges: Sequence[TimeRange], step_ms: int, count: int) -> NDArray[np.bool_]:
    """Mark the steps whose middle lies in a range."""
    marks = np.zeros(count, dtype=bool)
    for range_ in ranges:
        marks[nearest_step(range_.start_ms, step_ms) : nearest_step(range_.end_ms, step_ms)] = True
    return marks


def measure_speech_rate(words: Sequence[Word], duration_ms: int) -> CurveValues:
    """Measure words per second in the 5 s around each second, short pauses included.

    NaN with fewer than three words.
    """
    middles_ms = np.array([(word.start_ms + word.end_ms) / 2 for word in words])
    centres_ms = np.arange(-(-duration_ms // RATE_STEP_MS)) * RATE_STEP_MS + RATE_STEP_MS / 2
    rate = np.full(len(centres_ms), np.nan)
    for row, middle in enumerate(centres_ms):
        first, end = (int(np.searchsorted(middles_ms, middle + side * RATE_WINDOW_MS / 2)) for side in (-1, 1))
        if end - first >= 3:
            rate[row] = 1000 * (end - first) / max(1, words[end - 1].end_ms - words[first].start_ms)
    return rate


def find_pauses(speech: Sequence[TimeRange], loudness: CurveValues) -> list[SoundEvent]:
    """Find breaks of 0.3 to 5 s in speech; the confidence grows with the drop in level, full at 10 LU."""
    events = []
    for before, after in itertools.pairwise(speech):
        if not MIN_PAUSE_MS <= after.start_ms - before.end_ms <= MAX_PAUSE_MS:
            continue
        gap_levels, around_levels = (
            loudness[before.end_ms // ACOUSTICS_STEP_MS : after.start_ms // ACOUSTICS_STEP_MS],
            [],
        )
        for side in (before, after):
            around_levels += loudness[side.start_ms // ACOUSTICS_STEP_MS : side.end_ms // ACOUSTICS_STEP_MS].tolist()
        drop_lu = float(np.median(around_levels) - np.min(gap_levels)) if len(gap_levels) and around_levels else 0.0
        confidence = 0.0 if np.isnan(drop_lu) else min(1.0, max(0.0, drop_lu / 10))
        events.append(
            SoundEvent(kind="pause", start_ms=before.end_ms, end_ms=after.start_ms, confidence=round(confidence, 3))
        )
    return events


def find_silences(loudness: CurveValues) -> list[SoundEvent]:
    """Find ranges of half a second and more without sound; full confidence 20 LU below the threshold."""
    measured_lufs = loudness[~np.isnan(loudness)]
    if not len(measured_lufs):
        return []
    threshold_lufs = min(
        MAX_SILENCE_LUFS, max(SILENCE_LUFS, float(np.quantile(measured_lufs, 0.9)) - SILENCE_BELOW_LOUD_LU)
    )
    events = []
    for first, end in find_runs(loudness < threshold_lufs):
        if (end - first) * ACOUSTICS_STEP_MS >= MIN_SILENCE_MS:
            confidence = min(1.0, 0.5 + (threshold_lufs - float(np.mean(loudness[first:end]))) / 40)
            events.append(
                SoundEvent(
                    kind="silence",
                    start_ms=first * ACOUSTICS_STEP_MS,
                    end_ms=end * ACOUSTICS_STEP_MS,
                    confidence=round(confidence, 3),
                )
            )
    return events


def smooth_probability(probability: CurveValues) -> CurveValues:
    """Return the mean of ``SMOOTHING_STEPS`` values around each; unknown ones count as zero."""
    if not len(probability):
        return probability
    padded = np.pad(np.nan_to_num(probability), SMOOTHING_STEPS // 2, mode="edge")
    return np.convolve(padded, np.ones(SMOOTHING_STEPS) / SMOOTHING_STEPS, "valid")


def find_music(probability: CurveValues, speech_steps: NDArray[np.bool_]) -> list[SoundEvent]:
    """Find music of 4 s and more; short doubts inside do not split it."""
    smooth = smooth_probability(probability)
    in_speech = np.zeros(len(smooth), dtype=bool)
    in_speech[: len(speech_steps)] = speech_steps[: len(smooth)]
    in_speech = smooth_probability(in_speech.astype(float)) >= 0.5
    is_music = smooth >= np.where(in_speech, MIN_MUSIC_UNDER_SPEECH_PROBABILITY, MIN_MUSIC_PROBABILITY)
    for first, end in find_runs(~is_music):
        if first > 0 and end < len(is_music) and (end - first) * MUSIC_STEP_MS <= MAX_MUSIC_GAP_MS:
            is_music[first:end] = True
    return [
        SoundEvent(
            kind="music",
            start_ms=first * MUSIC_STEP_MS,
            end_ms=end * MUSIC_STEP_MS,
            confidence=round(float(smooth[first:end].mean()), 3),
        )
        for first, end in find_runs(is_music)
        if (end - first) * MUSIC_STEP_MS >= MIN_MUSIC_MS
    ]


def find_runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return half-open runs of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(first), int(end)) for first, end in zip(edges[::2], edges[1::2], strict=True)]


def _clamp_events(events: Sequence[SoundEvent], duration_ms: int) -> list[SoundEvent]:
    """Clamp events to the project: the last step of a curve may reach beyond it."""
    return [
        msgspec.structs.replace(event, end_ms=min(event.end_ms, duration_ms))
        for event in events
        if event.start_ms < duration_ms
    ]


def _build_curve(step_ms: int, unit: str, values: CurveValues, digits: int) -> Curve:
    """Build a curve document, NaN as None."""
    return Curve(
        step_ms=step_ms,
        unit=unit,
        values=[None if np.isnan(value) else round(float(value), digits) for value in values],
    )


def _sum_totals(
    events: Sequence[SoundEvent], loudness: CurveValues, pitch: CurveValues, rate: CurveValues
) -> SoundTotals:
    """Sum the events' lengths and take the curves' medians."""

    def total_ms(kind: str) -> int:
        return sum(event.end_ms - event.start_ms for event in events if event.kind == kind)

    return SoundTotals(
        speech_ms=total_ms("speech"),
        music_ms=total_ms("music"),
        silence_ms=total_ms("silence"),
        pauses=sum(event.kind == "pause" for event in events),
        median_lufs=_median(loudness, 1),
        median_pitch_hz=_median(pitch, 0),
        median_words_per_s=_median(rate, 2),
    )


def _median(values: CurveValues, digits: int) -> float | None:
    """Median of the known values, None without any."""
    measured_values = values[~np.isnan(values)].tolist()
    return round(statistics.median(measured_values), digits) if measured_values else None
