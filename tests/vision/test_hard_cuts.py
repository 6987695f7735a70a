"""Shot detection: cuts exact to the frame; no cut at flashes, light changes or pans; ranges of fades and dissolves."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from streams.vision.frame_stats import measure_planes
from streams.vision.hard_cuts import Boundary
from streams.vision.shot_detection import find_boundaries, find_transitions
from tests.look.clips import scene


def find_cuts(pictures: list[NDArray[np.floating]], picture_ms: int = 40) -> list[Boundary]:
    """Boundaries of RGB pictures; the channels stand in for Y, U and V."""
    measures = []
    for picture in pictures:
        levels = np.clip(picture, 0, 255).astype(np.uint8)
        measures.append(measure_planes((levels[..., 0], levels[..., 1], levels[..., 2])))
    return find_boundaries(
        np.arange(len(pictures), dtype=np.int64) * picture_ms,
        np.stack([measure.blocks for measure in measures]),
        np.stack([measure.histogram for measure in measures]),
    )


def shot(seed: int, count: int) -> list[NDArray[np.floating]]:
    """A scene with grain."""
    random = np.random.default_rng(seed)
    return [scene(seed) + random.normal(0, 4, (120, 160, 3)) for _ in range(count)]


def test_hard_cuts_are_exact() -> None:
    boundaries = find_cuts(shot(1, 20) + shot(2, 33) + shot(3, 20))
    assert [(b.picture, b.first, b.end, b.kind) for b in boundaries] == [(20, 20, 20, "cut"), (53, 53, 53, "cut")]


def test_a_steady_shot_has_no_cut() -> None:
    assert find_cuts(shot(1, 60)) == []


@pytest.mark.parametrize("length", [1, 2, 4])
def test_a_flash_is_not_a_cut(length: int) -> None:
    flash = [picture * 0.2 + 200 for picture in shot(1, length)]
    assert find_cuts(shot(1, 25) + flash + shot(1, 25)) == []


def test_a_change_of_light_is_not_a_cut() -> None:
    darker = [picture * 0.8 - 10 for picture in shot(1, 25)]
    assert find_cuts(shot(1, 25) + darker) == []


def test_a_pan_is_not_a_cut() -> None:
    wide = np.concatenate([scene(seed) for seed in (4, 5, 6)], axis=1).astype(np.float64)
    assert find_cuts([wide[:, step * 4 : step * 4 + 160] for step in range(60)]) == []


def mixed(one: int, other: int, steps: int) -> list[NDArray[np.floating]]:
    """From one scene to another in even steps, both ends left out."""
    first, last = scene(one).astype(np.float64), scene(other).astype(np.float64)
    return [first + (last - first) * n / (steps + 1) for n in range(1, steps + 1)]


@pytest.mark.parametrize("black", [1, 3, 10])
def test_a_fade_through_black_is_one_boundary_in_the_dark(black: int) -> None:
    dark = np.full((120, 160, 3), (16, 128, 128), np.float64)
    out = [picture + (dark - picture) * n / 11 for n, picture in enumerate(shot(1, 10), start=1)]
    back = [dark + (picture - dark) * n / 11 for n, picture in enumerate(shot(2, 10), start=1)]
    boundaries = find_cuts(shot(1, 20) + out + [dark] * black + back + shot(2, 20))
    assert [b.kind for b in boundaries] == ["fade"]
    assert 29 <= boundaries[0].picture <= 31 + black
    assert boundaries[0].first == pytest.approx(20, abs=2)
    assert boundaries[0].end == pytest.approx(40 + black, abs=2)


@pytest.mark.parametrize("steps", [6, 15, 40])
def test_a_dissolve_has_its_range_and_its_middle(steps: int) -> None:
    boundaries = find_cuts(shot(1, 25) + mixed(1, 2, steps) + shot(2, 25))
    assert [b.kind for b in boundaries] == ["dissolve"]
    assert boundaries[0].picture == pytest.approx(25 + steps / 2, abs=1.5)
    assert boundaries[0].first == pytest.approx(25, abs=2 + steps / 10)
    assert boundaries[0].end == pytest.approx(25 + steps, abs=2 + steps / 10)


def test_two_dissolves_and_a_cut_stay_three() -> None:
    pictures = shot(1, 25) + mixed(1, 2, 12) + shot(2, 25) + shot(3, 25) + mixed(3, 4, 12) + shot(4, 25)
    assert [b.kind for b in find_cuts(pictures)] == ["dissolve", "cut", "dissolve"]


def test_a_person_walking_through_is_not_a_dissolve() -> None:
    pictures = []
    for step in range(40):
        picture = scene(1).astype(np.float64)
        picture[30:, max(0, step * 5 - 60) : step * 5] = (40, 90, 150)
        pictures.append(picture)
    assert find_cuts(shot(1, 20) + pictures + shot(1, 20)) == []


def test_transitions_are_in_project_time() -> None:
    measures = []
    for picture in shot(1, 20) + shot(2, 20):
        levels = np.clip(picture, 0, 255).astype(np.uint8)
        measures.append(measure_planes((levels[..., 0], levels[..., 1], levels[..., 2])))
    (cut,) = find_transitions([1000 + 40 * at for at in range(40)], measures)
    assert (cut.kind, cut.at_ms, cut.range.start_ms, cut.range.length_ms) == ("cut", 1800, 1800, 0)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_very_short_input_has_no_cut(count: int) -> None:
    measures = measure_planes((scene(1)[..., 0], scene(1)[..., 1], scene(1)[..., 2]))
    blocks = np.repeat(measures.blocks[None], count, axis=0)
    histograms = np.repeat(measures.histogram[None], count, axis=0)
    assert find_boundaries(np.arange(count, dtype=np.int64) * 40, blocks, histograms) == []
