"""Thumbnail choice: a good face before good detail, good detail before a bad face."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from schemas.common import Box, CropBox, Face, TimeRange
from schemas.documents.clip_tracks import FaceSample
from schemas.documents.frame_plan import ShotCrop
from streams.renderer.stills.thumbnail import ThumbnailPicker, score_face

WIDTH, HEIGHT = 360, 640
FACE = Box(x=120, y=100, width=128, height=160)
SHOT = ShotCrop(
    range=TimeRange(start_ms=0, end_ms=60_000),
    mode="hold",
    crop=CropBox(x=500, y=0, width=WIDTH, height=HEIGHT),
    reason="test",
)


def noise(level: float, spread: float, cell_px: int, seed: int = 1) -> NDArray[np.uint8]:
    """Luma of random cells; large cells are a picture out of focus."""
    cells = np.random.default_rng(seed).normal(level, spread, (HEIGHT // cell_px + 1, WIDTH // cell_px + 1))
    fine = np.asarray(Image.fromarray(cells.astype(np.float32)).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))
    return fine.clip(16, 235).astype(np.uint8)


def with_face(ground: NDArray[np.uint8], face: NDArray[np.uint8], box: Box = FACE) -> NDArray[np.uint8]:
    luma = ground.copy()
    rows, columns = slice(int(box.y), int(box.y + box.height)), slice(int(box.x), int(box.x + box.width))
    luma[rows, columns] = face[rows, columns]
    return luma


def frame(luma: NDArray[np.uint8]) -> av.VideoFrame:
    planes = np.concatenate([luma, np.full((HEIGHT // 2, WIDTH), 128, np.uint8)])
    return av.VideoFrame.from_ndarray(planes, format="yuv420p")


DETAIL, CALM = noise(120, 45, 3), noise(120, 45, 40)
GOOD = with_face(CALM, noise(120, 30, 5, seed=2))
BLURRED = with_face(DETAIL, noise(120, 10, 60, seed=3))
DARK = with_face(CALM, noise(22, 3, 5, seed=4))
SMALL = Box(x=170, y=100, width=24, height=30)


def chosen(
    *shown: tuple[NDArray[np.uint8], Box | None], tmp_path: Path, score: float = 0.9, awkward: bool = False
) -> int:
    """Number of the chosen frame, among frames a second apart in a clip of an hour."""
    faces = [
        FaceSample(
            at_ms=1_000 * n + 40, face=Face(box=Box(x=b.x + 500, y=b.y, width=b.width, height=b.height), score=score)
        )
        for n, (_, b) in enumerate(shown, start=1)
        if b is not None
    ]
    thumbnail = ThumbnailPicker(3_600_000, faces)
    for number, (luma, _) in enumerate(shown, start=1):
        at_ms = 1_000 * number
        thumbnail.consider(frame(luma), at_ms, source_ms=at_ms, shot=SHOT, is_awkward=awkward)
    thumbnail.save(tmp_path)
    with Image.open(tmp_path / "thumbnail.jpg") as image:
        found = np.asarray(image.convert("L"), np.float64) * 219 / 255 + 16
    return int(np.argmin([np.abs(found - luma).mean() for luma, _ in shown]))


def test_a_good_face_comes_before_the_finest_detail(tmp_path: Path) -> None:
    assert chosen((DETAIL, None), (GOOD, FACE), (DETAIL, None), tmp_path=tmp_path) == 1
    assert chosen((DETAIL, None), (CALM, None), tmp_path=tmp_path) == 0


@pytest.mark.parametrize("poor", [(BLURRED, FACE), (DARK, FACE), (with_face(DETAIL, GOOD, SMALL), SMALL)])
def test_a_good_face_comes_before_a_blurred_a_dark_and_a_small_one(
    poor: tuple[NDArray[np.uint8], Box], tmp_path: Path
) -> None:
    assert chosen(poor, (GOOD, FACE), tmp_path=tmp_path) == 1


def test_a_face_too_dark_to_see_does_not_count(tmp_path: Path) -> None:
    assert chosen((DARK, FACE), (DETAIL, None), tmp_path=tmp_path) == 1


def test_a_face_seen_at_another_time_does_not_count(tmp_path: Path) -> None:
    thumbnail = ThumbnailPicker(60_000, [FaceSample(at_ms=1_500, face=Face(box=FACE, score=0.9))])
    for at_ms, luma in ((1_000, DETAIL), (2_000, GOOD)):
        thumbnail.consider(frame(luma), at_ms, source_ms=at_ms, shot=SHOT, is_awkward=False)
    thumbnail.save(tmp_path)
    with Image.open(tmp_path / "thumbnail.jpg") as image:
        found = np.asarray(image.convert("L"), np.float64) * 219 / 255 + 16
    assert np.abs(found - DETAIL).mean() < np.abs(found - GOOD).mean()


def test_a_face_counts_by_its_visible_share() -> None:
    whole = score_face(GOOD, FACE)
    half_out = score_face(np.ascontiguousarray(GOOD[:, 184:]), Box(x=-64, y=100, width=128, height=160))
    assert whole > 0.6
    assert half_out == pytest.approx(whole / 2, rel=0.2)
    assert score_face(GOOD, Box(x=900, y=900, width=50, height=50)) == 0
    assert score_face(GOOD, Box(x=10, y=10, width=3, height=3)) == 0


def test_open_eyes_come_before_shut_ones(tmp_path: Path) -> None:
    box = Box(x=FACE.x + 500, y=FACE.y, width=FACE.width, height=FACE.height)
    faces = [
        FaceSample(at_ms=at_ms, face=Face(box=box, score=0.9), eyes=eyes)
        for at_ms, eyes in ((1_000, 0.1), (9_000, 0.9))
    ]
    thumbnail = ThumbnailPicker(3_600_000, faces)
    for at_ms in (1_000, 9_000):
        thumbnail.consider(frame(GOOD), at_ms, source_ms=at_ms, shot=SHOT, is_awkward=False)
    (best, *_) = thumbnail.save(tmp_path)
    assert (best.at_ms, best.eyes_open, best.face_size) == (9_000, 0.9, 1.0)


def test_the_main_subject_comes_before_a_listener(tmp_path: Path) -> None:
    box = Box(x=FACE.x + 500, y=FACE.y, width=FACE.width, height=FACE.height)
    faces = [
        FaceSample(at_ms=at_ms, face=Face(box=box, score=score), standing=standing)
        for at_ms, score, standing in ((1_000, 0.9, 0.2), (9_000, 0.85, 1.0))
    ]
    thumbnail = ThumbnailPicker(3_600_000, faces)
    for at_ms in (1_000, 9_000):
        thumbnail.consider(frame(GOOD), at_ms, source_ms=at_ms, shot=SHOT, is_awkward=False)
    assert thumbnail.save(tmp_path)[0].at_ms == 9_000


def test_a_picture_between_two_looks_has_the_eyes_of_the_worse(tmp_path: Path) -> None:
    box = Box(x=FACE.x + 500, y=FACE.y, width=FACE.width, height=FACE.height)
    looks = ((960, 1.0), (1_120, 0.0), (8_960, 0.8), (9_120, 0.7))
    faces = [FaceSample(at_ms=at_ms, face=Face(box=box, score=0.9), eyes=eyes) for at_ms, eyes in looks]
    thumbnail = ThumbnailPicker(3_600_000, faces)
    for at_ms in (1_000, 9_000):
        thumbnail.consider(frame(GOOD), at_ms, source_ms=at_ms, shot=SHOT, is_awkward=False)
    (best, *_) = thumbnail.save(tmp_path)
    assert (best.at_ms, best.eyes_open) == (9_000, 0.7)


def test_candidates_are_spread_out_and_carry_their_scores(tmp_path: Path) -> None:
    thumbnail = ThumbnailPicker(12_000, [], count=4)
    for at_ms in range(0, 12_000, 500):
        picture = frame(DETAIL if at_ms < 2_000 else CALM)
        thumbnail.consider(picture, at_ms, source_ms=at_ms, shot=SHOT, is_awkward=False)
    found = thumbnail.save(tmp_path)
    assert len(found) == 4
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    times = sorted(one.at_ms for one in found)
    assert min(later - earlier for earlier, later in pairwise(times)) >= 1_500
    assert found[0].at_ms < 2_000
    assert found[0].sharp > found[-1].sharp
    assert {(one.face_size, one.eyes_open) for one in found} == {(None, None)}
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["thumbnail-1.jpg", "thumbnail-2.jpg", "thumbnail-3.jpg", "thumbnail.jpg"]


def test_measurements_of_a_face_are_its_own(tmp_path: Path) -> None:
    found = {}
    for name, luma, box in (
        ("near", GOOD, FACE),
        ("far", with_face(CALM, GOOD, SMALL), SMALL),
        ("soft", BLURRED, FACE),
    ):
        there = Box(x=box.x + 500, y=box.y, width=box.width, height=box.height)
        thumbnail = ThumbnailPicker(60_000, [FaceSample(at_ms=1_000, face=Face(box=there, score=0.9))])
        thumbnail.consider(frame(luma), 1_000, source_ms=1_000, shot=SHOT, is_awkward=False)
        (found[name],) = thumbnail.save(tmp_path)
    assert (found["near"].face_size, found["far"].face_size) == (1.0, pytest.approx(30 / 640 / 0.25, abs=1e-3))
    assert found["near"].sharp > 3 * found["soft"].sharp
    assert 0 < found["soft"].contrast < 1
    washed = with_face(CALM, np.clip(noise(242, 6, 5, seed=2), 16, 254))
    assert score_face(washed, FACE) < 0.3 * score_face(GOOD, FACE), "too light is as bad as too dark"


def test_a_short_clip_has_fewer_candidates(tmp_path: Path) -> None:
    thumbnail = ThumbnailPicker(600, [], count=3)
    thumbnail.consider(frame(CALM), 0, source_ms=0, shot=SHOT, is_awkward=False)
    assert len(thumbnail.save(tmp_path)) == 1
    with pytest.raises(ValueError, match="no picture"):
        ThumbnailPicker(600).save(tmp_path)
