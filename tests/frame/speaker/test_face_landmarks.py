"""lips: mouths of followed faces from a file of grey pictures; a model that is away costs a warning, never the clip."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest

from core.errors import Unavailable
from core.ports.models import LandmarksFound
from schemas.common import Box, Face, TimeRange
from schemas.documents.clip_tracks import ClipTracks, FaceSample, FaceTrack, VoiceCurve
from streams.frame.speaker.face_landmarks import (
    LOST,
    RARE_LOOK_MS,
    contested_shots,
    mark_mouths,
    turns_or_warning,
    with_speaking_turns,
)
from streams.vision.canvas import Canvas, write_grey
from tests.look.clips import counter
from tests.look.fakes import DarkLipped

CANVAS = Canvas(width=320, height=192, inner_width=320, inner_height=180, scale=1.0)
TIMES = list(range(0, 800, 80))
FACE = Face(box=Box(x=100, y=40, width=80, height=100), score=0.9)
TRACK = FaceTrack(track=0, shot=0, samples=[FaceSample(at_ms=at, face=FACE) for at in range(0, 801, 160)])


class Away:
    """A model that does not answer."""

    async def mark(self, crops: np.ndarray) -> LandmarksFound:
        raise Unavailable("triton", "landmarks: not loaded")


@pytest.fixture
def greys(tmp_path: Path) -> Path:
    with (tmp_path / "mouths.raw").open("wb") as file:
        for number in range(len(TIMES)):
            picture = np.zeros((180, 320), np.uint8)
            picture[40:140, 100:180] = 250
            picture[100 : 100 + 4 * (number % 2), 120:160] = 10
            write_grey(file, CANVAS, picture)
    return tmp_path / "mouths.raw"


async def test_mouths_are_marked_in_every_picture(greys: Path) -> None:
    report, counts = counter()
    marked = await mark_mouths(
        DarkLipped(), greys, CANVAS, TIMES, [TRACK], often=[0], report=report, counted=7, warn=pytest.fail
    )
    assert [mouth.at_ms for mouth in marked.mouths] == TIMES
    assert {mouth.opening > 0 for mouth in marked.mouths} == {True, False}
    assert (marked.model, counts) == ("dark-lipped-1", [17])
    assert marked.compute_ms >= 10


async def test_a_face_alone_is_marked_at_long_intervals(greys: Path) -> None:
    marked = await mark_mouths(
        DarkLipped(), greys, CANVAS, TIMES, [TRACK], often=[], report=lambda _: None, counted=0, warn=pytest.fail
    )
    times = [mouth.at_ms for mouth in marked.mouths]
    assert times[0] == 0
    assert all(later - earlier >= RARE_LOOK_MS for earlier, later in pairwise(times))


def test_lips_decide_where_two_people_are_seen() -> None:
    there = Box(x=220, y=40, width=80, height=100)
    beside = [FaceSample(at_ms=one.at_ms, face=Face(box=there, score=0.9)) for one in TRACK.samples]
    shots = [TimeRange(start_ms=0, end_ms=800), TimeRange(start_ms=800, end_ms=1_600)]
    alone = ClipTracks(
        clip_id="c", range=TimeRange(start_ms=0, end_ms=1_600), shots=shots, tracks=[TRACK], pictures_looked_at=20,
        model="", compute_ms=0,
    )  # fmt: skip
    assert contested_shots(alone) == set()
    both = msgspec.structs.replace(alone, tracks=[TRACK, FaceTrack(track=1, shot=0, samples=beside)])
    assert contested_shots(both) == {0}


async def test_an_absent_model_gives_a_warning_and_no_mouths(greys: Path) -> None:
    warnings: list[str] = []
    marked = await mark_mouths(
        Away(), greys, CANVAS, TIMES, [TRACK], often=[0], report=lambda _: None, counted=0, warn=warnings.append
    )
    assert (marked.mouths, warnings) == ([], [LOST])


async def test_a_clip_without_faces_needs_no_landmarks(greys: Path) -> None:
    marked = await mark_mouths(
        Away(), greys, CANVAS, TIMES, [], often=[], report=lambda _: None, counted=0, warn=pytest.fail
    )
    assert marked.mouths == []


async def test_a_bug_gives_a_warning_and_loses_no_clip(greys: Path) -> None:
    warnings: list[str] = []
    broken = VoiceCurve(start_ms=0, step_ms=40, level_db=["loud"])  # type: ignore[list-item]
    mouths = (await mark_mouths(
        DarkLipped(), greys, CANVAS, TIMES, [TRACK], often=[0], report=lambda _: None, counted=0, warn=pytest.fail
    )).mouths  # fmt: skip
    shots = [TimeRange(start_ms=0, end_ms=800)]
    assert await turns_or_warning([TRACK], shots, mouths, broken, None, warnings.append) == ([], 0)
    assert warnings == [LOST]
    whole = ClipTracks(
        clip_id="c", range=shots[0], shots=shots, tracks=[TRACK], pictures_looked_at=20, model="", compute_ms=0,
        mouths=mouths, voice=broken,
    )  # fmt: skip
    joined, cpu_ms = await with_speaking_turns(whole, None, warnings.append)
    assert (joined, cpu_ms, warnings) == (whole, 0, [LOST, LOST])


async def test_merged_analyses_get_new_speaking_turns(greys: Path) -> None:
    """The merge equals one analysis of the whole."""
    mouths = (await mark_mouths(
        DarkLipped(), greys, CANVAS, TIMES, [TRACK], often=[0], report=lambda _: None, counted=0, warn=pytest.fail
    )).mouths  # fmt: skip
    shots = [TimeRange(start_ms=0, end_ms=800)]
    voice = VoiceCurve(start_ms=0, step_ms=40, level_db=[-20.0] * 20)
    whole = ClipTracks(
        clip_id="c", range=shots[0], shots=shots, tracks=[TRACK], pictures_looked_at=20, model="", compute_ms=0,
        mouths=mouths, voice=voice,
    )  # fmt: skip
    joined, _ = await with_speaking_turns(whole, shots, pytest.fail)
    alone, _ = await turns_or_warning([TRACK], shots, mouths, voice, shots, pytest.fail)
    assert joined.turns == alone
    assert joined.mouths == mouths
