"""Persons in frames of a file: in display pixels, in batches; an unavailable model costs a warning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import Unavailable
from core.ports.models import PersonsFound
from schemas.common import Box, Face
from streams.vision.canvas import Canvas, write_picture
from streams.vision.person_detection import BATCH_FRAMES, NO_PERSONS_WARNING, faceless, find_persons
from tests.look.clips import counter
from tests.look.fakes import DarkLipped

CANVAS = Canvas(width=320, height=192, inner_width=320, inner_height=180, scale=0.25)


class Away(DarkLipped):
    """A model that does not answer."""

    async def find_persons(self, pictures: np.ndarray) -> PersonsFound:
        raise Unavailable("triton", "landmarks: not loaded")


def written(path: Path, count: int) -> Path:
    with path.open("wb") as file:
        for number in range(count):
            picture = np.zeros((180, 320, 3), np.uint8)
            if number % 2:
                picture[40:120, 100:140] = (250, 0, 0)
            write_picture(file, CANVAS, picture)
    return path


async def test_persons_of_requested_pictures_are_in_display_pixels(tmp_path: Path) -> None:
    path, (report, counts) = written(tmp_path / "faces.raw", BATCH_FRAMES + 6), counter()
    places = [1, 2, *range(4, BATCH_FRAMES + 6)]
    found = await find_persons(DarkLipped(), path, CANVAS, places, report=report, counted=9, warn=pytest.fail)
    assert sorted(found.by_place) == places
    assert [len(found.by_place[place]) for place in (1, 2, 4, 5)] == [1, 0, 0, 1]
    box = found.by_place[1][0].box
    assert (box.x, box.y, box.width, box.height) == pytest.approx((400, 160, 160, 320), abs=16)
    assert (found.model, counts) == ("red-1", [9 + BATCH_FRAMES, 9 + len(places)])
    assert found.compute_ms >= 5 * len(places)


async def test_an_absent_model_gives_a_warning_and_no_persons(tmp_path: Path) -> None:
    warnings: list[str] = []
    path = written(tmp_path / "faces.raw", 2)
    found = await find_persons(Away(), path, CANVAS, [0, 1], report=lambda _: None, counted=0, warn=warnings.append)
    assert (found.by_place, warnings) == ({}, [NO_PERSONS_WARNING])


class AwayOnce(DarkLipped):
    """Unavailable at its first call."""

    asked = 0

    async def find_persons(self, pictures: np.ndarray) -> PersonsFound:
        self.asked += 1
        if self.asked == 1:
            raise Unavailable("triton", "landmarks: begun anew")
        return await super().find_persons(pictures)


async def test_a_briefly_absent_model_is_called_again(tmp_path: Path) -> None:
    path = written(tmp_path / "faces.raw", 2)
    found = await find_persons(AwayOnce(), path, CANVAS, [0, 1], report=lambda _: None, counted=0, warn=pytest.fail)
    assert sorted(found.by_place) == [0, 1]


async def test_pictures_with_faces_need_no_person_detection(tmp_path: Path) -> None:
    face = Face(box=Box(x=0, y=0, width=9, height=9), score=0.9)
    assert faceless([[face], [], [face, face]]) == [1]
    found = await find_persons(Away(), tmp_path, CANVAS, [], report=lambda _: None, counted=0, warn=pytest.fail)
    assert found.by_place == {}
