"""Measures where a small frame has detail: edges and movement along x and y. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.common import TimeRange
from schemas.documents.clip_tracks import ShotLook
from streams.vision.frame_stats import block_means, sample_plane

BINS = 32
"""Bins of a profile."""
EDGE_MIN = 10.0
"""Minimum luma step of an edge: below it is noise."""
MOVE_MIN = 12.0
"""Minimum change of luma that counts as movement."""
MOVEMENT_WEIGHT = 2.0
"""Weight of movement, relative to edges: it draws the eye more."""


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """Profiles (32,) of edges and of movement since the last frame, along x and y; block luma (9, 16)."""

    luma: NDArray[np.float32]
    edges: tuple[NDArray[np.float32], NDArray[np.float32]]
    movement: tuple[NDArray[np.float32], NDArray[np.float32]]
    blocks: NDArray[np.float32]


def _profiles(energy: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    columns = energy.mean(axis=0, dtype=np.float32)
    rows = energy.mean(axis=1, dtype=np.float32)
    return _binned(columns), _binned(rows)


def _binned(profile: NDArray[np.float32]) -> NDArray[np.float32]:
    edges = np.linspace(0, len(profile), BINS + 1)
    mass = np.r_[0.0, np.cumsum(profile)]
    return np.diff(np.interp(edges, np.arange(len(profile) + 1), mass)).astype(np.float32)


def measure_detail(picture: NDArray[np.uint8], before: Detail | None) -> Detail:
    """Measure the detail of a small RGB frame (h, w, 3)."""
    luma = (picture @ np.array([0.299, 0.587, 0.114], np.float32)).astype(np.float32)
    edges = np.zeros_like(luma)
    edges[:, 1:] += np.abs(np.diff(luma, axis=1))
    edges[1:] += np.abs(np.diff(luma, axis=0))
    edges[edges < EDGE_MIN] = 0.0
    movement = np.zeros_like(luma)
    if before is not None and before.luma.shape == luma.shape:
        movement = np.abs(luma - before.luma)
        movement[movement < MOVE_MIN] = 0.0
    samples = sample_plane(luma.astype(np.uint8), 9 * 12, 16 * 12)
    return Detail(luma=luma, edges=_profiles(edges), movement=_profiles(movement), blocks=block_means(samples))


def _shares(edges: NDArray[np.float32], movement: NDArray[np.float32]) -> list[float]:
    parts = [(1.0, edges), (MOVEMENT_WEIGHT, movement)]
    mixed = sum(
        (weight * part / float(part.sum()) for weight, part in parts if float(part.sum()) > 0),
        np.zeros(BINS, np.float32),
    )
    total = float(np.sum(mixed))
    return [round(float(value) / total, 4) for value in mixed] if total > 0 else [round(1 / BINS, 4)] * BINS


def summarise_shot(shot: int, time: TimeRange, at_ms: Sequence[int], details: Sequence[Detail]) -> ShotLook | None:
    """Summarise the details inside one shot; None without any.

    The movement of the first frame is the cut itself and does not count.
    """
    inside = [detail for when, detail in zip(at_ms, details, strict=True) if time.start_ms <= when < time.end_ms]
    if not inside:
        return None
    moving = inside[1:]
    zero = np.zeros(BINS, np.float32)
    edges = [np.mean([detail.edges[axis] for detail in inside], axis=0) for axis in (0, 1)]
    movement = [np.mean([d.movement[axis] for d in moving], axis=0) if moving else zero for axis in (0, 1)]
    blocks = np.median([detail.blocks for detail in inside], axis=0)
    return ShotLook(
        shot=shot,
        columns=_shares(edges[0], movement[0]),
        rows=_shares(edges[1], movement[1]),
        blocks=[round(float(value)) for value in blocks.ravel()],
    )
