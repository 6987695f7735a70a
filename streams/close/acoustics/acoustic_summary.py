"""What all spans sound like → one sound of the project: curves, events, totals. Pure; never hears anything itself."""

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
from streams.close.acoustics.arousal import AROUSAL_STEP_MS, STEP_MS, arousal, owners
from streams.close.acoustics.music_sections import nearest, sections

METHOD = "sounds-1"
MUSIC_STEP_MS = 500
SMOOTH = 7
ALONE, UNDER_SPEECH = 0.5, 0.75
"""Least probability of music by itself, and where somebody speaks: a voice in a hall holds its tones too."""
LEAST_MUSIC_MS, MUSIC_GAP_MS = 4_000, 2_000
LEAST_SILENCE_MS = 500
SILENT_LUFS, LOUD_SILENT_LUFS, BELOW_LOUD_LU = -60.0, -50.0, 40.0
"""Silence is below -60 LUFS; in a loud programme what is 40 LU below its loud parts, but never above -50."""
LEAST_PAUSE_MS, LONGEST_PAUSE_MS = 300, 5_000
RATE_STEP_MS, RATE_WINDOW_MS = 1_000, 5_000
Values = NDArray[np.float64]


def soundtrack(
    spans: Sequence[HeardSpan], speech: Sequence[TimeRange], words: Sequence[Word], duration_ms: int
) -> Sounds:
    """The project's sound from its spans, its speech and its words (all in order of time)."""
    loudness, pitch, bright = (
        _joined(spans, name, STEP_MS, duration_ms) for name in ("loudness_lufs", "pitch_hz", "bright_db")
    )
    pitch = np.where(pitch > 0, pitch, np.nan)
    music = _joined(spans, "music", MUSIC_STEP_MS, duration_ms)
    spoken = flags(speech, STEP_MS, len(loudness))
    raised = arousal(pitch, loudness, bright, spoken, owners(words, len(loudness)))
    rate = speech_rate(words, duration_ms)
    events = [
        *(SoundEvent(kind="speech", start_ms=one.start_ms, end_ms=one.end_ms, confidence=1.0) for one in speech),
        *pauses(speech, loudness),
        *silences(loudness),
        *(found := music_events(music, spoken[:: MUSIC_STEP_MS // STEP_MS])),
        *sections(spans, found),
    ]
    events = sorted(_inside(events, duration_ms), key=lambda event: (event.start_ms, event.end_ms, event.kind))
    return Sounds(
        duration_ms=duration_ms,
        loudness=_curve(STEP_MS, "LUFS", loudness, 1),
        pitch=_curve(STEP_MS, "Hz", pitch, 0),
        arousal=_curve(AROUSAL_STEP_MS, "0..1, 0.5 is usual", raised, 3),
        speech_rate=_curve(RATE_STEP_MS, "words/s", rate, 2),
        music=_curve(MUSIC_STEP_MS, "probability", music, 3),
        events=events,
        totals=_totals(events, loudness, np.where(spoken, pitch, np.nan), rate),
        method=METHOD,
    )


def _joined(spans: Sequence[HeardSpan], name: str, step_ms: int, duration_ms: int) -> Values:
    """One list of the project from those of its spans; NaN where no span has a value."""
    whole = np.full(nearest(duration_ms, step_ms), np.nan)
    for span in spans:
        if span.sounds is not None:
            values = getattr(span.sounds, name)
            first = nearest(span.sounds.start_ms, step_ms)
            room = max(0, min(len(values), len(whole) - first))
            whole[first : first + room] = values[:room]
    return whole


def flags(stretches: Sequence[TimeRange], step_ms: int, count: int) -> NDArray[np.bool_]:
    """Which steps' middles lie in a stretch."""
    found = np.zeros(count, dtype=bool)
    for one in stretches:
        found[nearest(one.start_ms, step_ms) : nearest(one.end_ms, step_ms)] = True
    return found


def speech_rate(words: Sequence[Word], duration_ms: int) -> Values:
    """Words per second, short pauses included, in the 5 s around each second; NaN with fewer than three."""
    middles = np.array([(word.start_ms + word.end_ms) / 2 for word in words])
    at = np.arange(-(-duration_ms // RATE_STEP_MS)) * RATE_STEP_MS + RATE_STEP_MS / 2
    found = np.full(len(at), np.nan)
    for row, middle in enumerate(at):
        first, end = (int(np.searchsorted(middles, middle + side * RATE_WINDOW_MS / 2)) for side in (-1, 1))
        if end - first >= 3:
            found[row] = 1000 * (end - first) / max(1, words[end - 1].end_ms - words[first].start_ms)
    return found


def pauses(speech: Sequence[TimeRange], loudness: Values) -> list[SoundEvent]:
    """Breaks of 0.3 to 5 s between speech; the more the level falls, the surer (10 LU are full certainty)."""
    found = []
    for before, after in itertools.pairwise(speech):
        if not LEAST_PAUSE_MS <= after.start_ms - before.end_ms <= LONGEST_PAUSE_MS:
            continue
        gap, around = loudness[before.end_ms // STEP_MS : after.start_ms // STEP_MS], []
        for side in (before, after):
            around += loudness[side.start_ms // STEP_MS : side.end_ms // STEP_MS].tolist()
        falls = float(np.median(around) - np.min(gap)) if len(gap) and around else 0.0
        sure = 0.0 if np.isnan(falls) else min(1.0, max(0.0, falls / 10))
        found.append(SoundEvent(kind="pause", start_ms=before.end_ms, end_ms=after.start_ms, confidence=round(sure, 3)))
    return found


def silences(loudness: Values) -> list[SoundEvent]:
    """Stretches of half a second and more in which nothing can be heard; 20 LU below the border is full certainty."""
    known = loudness[~np.isnan(loudness)]
    if not len(known):
        return []
    border = min(LOUD_SILENT_LUFS, max(SILENT_LUFS, float(np.quantile(known, 0.9)) - BELOW_LOUD_LU))
    found = []
    for first, end in runs(loudness < border):
        if (end - first) * STEP_MS >= LEAST_SILENCE_MS:
            sure = min(1.0, 0.5 + (border - float(np.mean(loudness[first:end]))) / 40)
            found.append(
                SoundEvent(kind="silence", start_ms=first * STEP_MS, end_ms=end * STEP_MS, confidence=round(sure, 3))
            )
    return found


def smoothed(probability: Values) -> Values:
    """Mean of ``SMOOTH`` values around each; unknown ones count as none."""
    if not len(probability):
        return probability
    padded = np.pad(np.nan_to_num(probability), SMOOTH // 2, mode="edge")
    return np.convolve(padded, np.ones(SMOOTH) / SMOOTH, "valid")


def music_events(probability: Values, spoken: NDArray[np.bool_]) -> list[SoundEvent]:
    """Stretches of music of 4 s and more; short doubts inside one do not part it."""
    sure = smoothed(probability)
    talk = np.zeros(len(sure), dtype=bool)
    talk[: len(spoken)] = spoken[: len(sure)]
    talk = smoothed(talk.astype(float)) >= 0.5
    inside = sure >= np.where(talk, UNDER_SPEECH, ALONE)
    for first, end in runs(~inside):
        if first > 0 and end < len(inside) and (end - first) * MUSIC_STEP_MS <= MUSIC_GAP_MS:
            inside[first:end] = True
    return [
        SoundEvent(
            kind="music",
            start_ms=first * MUSIC_STEP_MS,
            end_ms=end * MUSIC_STEP_MS,
            confidence=round(float(sure[first:end].mean()), 3),
        )
        for first, end in runs(inside)
        if (end - first) * MUSIC_STEP_MS >= LEAST_MUSIC_MS
    ]


def runs(inside: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Half-open runs of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], inside.astype(np.int8), [0]])))
    return [(int(first), int(end)) for first, end in zip(edges[::2], edges[1::2], strict=True)]


def _inside(events: Sequence[SoundEvent], duration_ms: int) -> list[SoundEvent]:
    """Events that end with the project at the latest: the last step of a curve may reach beyond it."""
    return [
        msgspec.structs.replace(event, end_ms=min(event.end_ms, duration_ms))
        for event in events
        if event.start_ms < duration_ms
    ]


def _curve(step_ms: int, unit: str, values: Values, digits: int) -> Curve:
    return Curve(
        step_ms=step_ms,
        unit=unit,
        values=[None if np.isnan(value) else round(float(value), digits) for value in values],
    )


def _totals(events: Sequence[SoundEvent], loudness: Values, pitch: Values, rate: Values) -> SoundTotals:
    def length(kind: str) -> int:
        return sum(event.end_ms - event.start_ms for event in events if event.kind == kind)

    return SoundTotals(
        speech_ms=length("speech"),
        music_ms=length("music"),
        silence_ms=length("silence"),
        pauses=sum(event.kind == "pause" for event in events),
        median_lufs=_median(loudness, 1),
        median_pitch_hz=_median(pitch, 0),
        median_words_per_s=_median(rate, 2),
    )


def _median(values: Values, digits: int) -> float | None:
    known = values[~np.isnan(values)].tolist()
    return round(statistics.median(known), digits) if known else None
