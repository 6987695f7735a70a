"""cuts: exact to the picture; flashes, light changes and pans are no cuts; black and dissolves are noticed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from streams.frame.cuts import Boundary, find_boundaries
from streams.sight.luma import measure_planes
from tests.look.clips import scene


def found(pictures: list[NDArray[np.floating]], picture_ms: int = 40) -> list[Boundary]:
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
    boundaries = found(shot(1, 20) + shot(2, 33) + shot(3, 20))
    assert [(b.picture, b.at_ms, b.kind) for b in boundaries] == [(20, 800, "cut"), (53, 2120, "cut")]


def test_a_steady_shot_has_none() -> None:
    assert found(shot(1, 60)) == []


@pytest.mark.parametrize("length", [1, 2, 4])
def test_a_flash_is_no_cut(length: int) -> None:
    flash = [picture * 0.2 + 200 for picture in shot(1, length)]
    assert found(shot(1, 25) + flash + shot(1, 25)) == []


def test_other_light_is_no_cut() -> None:
    darker = [picture * 0.8 - 10 for picture in shot(1, 25)]
    assert found(shot(1, 25) + darker) == []


def test_a_pan_is_no_cut() -> None:
    wide = np.concatenate([scene(seed) for seed in (4, 5, 6)], axis=1).astype(np.float64)
    assert found([wide[:, step * 4 : step * 4 + 160] for step in range(60)]) == []


def test_a_dip_to_black_is_one_boundary_in_the_dark() -> None:
    fade_out = [picture * (1 - n / 10) + 16 * n / 10 for n, picture in enumerate(shot(1, 10))]
    fade_in = [16 + (picture - 16) * n / 10 for n, picture in enumerate(shot(2, 10))]
    dark = [np.full((120, 160, 3), (16, 128, 128), np.float64)] * 10
    boundaries = found(shot(1, 20) + fade_out + dark + fade_in + shot(2, 20))
    assert [b.kind for b in boundaries] == ["dip"]
    assert 30 <= boundaries[0].picture <= 40


def test_a_dissolve_is_noticed_near_its_middle() -> None:
    one, other = scene(1).astype(np.float64), scene(2).astype(np.float64)
    mixed = [one + (other - one) * n / 16 for n in range(17)]
    boundaries = found(shot(1, 25) + mixed + shot(2, 25))
    assert [b.kind for b in boundaries] == ["dissolve"]
    assert abs(boundaries[0].picture - 33) <= 4


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_very_short_input(count: int) -> None:
    measures = measure_planes((scene(1)[..., 0], scene(1)[..., 1], scene(1)[..., 2]))
    blocks = np.repeat(measures.blocks[None], count, axis=0)
    histograms = np.repeat(measures.histogram[None], count, axis=0)
    assert find_boundaries(np.arange(count, dtype=np.int64) * 40, blocks, histograms) == []
