"""CenterFace's decoder on maps made by hand."""

from __future__ import annotations

import numpy as np

from tests.models.load import load

centerface = load("faces", "centerface")


def maps(*faces: tuple[int, int, float, float, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Maps of a 96 × 64 picture: (row, column, width px, height px, score) each."""
    heat = np.zeros((16, 24), dtype=np.float32)
    scale = np.zeros((2, 16, 24), dtype=np.float32)
    for row, column, width, height, score in faces:
        heat[row, column] = score
        scale[:, row, column] = np.log(height / 4), np.log(width / 4)
    return heat, scale, np.zeros((2, 16, 24), dtype=np.float32)


def decode(*faces: tuple[int, int, float, float, float]) -> np.ndarray:
    return centerface.decode(*maps(*faces), threshold=0.5, width=96, height=64)


def test_a_box_lies_around_its_middle() -> None:
    (box,) = decode((8, 10, 20.0, 24.0, 0.9))
    assert np.allclose(box, [42 - 10, 34 - 12, 20, 24, 0.9], atol=1e-3)


def test_each_face_has_one_box_with_the_best_first() -> None:
    found = decode((8, 10, 20, 24, 0.7), (8, 11, 20, 24, 0.9), (3, 20, 8, 8, 0.8), (12, 3, 8, 8, 0.4))
    assert [round(float(score), 1) for score in found[:, 4]] == [0.9, 0.8]


def test_boxes_stay_inside_the_picture() -> None:
    (box,) = decode((0, 0, 40, 40, 0.9))
    assert box[:2].tolist() == [0, 0]
    assert np.allclose(box[2:4], 22)
    assert decode().shape == (0, 5)


def test_input_is_filled_to_multiples_of_32() -> None:
    pictures = np.full((2, 33, 65, 3), 7, dtype=np.uint8)
    made = centerface.to_input(pictures)
    assert made.shape == (2, 3, 64, 96)
    assert made[:, :, :33, :65].min() == 7
    assert made[:, :, 33:].max() == made[:, :, :, 65:].max() == 0


def test_the_answer_is_padded_with_zero_scores() -> None:
    stacked = centerface.stack_boxes([np.ones((2, 5), dtype=np.float32), np.zeros((0, 5), dtype=np.float32)])
    assert stacked.shape == (2, 2, 5)
    assert stacked[1].max() == 0
    assert centerface.stack_boxes([np.zeros((0, 5), dtype=np.float32)]).shape == (1, 1, 5)
