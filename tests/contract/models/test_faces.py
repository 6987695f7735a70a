"""The faces port on the real Triton: real pictures with known faces, odd sizes, many pictures, failures."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from core.errors import Unavailable
from core.infra.triton.client import SHARED_DIR
from core.infra.triton.faces import TritonFaces
from local.install.weights import FACES
from schemas.common import Box
from tests.contract.rigs.triton_server import Triton
from tests.support.media.recordings import media, picture
from tests.support.port_contracts import faces_keep_what_they_promise

pytestmark = pytest.mark.contract


@pytest.fixture
async def faces(triton_server: Triton) -> AsyncIterator[TritonFaces]:
    adapter = TritonFaces(triton_server.url)
    yield adapter
    await adapter.close()


def overlap(one: Box, other: Box) -> float:
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    shared = max(0.0, width) * max(0.0, height)
    return shared / (one.width * one.height + other.width * other.height - shared)


async def test_the_detector_keeps_the_promises_of_its_twin(faces: TritonFaces) -> None:
    await faces_keep_what_they_promise(faces)


async def test_pictures_without_a_face_give_no_detection(faces: TritonFaces) -> None:
    grey = np.full((2, 180, 320, 3), 128, dtype=np.uint8)
    assert [list(found) for found in (await faces.detect(grey)).faces] == [[], []]
    assert (await faces.detect(np.zeros((0, 180, 320, 3), dtype=np.uint8))).faces == []
    scene = picture(media("talking/auto-editor_example_42s_720p.mp4"), 5.0, 320)
    assert (await faces.detect(scene[None])).faces[0] == []


WEBCAM, STAGE = "talking/nvidia_webcam_pillarbox_8s_720p.mp4", "talking/hamilton_whitehouse_10s_360p.mp4"


@pytest.mark.parametrize(
    ("name", "at_s", "seen"),
    [
        (WEBCAM, 2.0, [Box(x=216, y=140, width=120, height=150)]),
        (STAGE, 0.5, [Box(x=524, y=40, width=48, height=58), Box(x=54, y=180, width=30, height=42)]),
    ],
)
async def test_faces_are_where_a_person_sees_them(faces: TritonFaces, name: str, at_s: float, seen: list[Box]) -> None:
    """Boxes drawn by eye on the picture at 640 px."""
    (found,) = (await faces.detect(picture(media(name), at_s, 640)[None])).faces
    for box in seen:
        assert max(overlap(face.box, box) for face in found) > 0.5, (box, [face.box for face in found])
    assert len(found) == len(seen)
    assert all(0.5 <= face.score <= 1 for face in found)


async def test_boxes_are_in_the_pixels_of_a_picture_of_any_size(faces: TritonFaces) -> None:
    """The same picture at a multiple of 32, and with an odd border around it."""
    shown = picture(media("talking/hamilton_whitehouse_10s_360p.mp4"), 0.5, 640)
    framed = np.zeros((shown.shape[0] + 31, shown.shape[1] + 17, 3), dtype=np.uint8)
    framed[20 : 20 + shown.shape[0], 9 : 9 + shown.shape[1]] = shown
    (plain,) = (await faces.detect(shown[None])).faces
    (moved,) = (await faces.detect(framed[None])).faces
    assert plain
    assert moved
    found = moved[0].box
    back = Box(x=found.x - 9, y=found.y - 20, width=found.width, height=found.height)
    assert overlap(plain[0].box, back) > 0.7


async def test_many_large_pictures_keep_their_order(faces: TritonFaces) -> None:
    """Through shared memory; nothing of it is left."""
    shown = picture(media("talking/nvidia_webcam_pillarbox_8s_720p.mp4"), 2.0, 640)
    pictures = np.stack([shown if at % 3 == 0 else np.zeros_like(shown) for at in range(12)])
    found = await faces.detect(pictures)
    assert [len(one) for one in found.faces] == [1 if at % 3 == 0 else 0 for at in range(12)]
    assert not list(Path("/dev/shm").glob("clipstream-*"))


async def test_the_wrong_shape_is_a_bug(faces: TritonFaces) -> None:
    with pytest.raises(ValueError, match="shape"):
        await faces.detect(np.zeros((180, 320, 3), dtype=np.uint8))


async def test_an_unavailable_server_raises() -> None:
    faces = TritonFaces("127.0.0.1:9")
    with pytest.raises(Unavailable):
        await faces.detect(np.zeros((1, 64, 64, 3), dtype=np.uint8))
    await faces.close()


async def test_a_killed_model_is_revived(faces: TritonFaces, triton_server: Triton) -> None:
    triton_server.kill("faces")
    pictures = np.zeros((1, 64, 64, 3), dtype=np.uint8)
    with pytest.raises(Unavailable):
        await faces.detect(pictures)
    assert (await faces.detect(pictures)).faces[0] == []
    triton_server.kill("faces")
    await faces.probe()


async def test_the_answer_names_its_model_and_cost(faces: TritonFaces, triton_server: Triton) -> None:
    """The cost is the model's processor time, not the duration of the call, which includes waiting in the queue."""
    pictures = np.random.default_rng(1).integers(0, 256, (48, 192, 320, 3), dtype=np.uint8)
    (stub,) = triton_server.stubs("faces")
    before = stub.cpu_times()
    answers = await asyncio.gather(*(faces.detect(pictures) for _ in range(3)))
    after = stub.cpu_times()
    spent_ms = (after.user + after.system - before.user - before.system) * 1000
    assert sum(answer.compute_ms for answer in answers) == pytest.approx(spent_ms, rel=0.2, abs=60)
    digest = hashlib.sha256((triton_server.weights / FACES).read_bytes()).hexdigest()
    assert answers[0].model == f"{Path(FACES).stem}-{digest[:12]}"


async def test_a_cancelled_request_leaves_no_shared_memory(faces: TritonFaces) -> None:
    """A cancellation at any step frees the memory, also while the server is registering it."""
    pictures = np.zeros((4, 720, 1280, 3), dtype=np.uint8)
    for step in range(12):
        asked = asyncio.create_task(faces.detect(pictures))
        await asyncio.sleep(step * 0.001)
        asked.cancel()
        await asyncio.wait([asked])
        assert asked.cancelled()
    await faces.close()  # waits until the server has let go of what was cancelled in its queue
    status = await faces._wire.client.get_system_shared_memory_status(as_json=True)
    assert status == {}
    assert not list(SHARED_DIR.glob(f"clipstream-{os.getpid()}-*"))
