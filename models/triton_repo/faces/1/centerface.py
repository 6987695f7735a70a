"""Decodes CenterFace's output maps to boxes. Pure.

Source of the formulas: Xu et al., CenterFace (2019), and the decoder published with its weights
(Star-Clouds/CenterFace).
"""

from __future__ import annotations

import numpy as np

STRIDE_PX = 4
"""Input pixels of one cell of the maps."""
SIDE_MULTIPLE_PX = 32
"""Width and height that the network takes are multiples of this."""
SAME_FACE_IOU_RATIO = 0.3
"""Intersection over union above which two boxes are one face."""


def to_input(pictures: np.ndarray) -> np.ndarray:
    """RGB uint8 (n, h, w, 3) to float32 (n, 3, H, W): H and W the next multiples of 32, filled with black."""
    count, height, width, _ = pictures.shape
    shape = (
        count,
        3,
        -(-height // SIDE_MULTIPLE_PX) * SIDE_MULTIPLE_PX,
        -(-width // SIDE_MULTIPLE_PX) * SIDE_MULTIPLE_PX,
    )
    padded = np.zeros(shape, dtype=np.float32)
    padded[:, :, :height, :width] = pictures.transpose(0, 3, 1, 2)
    return padded


def decode(
    heat: np.ndarray, scale: np.ndarray, offset: np.ndarray, *, threshold: float, width: int, height: int
) -> np.ndarray:
    """Boxes of one frame, shape (k, 5): x, y, width, height in input pixels, score; best first.

    ``heat`` (h, w); ``scale`` and ``offset`` (2, h, w), rows first. ``width`` and ``height``: of the frame without
    padding. Overlapping boxes of one face are reduced to the best.
    """
    rows, columns = np.nonzero(heat > threshold)
    tall = np.exp(scale[0, rows, columns]) * STRIDE_PX
    wide = np.exp(scale[1, rows, columns]) * STRIDE_PX
    middle_x = (columns + offset[1, rows, columns] + 0.5) * STRIDE_PX
    middle_y = (rows + offset[0, rows, columns] + 0.5) * STRIDE_PX
    left, right = np.clip(middle_x - wide / 2, 0, width), np.clip(middle_x + wide / 2, 0, width)
    top, bottom = np.clip(middle_y - tall / 2, 0, height), np.clip(middle_y + tall / 2, 0, height)
    boxes = np.stack([left, top, right - left, bottom - top, heat[rows, columns]], axis=1).astype(np.float32)
    boxes = boxes[(boxes[:, 2] >= 1) & (boxes[:, 3] >= 1)]
    return suppress_overlaps(boxes[np.argsort(-boxes[:, 4], kind="stable")])


def suppress_overlaps(boxes: np.ndarray) -> np.ndarray:
    """Greedy non-maximum suppression of (k, 5) boxes that come best first."""
    left, top = boxes[:, 0], boxes[:, 1]
    right, bottom = left + boxes[:, 2], top + boxes[:, 3]
    area = boxes[:, 2] * boxes[:, 3]
    alive = np.ones(len(boxes), dtype=bool)
    retained: list[int] = []
    for best in range(len(boxes)):
        if not alive[best]:
            continue
        retained.append(best)
        shared_x = np.minimum(right, right[best]) - np.maximum(left, left[best])
        shared_y = np.minimum(bottom, bottom[best]) - np.maximum(top, top[best])
        shared = np.clip(shared_x, 0, None) * np.clip(shared_y, 0, None)
        alive &= shared < SAME_FACE_IOU_RATIO * (area + area[best] - shared)
    return boxes[retained]


def stack_boxes(boxes_by_frame: list[np.ndarray]) -> np.ndarray:
    """Boxes of n pictures as one array (n, k, 5), k at least 1, missing ones with score 0."""
    most = max([1, *(len(boxes) for boxes in boxes_by_frame)])
    stacked = np.zeros((len(boxes_by_frame), most, 5), dtype=np.float32)
    for at, boxes in enumerate(boxes_by_frame):
        stacked[at, : len(boxes)] = boxes
    return stacked
