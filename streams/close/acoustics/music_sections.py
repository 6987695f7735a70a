"""Where music becomes another: novelty along the diagonal of its self-similarity. Pure; names no form and no song.

Foote, "Automatic audio segmentation using a measure of audio novelty", ICME 2000: a checkerboard kernel slid along the
similarity of each second with each other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.documents.acoustics import SoundEvent
from schemas.documents.span import HeardSpan

HALF = 8
"""Seconds on each side that are compared: two bars of a slow song."""
LEAST_NOVELTY = 0.12
LEAST_APART = 8
STEP_MS = 1_000


def sections(spans: Sequence[HeardSpan], music: Sequence[SoundEvent]) -> list[SoundEvent]:
    """Changes inside each stretch of music, with how clear each is."""
    found = []
    for event in music:
        textures, first_s = _textures(spans, event)
        for second, strength in changes(textures):
            at_ms = (first_s + second) * STEP_MS
            sure = round(min(1.0, strength / (3 * LEAST_NOVELTY)), 3)
            found.append(SoundEvent(kind="section", start_ms=at_ms, end_ms=at_ms, confidence=sure))
    return found


def nearest(ms: int, step_ms: int) -> int:
    """The step that begins nearest to a time; a half goes up, so that neighbouring spans leave no gap between them."""
    return (ms + step_ms // 2) // step_ms


def _textures(spans: Sequence[HeardSpan], event: SoundEvent) -> tuple[NDArray[np.float64], int]:
    """Textures of the seconds of a stretch (seconds, numbers), and its first second."""
    first_s, end_s = event.start_ms // STEP_MS, event.end_ms // STEP_MS
    size = max((span.sounds.texture_size for span in spans if span.sounds), default=1)
    whole = np.zeros((max(0, end_s - first_s), size))
    for span in spans:
        if span.sounds is None or span.sounds.texture_size != size:
            continue
        rows = np.frombuffer(span.sounds.texture, np.uint8).reshape(-1, size) / 255.0
        begins = nearest(span.sounds.start_ms, STEP_MS) - first_s
        low, high = max(0, -begins), min(len(rows), len(whole) - begins)
        if high > low:
            whole[begins + low : begins + high] = rows[low:high]
    return whole, first_s


def changes(textures: NDArray[np.float64]) -> list[tuple[int, float]]:
    """Seconds at which what follows is unlike what was, with the novelty 0..1 of each."""
    if len(textures) < 2 * HALF:
        return []
    novelty = _novelty(textures)
    found: list[tuple[int, float]] = []
    for at in np.argsort(-novelty, kind="stable"):
        if novelty[at] < LEAST_NOVELTY:
            break
        second = int(at) + HALF
        if all(abs(second - other) >= LEAST_APART for other, _ in found):
            found.append((second, float(novelty[at])))
    return sorted(found)


def _novelty(textures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean similarity within both sides less that across, at each second from ``HALF`` to ``HALF`` before the end."""
    centred = textures - textures.mean(axis=0)
    centred /= np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    within = np.kron(np.eye(2), np.ones((HALF, HALF)))
    kernel = (2 * within - 1) * np.outer(_taper(), _taper())
    kernel /= np.abs(kernel).sum()
    found = []
    for at in range(len(textures) - 2 * HALF + 1):
        piece = centred[at : at + 2 * HALF]
        found.append(float((kernel * (piece @ piece.T)).sum()))
    return np.asarray(np.maximum(np.array(found), 0.0))


def _taper() -> NDArray[np.float64]:
    """A Gaussian: near seconds count most."""
    away = (np.arange(2 * HALF) + 0.5 - HALF) / HALF
    return np.asarray(np.exp(-2 * away**2))
