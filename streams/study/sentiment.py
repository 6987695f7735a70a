"""Sentiment along time, by VADER's lexicon. Pure; English only, and silent in every other language."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from core.ports.models import Float32
from schemas.documents.intelligence import Mood
from streams.study.lexicon import speaks_english
from streams.study.transcript_text import Line, Spoken

STEP_MS = 60_000
"""About a minute: one number says something of it, and an hour has sixty."""


def moods(spoken: Spoken) -> Float32:
    """VADER's compound of each line, -1..1; zeros in other languages."""
    analyser = SentimentIntensityAnalyzer()
    felt = [analyser.polarity_scores(line.text)["compound"] if _known(line) else 0.0 for line in spoken.lines]
    return np.array(felt, dtype=np.float32)


def along(spoken: Spoken, values: Float32) -> list[Mood]:
    """One value for each minute or so in which somebody speaks English, weighted by length."""
    return [_mood(spoken, values, run) for run in _runs(spoken)]


def _runs(spoken: Spoken) -> list[Sequence[int]]:
    found: list[list[int]] = []
    for at, line in enumerate(spoken.lines):
        if not _known(line):
            continue
        if not found or line.start_ms // STEP_MS != spoken.lines[found[-1][0]].start_ms // STEP_MS:
            found.append([])
        found[-1].append(at)
    return [run for run in found if run]


def _known(line: Line) -> bool:
    return speaks_english(line.language)


def _mood(spoken: Spoken, values: Float32, run: Sequence[int]) -> Mood:
    words = np.array([spoken.lines[at].words for at in run], dtype=np.float32)
    mean = float((values[list(run)] * words).sum() / words.sum())
    sign = 1.0 if mean >= 0 else -1.0
    carrier = max(run, key=lambda at: (sign * float(values[at]), -at))
    return Mood(
        start_ms=spoken.lines[run[0]].start_ms,
        end_ms=spoken.lines[run[-1]].end_ms,
        value=round(mean, 3),
        quote=spoken.line_quote(spoken.lines[carrier]),
    )
