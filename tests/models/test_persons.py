"""MediaPipe's person detector, decoded from rows made by hand."""

from __future__ import annotations

import numpy as np

from tests.models.load import load

persons = load("landmarks", "persons")
PLACES = persons.anchors()


def decoded(*found: tuple[float, float, float, float]) -> np.ndarray:
    """Heads of 30 px at (x, y), hips ``low`` px under them, a body that reaches as far; with a score each."""
    rows, logits = np.zeros((2254, 12), np.float32), np.full((2254, 1), -50.0, np.float32)
    for x, y, low, score in found:
        row = int(np.abs(PLACES * 224 - (x, y)).sum(axis=1).argmin())
        head = np.array([x, y]) - PLACES[row] * 224
        rows[row, :8] = [*head, 30, 30, head[0], head[1] + low, head[0] + low, head[1] + low]
        logits[row] = np.log(score / (1 - score))
    return persons.decode(rows, logits, PLACES, 0.5)


def test_the_network_has_one_place_for_each_row() -> None:
    assert PLACES.shape == (2254, 2)
    assert ((PLACES > 0) & (PLACES < 1)).all()
    assert np.allclose(PLACES[[0, 1, 2]] * 224, [[4, 4], [4, 4], [12, 4]])
    assert np.allclose(PLACES[-1] * 224, [208, 208])


def test_a_person_is_head_to_hips() -> None:
    (one,) = decoded((100, 50, 60, 0.9))
    assert np.allclose(one, [82, 35, 36, 75, 0.9], atol=1e-3)


def test_each_sure_person_has_one_box_with_the_surest_first() -> None:
    found = decoded((60, 60, 50, 0.8), (66, 60, 50, 0.9), (160, 80, 50, 0.7), (20, 150, 40, 0.4))
    assert [round(float(score), 1) for score in found[:, 4]] == [0.9, 0.7]
    assert decoded().shape == (0, 5)


def test_boxes_stay_inside_the_picture_and_within_their_limit() -> None:
    (one,) = decoded((210, 215, 60, 0.9))
    assert one[0] + one[2] <= 224
    assert one[1] + one[3] <= 224
    crowd = [(20 + 25 * (n % 8), 20 + 50 * (n // 8), 12, 0.9) for n in range(16)]
    assert persons.stack_boxes([decoded(*crowd), decoded()]).shape == (2, 8, 5)
