"""Sentiment along time, by VADER's lexicon. English only. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from core.ports.models import Float32
from schemas.documents.intelligence import Mood
from streams.study.discourse_patterns import speaks_english
from streams.study.transcript_text import TranscriptLine, TranscriptText

SENTIMENT_STEP_MS = 60_000
"""Time of one value, about a minute: enough talk for a mean, and an hour has sixty."""


def measure_polarity(document: TranscriptText) -> Float32:
    """Measure VADER's compound of each line, -1..1; zeros in other languages."""
    analyser = SentimentIntensityAnalyzer()
    polarity = [
        analyser.polarity_scores(line.text)["compound"] if _is_english(line) else 0.0 for line in document.lines
    ]
    return np.array(polarity, dtype=np.float32)


def build_sentiment(document: TranscriptText, values: Float32) -> list[Mood]:
    """Average each minute of English speech, weighted by length."""
    return [_average_minute(document, values, line_numbers) for line_numbers in _group_by_minute(document)]


def _group_by_minute(document: TranscriptText) -> list[Sequence[int]]:
    groups: list[list[int]] = []
    for number, line in enumerate(document.lines):
        if not _is_english(line):
            continue
        if (
            not groups
            or line.start_ms // SENTIMENT_STEP_MS != document.lines[groups[-1][0]].start_ms // SENTIMENT_STEP_MS
        ):
            groups.append([])
        groups[-1].append(number)
    return [group for group in groups if group]


def _is_english(line: TranscriptLine) -> bool:
    return speaks_english(line.language)


def _average_minute(document: TranscriptText, values: Float32, line_numbers: Sequence[int]) -> Mood:
    words = np.array([document.lines[number].words for number in line_numbers], dtype=np.float32)
    mean = float((values[list(line_numbers)] * words).sum() / words.sum())
    sign = 1.0 if mean >= 0 else -1.0
    strongest = max(line_numbers, key=lambda number: (sign * float(values[number]), -number))
    return Mood(
        start_ms=document.lines[line_numbers[0]].start_ms,
        end_ms=document.lines[line_numbers[-1]].end_ms,
        value=round(mean, 3),
        quote=document.line_quote(document.lines[strongest]),
    )
