"""Decodes the output of MediaPipe's person detector to boxes. Pure.

The network finds heads, and for each the middle of the hips and the size of the body around them (Bazarevsky et al.,
BlazePose, 2020; the anchors are those of pose_detection's graph in MediaPipe 0.10).
"""

from __future__ import annotations

import numpy as np

SIDE_PX, MAX_PERSONS = 224, 8
"""The input's side, and the most persons of one frame."""
GRIDS = ((28, 2), (14, 2), (7, 6))
"""Cells along a side, and anchors of each cell: strides of 8, 16 and, three times, 32."""
SAME_PERSON_IOU_RATIO = 0.3
"""Intersection over union above which two boxes are one person; the best stays."""
HALF_BODY_RATIO = 0.3
"""Distance of a shoulder from the spine, as a share of the body's reach from the hips."""


def anchors() -> np.ndarray:
    """Centres (2254, 2) of the cells as shares of the frame, in the order of the network's rows."""
    grids = []
    for cells, anchors_per_cell in GRIDS:
        middle = (np.arange(cells) + 0.5) / cells
        across, down = np.meshgrid(middle, middle)
        grids.append(np.repeat(np.stack([across.ravel(), down.ravel()], axis=1), anchors_per_cell, axis=0))
    return np.concatenate(grids).astype(np.float32)


def to_input(picture: np.ndarray) -> np.ndarray:
    """One frame (224, 224, 3) as the network's input: a batch of one, -1 to 1."""
    return picture[None].astype(np.float32) / 127.5 - 1.0


def decode(rows: np.ndarray, logits: np.ndarray, places: np.ndarray, threshold: float) -> np.ndarray:
    """Persons (k, 5): left, top, width, height in input pixels, score; best first, at most 8.

    ``rows`` (2254, 12): middle and size of the head, then hips and the body's reach; ``places``: ``anchors()``.
    """
    scores = 1.0 / (1.0 + np.exp(-np.clip(logits.ravel(), -100.0, 100.0)))
    likely = np.flatnonzero(scores >= threshold)
    order = likely[np.argsort(-scores[likely], kind="stable")]
    boxes = _bodies(rows[order] / SIDE_PX, places[order]) * SIDE_PX
    retained: list[int] = []
    for number, box in enumerate(boxes):
        if len(retained) < MAX_PERSONS and all(
            _intersection_over_union(box, boxes[better]) < SAME_PERSON_IOU_RATIO for better in retained
        ):
            retained.append(number)
    return np.concatenate([boxes[retained], scores[order[retained], None]], axis=1).astype(np.float32).reshape(-1, 5)


def _bodies(rows: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Boxes from head to hips and shoulder to shoulder, as shares of the frame, clipped at its edges."""
    head, size, hips, reach = places + rows[:, :2], np.abs(rows[:, 2:4]), places + rows[:, 4:6], places + rows[:, 6:8]
    half = HALF_BODY_RATIO * np.linalg.norm(reach - hips, axis=1)
    left = np.minimum(head[:, 0] - size[:, 0] / 2, np.minimum(head[:, 0], hips[:, 0]) - half)
    right = np.maximum(head[:, 0] + size[:, 0] / 2, np.maximum(head[:, 0], hips[:, 0]) + half)
    top = np.minimum(head[:, 1] - size[:, 1] / 2, hips[:, 1])
    bottom = np.maximum(head[:, 1] + size[:, 1] / 2, hips[:, 1])
    left, top, right, bottom = (np.clip(edge, 0.0, 1.0) for edge in (left, top, right, bottom))
    return np.stack([left, top, right - left, bottom - top], axis=1)


def _intersection_over_union(first: np.ndarray, second: np.ndarray) -> float:
    shared_width = min(first[0] + first[2], second[0] + second[2]) - max(first[0], second[0])
    shared_height = min(first[1] + first[3], second[1] + second[3]) - max(first[1], second[1])
    if shared_width <= 0 or shared_height <= 0:
        return 0.0
    return float(
        shared_width * shared_height / (first[2] * first[3] + second[2] * second[3] - shared_width * shared_height)
    )


def stack_boxes(boxes_by_frame: list[np.ndarray]) -> np.ndarray:
    """Persons of each frame as one array (n, 8, 5), padded with zeros."""
    stacked = np.zeros((len(boxes_by_frame), MAX_PERSONS, 5), np.float32)
    for number, rows in enumerate(boxes_by_frame):
        stacked[number, : len(rows)] = rows
    return stacked
