"""The video behind the cards: its colours, its length, and that it stands still."""

from __future__ import annotations

from pathlib import Path

import av
import msgspec
import numpy as np
import pytest

from core.media.sandbox.parent import run_child
from schemas.options.brand_kit import BrandKit
from schemas.options.script_text import SCRIPT_SIDE_PX
from streams.ingest.script.background import BackgroundColours, choose_colours, mix_colours, paint_background
from streams.ingest.script.child import BACKGROUND_FILE_NAME, GROUP_COUNT, RATE, BackgroundArgs
from streams.ingest.script.script_source import BACKGROUND_ENTRY_POINT, CHILD_LIMITS


def test_colours_are_those_of_the_kit() -> None:
    assert choose_colours(None) == choose_colours(BrandKit(name="plain")) == BackgroundColours()
    both = choose_colours(BrandKit(name="both", colours={"background": "#102030", "primary": "#ff8800"}))
    assert both == BackgroundColours(top="#102030", bottom="#885418", glow="#ff8800")
    alone = choose_colours(BrandKit(name="one", colours={"background": "#10203080"}))
    assert alone.glow == mix_colours("#102030", "#ffffff", 0.35)


def test_a_picture_has_its_colours_and_is_always_the_same() -> None:
    colours = BackgroundColours(top="#ff0000", bottom="#0000ff", glow="#ff0000")
    picture = paint_background(64, colours)
    assert picture.shape == (64, 64, 3)
    assert np.array_equal(picture, paint_background(64, colours))
    top, bottom = picture[0].mean(axis=0) / 257, picture[-1].mean(axis=0) / 257
    assert top[0] > 200 > 40 > top[2]
    assert bottom[2] > 150 > bottom[0]


@pytest.mark.parametrize("duration_ms", [3_000, 9_010])
async def test_the_video_lasts_as_long_and_stands_still(tmp_path: Path, duration_ms: int) -> None:
    args = BackgroundArgs(scratch=str(tmp_path), duration_ms=duration_ms, colours=BackgroundColours())
    await run_child(BACKGROUND_ENTRY_POINT, msgspec.to_builtins(args), scratch=tmp_path, limits=CHILD_LIMITS)
    with av.open(str(tmp_path / BACKGROUND_FILE_NAME)) as container:
        video = container.streams.video[0]
        assert (video.codec_context.width, video.codec_context.height) == (SCRIPT_SIDE_PX, SCRIPT_SIDE_PX)
        frames = [(frame.pts, frame.key_frame, frame.to_ndarray()) for frame in container.decode(video)]
        assert video.time_base is not None
        times_ms = [float(pts * video.time_base * 1000) for pts, _, _ in frames if pts is not None]
    assert len(frames) == -(-duration_ms * RATE // 1000)
    assert times_ms == pytest.approx([number * 1000 / RATE for number in range(len(frames))], abs=1)
    assert [number for number, frame in enumerate(frames) if frame[1]] == list(range(0, len(frames), GROUP_COUNT))
    first = frames[0][2].astype(np.int16)
    assert max(int(np.abs(frame - first).max()) for _, _, frame in frames[::40]) <= 1
