"""Marks of tests and of plans: on every picture of a clip, its thumbnails and previews, and on no other."""

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
from streams.renderer.branding.picture_marks import Mark, burn_patches, chosen_mark, draw_mark
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
    burn_patches(picture, draw_mark("test", size_px))
    changed = np.abs(picture.to_ndarray(format="rgb24").astype(int) - before).max(axis=2) > MIN_DIFFERENCE_LEVELS
    rows, columns = np.nonzero(changed)
    assert (columns.min() + columns.max()) / 2 == pytest.approx(width / 2, abs=width * 0.04 + 2)
    assert (rows.min() + rows.max()) / 2 == pytest.approx(height / 2, abs=height * 0.04 + 2)
    assert np.ptp(columns) > 0.4 * min(size_px)
    assert np.ptp(rows) > 0.3 * min(size_px)
    assert 0.02 < changed.mean() < 0.25, "the picture can still be judged"


@pytest.mark.parametrize("size_px", SIZES)
def test_the_mark_of_a_plan_lies_in_the_middle_of_the_upper_edge(size_px: tuple[int, int]) -> None:
    width, height = size_px
    picture = grey(size_px)
    before = picture.to_ndarray(format="rgb24").astype(int)
    burn_patches(picture, draw_mark("plan", size_px))
    changed = np.abs(picture.to_ndarray(format="rgb24").astype(int) - before).max(axis=2) > MIN_DIFFERENCE_LEVELS
    rows, columns = np.nonzero(changed)
    assert (columns.min() + columns.max()) / 2 == pytest.approx(width / 2, abs=width * 0.04 + 2)
    assert rows.max() < height / 4
    assert 0.001 < changed.mean() < 0.12


def test_a_test_has_its_own_mark_in_place_of_the_plans() -> None:
    marks = [chosen_mark(test=test, watermark=watermark) for test in (False, True) for watermark in (False, True)]
    assert marks == [None, "plan", "test", "test"]


@pytest.mark.parametrize("mark", ["test", "plan"])
def test_overlays_draw_it_in_every_slot_without_a_kit(mark: Mark) -> None:
    overlays = Overlays(None, [], (320, 180), (0, 1_000), mark=mark)
    for at_ms in (0, 500, 90_000):
        assert overlays.slot_state(Slot(number=0, at_ms=at_ms)) == [(f"mark {mark}", FADE_STEPS)]
    assert Overlays(None, [], (320, 180), (0, 1_000)).slot_state(Slot(number=0, at_ms=0)) == []


def pictures_of(folder: Path) -> list[NDArray[np.int_]]:
    with av.open(str(folder / VIDEO_FILE)) as container:
        return [frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)]


def rendered(task: RenderJob, source: Path, folder: Path) -> RenderResult:
    folder.mkdir()
    with source.open("rb") as file:
        return render(task, file, folder, lambda _: None)


def test_a_marked_clip_is_marked_throughout_and_shares_nothing(tmp_path: Path) -> None:
    source = tmp_path / "flash.mp4"
    index = flash_and_beep(source)
    live = RenderJob(plan=plan(index, 0, 500), index=index, encoding=Encoding(preset="ultrafast", crf=26))
    plain = rendered(live, source, tmp_path / "live")
    earlier = [EarlierFile(path=str(tmp_path / "live" / VIDEO_FILE), threads=1, chunks=plain.chunks)]
    for kind in ("test", "watermark"):
        job = msgspec.structs.replace(live, earlier_files=earlier, **{kind: True})
        marked = rendered(job, source, tmp_path / kind)
        earlier.append(EarlierFile(path=str(tmp_path / kind / VIDEO_FILE), threads=1, chunks=marked.chunks))
        assert (marked.certificate.verdict, marked.certificate.chunks_reused) == ("pass", 0)
        shown = list(zip(pictures_of(tmp_path / "live"), pictures_of(tmp_path / kind), strict=True))
        assert len(shown) == plain.certificate.frames
        for before, after in shown:
            assert is_marked(before, after, kind)
        still, marked_still = (Image.open(tmp_path / one / THUMBNAIL_FILE) for one in ("live", kind))
        assert is_marked(np.asarray(still, dtype=int), np.asarray(marked_still, dtype=int), kind)
        assert is_marked(preview_of(live, source, tmp_path), preview_of(job, source, tmp_path), kind)
    again = rendered(msgspec.structs.replace(live, earlier_files=earlier[1:]), source, tmp_path / "again")
    assert again.certificate.chunks_reused == 0, "and a clip without a mark takes none of theirs"
    reused = rendered(msgspec.structs.replace(live, earlier_files=earlier), source, tmp_path / "reused")
    assert reused.certificate.chunks_reused > 0


def is_marked(before: NDArray[np.int_], after: NDArray[np.int_], kind: str) -> bool:
    """Whether a picture has a mark where that of ``kind`` lies, and none elsewhere."""
    changed = np.abs(after - before).max(axis=2) > MIN_DIFFERENCE_LEVELS
    height = changed.shape[0]
    marked, free = changed[height // 4 : -height // 4], changed[: height // 20]
    if kind == "watermark":
        marked, free = changed[: height // 4], changed[height // 4 :]
    return bool(marked.mean() > 0.005 and free.mean() < 0.01)


def preview_of(job: RenderJob, source: Path, folder: Path) -> NDArray[np.int_]:
    with source.open("rb") as file:
        _, picture = draw_frame(job, 240, file, folder, lambda _: None)
    return picture.to_ndarray(format="rgb24").astype(int)


@pytest.mark.parametrize(("test", "watermark"), [(True, False), (False, True), (False, False)])
async def test_the_job_is_marked_as_its_rendition(tmp_path: Path, test: bool, watermark: bool) -> None:
    index = flash_and_beep(tmp_path / "flash.mp4")
    whole = TimeRange(start_ms=0, end_ms=2_000)
    rendition = Rendition(range=whole, aspect="9:16", captions=False, test=test, watermark=watermark)
    prepared = await build_job(rendition, plan(index, 0, 2_000), RenderInputs(index=index), objects=ObjectsTwin())
    assert (prepared.job.test, prepared.job.watermark) == (test, watermark)
