"""Face detection in batches: every frame once, weak faces dropped, costs of the detector summed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from streams.vision.canvas import Canvas
from streams.vision.face_detection import BATCH_FRAMES, find_faces, model_names
from tests.look.fakes import BrightestFaces

CANVAS = Canvas(width=64, height=32, inner_width=64, inner_height=32, scale=0.5)


async def test_faces_of_all_batches_have_one_cost(tmp_path: Path) -> None:
    count, path, faces, told = BATCH_FRAMES + 3, tmp_path / "faces.raw", BrightestFaces(), list[int]()
    pictures = np.zeros((count, 32, 64, 3), dtype=np.uint8)
    pictures[-1, 8:16, 10:20] = 255
    path.write_bytes(pictures.tobytes())
    found = await find_faces(faces, path, CANVAS, count, least_score=0.5, report=told.append, counted=5)
    assert [len(one) for one in found.faces] == [0] * (count - 1) + [1]
    assert found.faces[-1][0].box.x == 20, "in display pixels"
    assert (found.model, found.compute_ms) == ("brightest-1", 10 * count)
    assert (faces.batches, told) == ([BATCH_FRAMES, 3], [5 + BATCH_FRAMES, 5 + count])
    assert (await find_faces(faces, path, CANVAS, count, least_score=0.95)).faces == [[]] * count


def test_the_detector_is_named_where_it_was_used() -> None:
    assert model_names("shots-1", "centerface-1", "") == "shots-1, centerface-1"
