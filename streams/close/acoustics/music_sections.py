"""Find where music changes: novelty along the diagonal of its self-similarity. Pure.

Foote, "Automatic audio segmentation using a measure of audio novelty", ICME 2000: a checkerboard kernel slid along
the similarity of each second with each other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.documents.acoustics import SoundEvent
from schemas.documents.span import HeardSpan

KERNEL_HALF_SIZE_S = 8
"""Seconds on each side that are compared: two bars of a slow song."""
MIN_NOVELTY = 0.12
"""Least novelty (0..1) of a change."""
MIN_SECTION_S = 8
"""Least distance of two changes, in seconds."""
TEXTURE_STEP_MS = 1_000
"""Step of the textures."""


def find_sections(spans: Sequence[HeardSpan], music: Sequence[SoundEvent]) -> list[SoundEvent]:
    """Find the changes inside each music event, with their confidence."""
    events = []
    for event in music:
        textures, first_s = _collect_textures(spans, event)
        for second, strength in find_changes(textures):
            at_ms = (first_s + second) * TEXTURE_STEP_MS
            confidence = round(min(1.0, strength / (3 * MIN_NOVELTY)), 3)
            events.append(SoundEvent(kind="section", start_ms=at_ms, end_ms=at_ms, confidence=confidence))
    return events


def nearest_step(ms: int, step_ms: int) -> int:
    """Return the step that begins nearest to a time.

    A half rounds up, so that neighbouring spans leave no gap between them.
    """
    return (ms + step_ms // 2) // step_ms


def _collect_textures(spans: Sequence[HeardSpan], event: SoundEvent) -> tuple[NDArray[np.float64], int]:
    """Collect the textures of a music event's seconds (seconds, numbers), and its first second."""
    first_s, end_s = event.start_ms // TEXTURE_STEP_MS, event.end_ms // TEXTURE_STEP_MS
    size = max((span.sounds.texture_size for span in spans if span.sounds), default=1)
    textures = np.zeros((max(0, end_s - first_s), size))
    for span in spans:
        if span.sounds is None or span.sounds.texture_size != size:
            continue
        rows = np.frombuffer(span.sounds.texture, np.uint8).reshape(-1, size) / 255.0
        offset = nearest_step(span.sounds.start_ms, TEXTURE_STEP_MS) - first_s
        low, high = max(0, -offset), min(len(rows), len(textures) - offset)
        if high > low:
            textures[offset + low : offset + high] = rows[low:high]
    return textures, first_s


def find_changes(textures: NDArray[np.float64]) -> list[tuple[int, float]]:
    """Find the seconds at which the music changes, with the novelty 0..1 of each."""
    if len(textures) < 2 * KERNEL_HALF_SIZE_S:
        return []
    novelty = _compute_novelty(textures)
    changes: list[tuple[int, float]] = []
    for index in np.argsort(-novelty, kind="stable"):
        if novelty[index] < MIN_NOVELTY:
            break
        second = int(index) + KERNEL_HALF_SIZE_S
        if all(abs(second - other_second) >= MIN_SECTION_S for other_second, _ in changes):
            changes.append((second, float(novelty[index])))
    return sorted(changes)


def _compute_novelty(textures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean similarity within both sides less that across, at each second with a full kernel."""
    centred = textures - textures.mean(axis=0)
    centred /= np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    within = np.kron(np.eye(2), np.ones((KERNEL_HALF_SIZE_S, KERNEL_HALF_SIZE_S)))
    kernel = (2 * within - 1) * np.outer(_gaussian_taper(), _gaussian_taper())
    kernel /= np.abs(kernel).sum()
    novelty = []
    for at in range(len(textures) - 2 * KERNEL_HALF_SIZE_S + 1):
        piece = centred[at : at + 2 * KERNEL_HALF_SIZE_S]
        novelty.append(float((kernel * (piece @ piece.T)).sum()))
    return np.asarray(np.maximum(np.array(novelty), 0.0))


def _gaussian_taper() -> NDArray[np.float64]:
    """A Gaussian: near seconds count most."""
    distance = (np.arange(2 * KERNEL_HALF_SIZE_S) + 0.5 - KERNEL_HALF_SIZE_S) / KERNEL_HALF_SIZE_S
    return np.asarray(np.exp(-2 * distance**2))
