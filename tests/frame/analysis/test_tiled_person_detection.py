"""Tiled detection of persons too small for the whole frame: found in tiles, confirmed by other samples, tracked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import Unavailable
from core.ports.models import PersonsFound
from schemas.common import Box, TimeRange
from schemas.documents.scene import Person
from streams.frame.analysis.tiled_person_detection import (
    CONFIRMING_COUNT,
    GreyFrames,
    TiledPersons,
    find_distant_persons,
)
from streams.vision.canvas import Canvas, write_grey
from streams.vision.person_detection import NO_PERSONS_WARNING
from tests.look.clips import counter
from tests.look.fakes import DarkLipped

CANVAS = Canvas(width=640, height=384, inner_width=640, inner_height=360, scale=0.5)
TIMES = list(range(0, 6_000, 600))
SHOT = TimeRange(start_ms=0, end_ms=6_000)
SMALLEST = 24


class FarSighted(DarkLipped):
    """Detects white rectangles that are large enough in the given picture."""

    def __init__(self, score: float = 0.9) -> None:
        self.score, self.asked = score, 0

    async def find_persons(self, pictures: NDArray[np.uint8]) -> PersonsFound:
        self.asked += len(pictures)
        found = [self._white(picture) for picture in pictures]
        return PersonsFound(persons=found, model="white-1", compute_ms=5 * len(pictures))

    def _white(self, picture: NDArray[np.uint8]) -> list[Person]:
        rows, columns = np.nonzero(picture[..., 0] > 200)
        if not len(rows) or np.ptp(columns) < SMALLEST or np.ptp(rows) < SMALLEST:
            return []
        box = Box(x=float(columns.min()), y=float(rows.min()), width=float(np.ptp(columns)), height=float(np.ptp(rows)))
        return [Person(box=box, score=self.score)]


class Away(FarSighted):
    """Does not answer."""

    async def find_persons(self, pictures: NDArray[np.uint8]) -> PersonsFound:
        raise Unavailable("triton", "landmarks: not loaded")


def written(path: Path, places: Mapping[int, int]) -> GreyFrames:
    """Frames at `TIMES` with a small person at the given columns, and without one elsewhere."""
    with path.open("wb") as file:
        for number in range(len(TIMES)):
            picture = np.full((360, 640), 60, np.uint8)
            picture[::8, ::8] = 90
            if number in places:
                picture[200:240, places[number] : places[number] + 22] = 255
            write_grey(file, CANVAS, picture)
    return GreyFrames(path=path, canvas=CANVAS, at_ms=TIMES)


async def near(
    tmp_path: Path, places: Mapping[int, int], model: FarSighted, whole: Mapping[int, list[Person]] | None = None
) -> tuple[TiledPersons, list[str], list[int]]:
    (report, counts), warnings = counter(), list[str]()
    found = await find_distant_persons(
        model, written(tmp_path / "mouths.raw", places), whole or {number: [] for number in range(len(TIMES))}, TIMES,
        [SHOT], report=report, counted=7, warn=warnings.append,
    )  # fmt: skip
    return found, warnings, counts


async def test_a_small_person_is_found_in_display_pixels(tmp_path: Path) -> None:
    model = FarSighted()
    found, warnings, counts = await near(tmp_path, dict.fromkeys(range(10), 70), model)
    assert warnings == []
    for persons in found.by_place.values():
        (box,) = (one.box for one in persons)
        assert (box.x, box.y, box.width, box.height) == pytest.approx((140, 400, 44, 80), abs=5)
    assert (found.looked, found.compute_ms) == (model.asked, 5 * model.asked)
    assert counts == sorted(counts)
    assert counts[-1] == 7 + model.asked


async def test_a_walking_person_is_followed(tmp_path: Path) -> None:
    found, _, _ = await near(tmp_path, {number: 70 + 6 * number for number in range(10)}, FarSighted())
    assert [round(found.by_place[n][0].box.x / 2) for n in range(10)] == pytest.approx(
        [70 + 6 * n for n in range(10)], abs=3
    )


async def test_a_single_or_unsure_detection_is_dropped(tmp_path: Path) -> None:
    once, _, _ = await near(tmp_path, {2: 70}, FarSighted())
    unsure, _, _ = await near(tmp_path, dict.fromkeys(range(10), 70), FarSighted(score=0.6))
    assert not any(once.by_place.values())
    assert not any(unsure.by_place.values())


async def test_a_picture_with_a_large_person_is_not_tiled(tmp_path: Path) -> None:
    model = FarSighted()
    large = Person(box=Box(x=100, y=100, width=500, height=500), score=0.8)
    found, _, _ = await near(tmp_path, {}, model, {number: [large] for number in range(10)})
    assert (model.asked, found.by_place[3]) == (0, [large])


async def test_only_the_place_of_a_small_person_is_analysed(tmp_path: Path) -> None:
    model = FarSighted()
    around = Person(box=Box(x=40, y=320, width=256, height=256), score=0.7)
    found, _, _ = await near(tmp_path, dict.fromkeys(range(10), 70), model, {number: [around] for number in range(10)})
    assert model.asked == CONFIRMING_COUNT + len(TIMES)
    assert found.by_place[0][0].box.width == pytest.approx(44, abs=5)


async def test_without_the_model_whole_frames_remain_with_a_warning(tmp_path: Path) -> None:
    found, warnings, _ = await near(tmp_path, dict.fromkeys(range(10), 70), Away())
    assert warnings == [NO_PERSONS_WARNING]
    assert list(found.by_place) == list(range(10))
