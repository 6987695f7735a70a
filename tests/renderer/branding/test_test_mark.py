"""The mark of what a test key made: across every picture of a clip, its thumbnails and previews, and in no other."""

from __future__ import annotations

from pathlib import Path

import av
import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from schemas.common import TimeRange
from schemas.events import Rendition
from streams.preview.child import draw_frame
from streams.render.child.main import render
from streams.renderer.branding.overlays import FADE_STEPS, Overlays
from streams.renderer.branding.test_mark import burn_patches, draw_test_mark
from streams.renderer.encoding.muxer import Encoding
from streams.renderer.inputs import RenderInputs
from streams.renderer.job import THUMBNAIL_FILE, VIDEO_FILE, EarlierFile, RenderJob, RenderResult
from streams.renderer.prepare import build_job
from streams.renderer.timeline.slots import OUTPUT_SIZES, Slot
from tests.api.fakes import ObjectsTwin
from tests.support.media.synthetic_media import flash_and_beep, plan

SIZES = [*OUTPUT_SIZES.values(), (320, 180), (180, 320), (64, 64)]
MIN_DIFFERENCE_LEVELS = 25
GREY_LEVEL = 90


def grey(size_px: tuple[int, int]) -> av.VideoFrame:
    return av.VideoFrame.from_image(Image.new("RGB", size_px, (GREY_LEVEL,) * 3)).reformat(format="yuv420p")


@pytest.mark.parametrize("size_px", SIZES)
def test_the_mark_lies_across_the_middle_of_every_shape(size_px: tuple[int, int]) -> None:
    width, height = size_px
    picture = grey(size_px)
    before = picture.to_ndarray(format="rgb24").astype(int)
    burn_patches(picture, draw_test_mark(size_px))
    changed = np.abs(picture.to_ndarray(format="rgb24").astype(int) - before).max(axis=2) > MIN_DIFFERENCE_LEVELS
    rows, columns = np.nonzero(changed)
    assert (columns.min() + columns.max()) / 2 == pytest.approx(width / 2, abs=width * 0.04 + 2)
    assert (rows.min() + rows.max()) / 2 == pytest.approx(height / 2, abs=height * 0.04 + 2)
    assert np.ptp(columns) > 0.4 * min(size_px)
    assert np.ptp(rows) > 0.3 * min(size_px)
    assert 0.02 < changed.mean() < 0.25, "the picture can still be judged"


def test_overlays_draw_it_in_every_slot_without_a_kit() -> None:
    overlays = Overlays(None, [], (320, 180), (0, 1_000), test=True)
    for at_ms in (0, 500, 90_000):
        assert overlays.slot_state(Slot(number=0, at_ms=at_ms)) == [("test", FADE_STEPS)]
    assert Overlays(None, [], (320, 180), (0, 1_000)).slot_state(Slot(number=0, at_ms=0)) == []


def pictures_of(folder: Path) -> list[NDArray[np.int_]]:
    with av.open(str(folder / VIDEO_FILE)) as container:
        return [frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)]


def rendered(task: RenderJob, source: Path, folder: Path) -> RenderResult:
    folder.mkdir()
    with source.open("rb") as file:
        return render(task, file, folder, lambda _: None)


def test_a_test_clip_is_marked_in_each_picture_and_shares_no_segment(tmp_path: Path) -> None:
    source = tmp_path / "flash.mp4"
    index = flash_and_beep(source)
    live = RenderJob(plan=plan(index, 0, 2_000), index=index, encoding=Encoding(preset="ultrafast", crf=26))
    plain = rendered(live, source, tmp_path / "live")
    earlier = EarlierFile(path=str(tmp_path / "live" / VIDEO_FILE), threads=1, chunks=plain.chunks)
    test = msgspec.structs.replace(live, test=True, earlier_files=[earlier])
    marked = rendered(test, source, tmp_path / "test")
    assert (marked.certificate.verdict, marked.certificate.chunks_reused) == ("pass", 0)
    shown = list(zip(pictures_of(tmp_path / "live"), pictures_of(tmp_path / "test"), strict=True))
    assert len(shown) == plain.certificate.frames
    for before, after in shown:
        apart = np.abs(after - before).max(axis=2)
        assert (apart > MIN_DIFFERENCE_LEVELS).mean() > 0.01
        assert (apart[:100] > MIN_DIFFERENCE_LEVELS).mean() < 0.01
    stills = [np.asarray(Image.open(tmp_path / kind / THUMBNAIL_FILE), dtype=int) for kind in ("live", "test")]
    assert (np.abs(stills[0] - stills[1]).max(axis=2) > MIN_DIFFERENCE_LEVELS).mean() > 0.01
    with source.open("rb") as file:
        _, preview = draw_frame(test, 500, file, tmp_path, lambda _: None)
    with source.open("rb") as file:
        _, unmarked = draw_frame(live, 500, file, tmp_path, lambda _: None)
    frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in (preview, unmarked)]
    assert (np.abs(frames[0] - frames[1]).max(axis=2) > MIN_DIFFERENCE_LEVELS).mean() > 0.01


@pytest.mark.parametrize("test", [True, False])
async def test_the_job_of_a_test_rendition_is_marked(tmp_path: Path, test: bool) -> None:
    index = flash_and_beep(tmp_path / "flash.mp4")
    rendition = Rendition(range=TimeRange(start_ms=0, end_ms=2_000), aspect="9:16", captions=False, test=test)
    prepared = await build_job(rendition, plan(index, 0, 2_000), RenderInputs(index=index), objects=ObjectsTwin())
    assert prepared.job.test is test
