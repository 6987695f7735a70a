"""The landmarks port on the real Triton: eyes above the mouth of a real face, open lips, failures."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np
import pytest
from PIL import Image

from core.errors import Unavailable
from core.infra.triton.landmarks import TritonLandmarks
from streams.frame.speaker.mouth_features import BROW, CHIN, LIP_BOTTOM, LIP_TOP
from tests.contract.rigs.triton_server import Triton
from tests.support.media.recordings import media, picture
from tests.support.port_contracts import landmarks_keep_what_they_promise

pytestmark = pytest.mark.contract
TALKER = "talking/grid_swwp2s.mpg"
PERFORMER = "talking/hamilton_whitehouse_10s_360p.mp4"
HEAD = (80, 50, 280, 250)
"""Where the talker's face is, with room around it: left, top, right, bottom."""


@pytest.fixture
async def landmarks(triton_server: Triton) -> AsyncIterator[TritonLandmarks]:
    adapter = TritonLandmarks(triton_server.url)
    yield adapter
    await adapter.close()


def head(at_s: float, *, grey: bool = False) -> np.ndarray:
    """The talker's face as a crop."""
    square = Image.fromarray(picture(media(TALKER), at_s)).crop(HEAD).resize((192, 192))
    return np.asarray(square.convert("L").convert("RGB") if grey else square)


async def test_the_models_keep_the_promises_of_their_twin(landmarks: TritonLandmarks) -> None:
    await landmarks_keep_what_they_promise(landmarks)


async def test_facial_landmarks_are_in_anatomical_order(landmarks: TritonLandmarks) -> None:
    found = await landmarks.mark(np.stack([head(1.0), head(1.0, grey=True)]))
    assert (found.scores > 0.8).all()
    for points in found.points:
        eyes, lips = points[[33, 263], 1].mean(), points[[LIP_TOP, LIP_BOTTOM], 1].mean()
        assert points[BROW, 1] < eyes < lips < points[CHIN, 1]
        assert points[33, 0] < points[263, 0]
        assert ((points[:, :2] > 0) & (points[:, :2] < 192)).all()
    assert np.abs(found.points[0] - found.points[1])[:, :2].mean() < 3, "grey is as good as colour"
    assert found.compute_ms > 0


async def test_lips_move_while_a_person_talks(landmarks: TritonLandmarks) -> None:
    found = await landmarks.mark(np.stack([head(0.3 + 0.12 * step) for step in range(18)]))
    gaps = np.linalg.norm(found.points[:, LIP_TOP] - found.points[:, LIP_BOTTOM], axis=1)
    heights = np.linalg.norm(found.points[:, BROW] - found.points[:, CHIN], axis=1)
    assert float(np.std(gaps / heights)) > 0.008


async def test_crops_of_another_size_are_a_bug(landmarks: TritonLandmarks) -> None:
    with pytest.raises(ValueError, match="192"):
        await landmarks.mark(np.zeros((1, 100, 100, 3), np.uint8))


async def test_a_person_is_found_from_head_to_hips(landmarks: TritonLandmarks) -> None:
    stage = Image.fromarray(picture(media(PERFORMER), 5.0)).resize((224, 126))
    square = np.zeros((224, 224, 3), np.uint8)
    square[:126] = np.asarray(stage)
    found = await landmarks.find_persons(np.stack([square, square * 0]))
    assert [len(persons) > 0 for persons in found.persons] == [True, False]
    box = found.persons[0][0].box
    assert box.height > box.width / 2
    assert 0 <= box.x < box.x + box.width <= 224
    assert found.model.startswith("pose_detection")
    assert found.compute_ms > 0
    again = await landmarks.mark(head(1.0)[None])
    assert again.model != found.model, "each answer names the weights it came from"


async def test_pictures_of_another_size_are_a_bug(landmarks: TritonLandmarks) -> None:
    with pytest.raises(ValueError, match="224"):
        await landmarks.find_persons(np.zeros((1, 100, 100, 3), np.uint8))


async def test_an_unavailable_server_raises() -> None:
    landmarks = TritonLandmarks("127.0.0.1:9")
    with pytest.raises(Unavailable):
        await landmarks.mark(np.zeros((1, 192, 192, 3), np.uint8))
    await landmarks.close()


async def test_a_killed_model_is_revived(landmarks: TritonLandmarks, triton_server: Triton) -> None:
    triton_server.kill("landmarks")
    await landmarks.probe()
    assert len((await landmarks.mark(head(1.0)[None])).scores) == 1
