"""Synthetic voices from a seed: a direction for each speaker, with windows scattered around it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.ports.models import Float32
from schemas.common import ObjectRef, TimeRange, Word
from schemas.documents.diarization import VoiceWindows
from schemas.documents.span import HeardSpan
from streams.listen.speech_segments import place_windows
from tests.support.spoken_words import span

DIMENSIONS, LIVELY = 64, 12
"""A voice varies in few of its dimensions, as real ones do."""


def voice_windows(
    turns: Sequence[tuple[int, int, int]], *, alike: float = 0.5, steady: float = 0.7, seed: int = 1
) -> tuple[list[TimeRange], Float32, NDArray[np.int64]]:
    """Windows, their vectors and whose they are, for turns of (start ms, end ms, speaker).

    ``alike`` is the cosine of two speakers, ``steady`` that of two windows of one.
    """
    random = np.random.default_rng(seed)
    parts = np.linalg.qr(random.normal(size=(DIMENSIONS, DIMENSIONS)))[0]
    ratio = alike / steady
    voices = [np.sqrt(ratio) * parts[0] + np.sqrt(1 - ratio) * parts[1 + who] for who in range(12)]
    found, rows, owners = list[TimeRange](), [], []
    for start_ms, end_ms, who in turns:
        for window in place_windows([TimeRange(start_ms=start_ms, end_ms=end_ms)]):
            noise = parts[20 : 20 + LIVELY].T @ random.normal(size=LIVELY) / np.sqrt(LIVELY)
            row = np.sqrt(steady) * voices[who] + np.sqrt(1 - steady) * noise
            found.append(window)
            rows.append(row / np.linalg.norm(row))
            owners.append(who)
    return found, np.array(rows, dtype=np.float32), np.array(owners)


def taking_turns(speakers: int, minutes: float, seed: int = 1) -> list[tuple[int, int, int]]:
    """Turns of two to nine seconds in a random order, with short pauses."""
    random = np.random.default_rng(seed)
    turns, at, who = list[tuple[int, int, int]](), 0, 0
    while at < minutes * 60_000:
        length_ms = int(random.uniform(2_000, 9_000))
        turns.append((at, at + length_ms, who))
        at += length_ms + int(random.uniform(100, 800))
        who = (who + int(random.integers(1, max(2, speakers)))) % speakers
    return turns


def voiced(turns: Sequence[tuple[int, int, int]], words: list[Word]) -> tuple[HeardSpan, Float32]:
    """One span in which these turns are heard, and its vectors."""
    found, rows, _ = voice_windows(turns)
    phrases = [TimeRange(start_ms=start_ms, end_ms=end_ms) for start_ms, end_ms, _ in turns]
    heard = VoiceWindows(
        starts_ms=[window.start_ms for window in found],
        ends_ms=[window.end_ms for window in found],
        phrases=phrases,
        dimensions=DIMENSIONS,
        vectors=ObjectRef(key="k", sha256="0" * 64, size=1),
        model="made",
    )
    whole = span(0, turns[-1][1], words)
    return HeardSpan(
        **{name: getattr(whole, name) for name in HeardSpan.__struct_fields__} | {"voices": heard, "speech": phrases}
    ), rows
