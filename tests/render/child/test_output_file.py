"""Several aspects of one clip by one decode: each equals its own export, whatever happens to others."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from core.domain.editing.clock import place_edit
from schemas.common import Aspect, TimeRange
from schemas.documents.edit import EditList, EditSegment
from schemas.documents.frame_plan import FramePlan
from schemas.documents.source import SourceIndex
from schemas.options.export_options import ExportOptions
from schemas.options.file_formats import FileWish, file_of
from streams.render.child.main import render, render_all
from streams.render.retry import RENDER_LIMITS, child_limits, split_evenly
from streams.renderer.encoding.muxer import Encoding
from streams.renderer.job import RenderJob, RenderResult
from tests.support.media.synthetic_media import flash_and_beep, plan, words

ASPECTS: tuple[Aspect, ...] = ("9:16", "1:1", "16:9")
FAST = Encoding(preset="ultrafast", crf=26)
PLAYED = [
    EditSegment(segment_id="s2", range=TimeRange(start_ms=800, end_ms=1_200), speed=2.0),
    EditSegment(segment_id="s1", range=TimeRange(start_ms=100, end_ms=300)),
]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SourceIndex]:
    path = tmp_path_factory.mktemp("source") / "flash.mp4"
    return path, flash_and_beep(path, length_ms=1_400)


def tasks_of(index: SourceIndex, encoding: Encoding = FAST, options: ExportOptions | None = None) -> list[RenderJob]:
    """The same clip in each shape, edited, with captions."""
    plans = [plan(index, 100, 1_200, aspect=aspect) for aspect in ASPECTS]
    first = RenderJob(
        plan=plans[0],
        index=index,
        pieces=place_edit(EditList(version=2, base_version=1, segments=PLAYED)),
        words=words("loud and clear", 200),
        encoding=encoding,
        options=options or ExportOptions(stems=True),
        title="A title",
    )
    return [msgspec.structs.replace(first, plan=one) for one in plans]


def folder_of(parent: Path, name: str) -> Path:
    folder = parent / name.replace(":", "x")
    folder.mkdir(parents=True)
    return folder


def without_duration(rendered: RenderResult | None) -> RenderResult:
    """The findings without their duration."""
    assert rendered is not None
    return msgspec.structs.replace(rendered, check_cpu_ms=0)


@pytest.mark.parametrize(
    ("encoding", "options"),
    [
        (FAST, None),
        (Encoding(preset="ultrafast", threads=2), None),
        (Encoding(file=file_of(FileWish(container="gif"))), ExportOptions(file=FileWish(container="gif"))),
    ],
    ids=["one thread", "two threads", "preview"],
)
def test_each_aspect_has_the_same_bytes_as_alone(
    source: tuple[Path, SourceIndex], tmp_path: Path, encoding: Encoding, options: ExportOptions | None
) -> None:
    path, index = source
    tasks, ticks = tasks_of(index, encoding, options), list[int]()
    together = [folder_of(tmp_path / "together", aspect) for aspect in ASPECTS]
    with path.open("rb") as file:
        found = render_all(tasks, file, together, ticks.append)
    assert ticks == sorted(set(ticks)), "one counter over all of them"
    for task, folder, rendered in zip(tasks, together, found, strict=True):
        alone = folder_of(tmp_path / "alone", task.plan.aspect)
        with path.open("rb") as file:
            assert without_duration(render(task, file, alone, lambda _: None)) == without_duration(rendered)
        made = {one.name: one.read_bytes() for one in folder.iterdir()}
        assert made == {one.name: one.read_bytes() for one in alone.iterdir()}
        assert len(made) > 1


def broken(crops: FramePlan) -> FramePlan:
    """Nothing can be shown by it."""
    return msgspec.structs.replace(crops, shots=[])


def test_a_failed_file_leaves_the_others(source: tuple[Path, SourceIndex], tmp_path: Path) -> None:
    path, index = source
    first, second, third = tasks_of(index)
    tasks = [first, msgspec.structs.replace(second, plan=broken(second.plan)), third]
    with path.open("rb") as file:
        found = render_all(tasks, file, [folder_of(tmp_path, aspect) for aspect in ASPECTS], lambda _: None)
    assert [one is not None for one in found] == [True, False, True]
    with path.open("rb") as file, pytest.raises(ValueError, match="no shot"):
        render_all(tasks[1:2], file, [folder_of(tmp_path, "again")], lambda _: None)


def test_a_childs_time_is_split_to_the_last_millisecond() -> None:
    assert split_evenly(1_000, 3) == [334, 333, 333]
    assert sum(split_evenly(2, 4)) == 2


def test_a_child_of_several_files_may_use_more() -> None:
    assert child_limits(1, uses_nvenc=False) == RENDER_LIMITS
    four, one = child_limits(4, uses_nvenc=False), child_limits(1, uses_nvenc=False)
    assert (four.cpu_s, four.wall_s) == (4 * one.cpu_s, 4 * one.wall_s)
    assert one.memory_bytes < four.memory_bytes < 2 * one.memory_bytes, "there is one decoder"
