"""Talks filmed from far away, with the real detectors: the speaker is whole in every aspect, and the certificate
says where they would not be.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from benchmarks.vision.halls import ASPECTS, analyse_halls, certified, count_hall, middle
from streams.frame.planning.plan import plan_crops
from tests.contract.rigs.triton_server import Triton
from tests.support.media.recordings import media

pytestmark = pytest.mark.contract
SEED, HALLS, TALKS = 1, 6, 4


def test_small_speakers_are_whole_and_no_text_is_cut(triton_server: Triton, tmp_path: Path) -> None:
    folder = media("README.md").parent
    found = asyncio.run(analyse_halls(folder, triton_server.url, SEED, HALLS, tmp_path, None))
    assert min(one.hall.high for one in found) < 0.1
    for one in found:
        for aspect in ASPECTS:
            made = plan_crops(one.tracks, one.index, aspect, one.tracks.range)
            right = count_hall(one, made)
            assert right["whole"], (one.hall, aspect, made.shots)
            assert not right["letters cut"], (one.hall, aspect, made.shots)
            assert not right["refused wrongly"]
        made = middle(plan_crops(one.tracks, one.index, "9:16", one.tracks.range), one.tracks)
        assert certified(made)["nobody_in_frame"].verdict == "fail", one.hall


def test_a_speaker_too_small_to_be_found_is_whole_after_a_close_up(triton_server: Triton, tmp_path: Path) -> None:
    folder = media("README.md").parent
    found = asyncio.run(analyse_halls(folder, triton_server.url, SEED, TALKS, tmp_path, None, close_up=True))
    unseen = 0
    for one in found:
        for aspect in ASPECTS:
            made = plan_crops(one.tracks, one.index, aspect, one.tracks.range)
            right = count_hall(one, made)
            assert right["whole"], (one.hall, aspect, made.shots)
            assert not right["refused wrongly"]
        made = plan_crops(one.tracks, one.index, "9:16", one.tracks.range)
        unseen += any(not expectation.is_found for expectation in made.expected)
        checks = certified(middle(made, one.tracks)).values()
        assert "fail" in [check.verdict for check in checks], one.hall
    assert unseen, "at least one of them is too small for the detectors"
