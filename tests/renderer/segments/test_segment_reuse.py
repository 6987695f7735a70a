"""An export with chunks from an earlier one equals the export that is made whole, byte for byte."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from core.domain.editing.clock import place_segments, single_segment
from schemas.common import TimeRange, Word
from schemas.documents.edit import CaptionStyle, EditSegment, PlacedSegment
from schemas.documents.source import SourceIndex
from schemas.options.caption_template import version_of
from schemas.options.export_options import ExportOptions, SoundWish
from schemas.options.file_formats import FileKind, VideoCodec
from streams.render.child.main import render, render_all
from streams.renderer.codecs import Encoding
from streams.renderer.job import THUMBNAIL_FILE, VIDEO_FILE, EarlierFile, RenderJob, RenderResult
from streams.renderer.segments.packets import PacketFile, to_start_codes
from streams.renderer.segments.segment_plan import SlotRange
from streams.renderer.stills.storyboard import STORYBOARD_FILE
from tests.support.media.synthetic_media import plan, tone, words, write

CLIP = TimeRange(start_ms=2_520, end_ms=5_600)
"""Two chunks: the border is at 4 s of the source."""
SAID = words("one two three. four five six. seven eight", 2_600, each_ms=370, gap_ms=60)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SourceIndex]:
    path = tmp_path_factory.mktemp("source") / "bars.mp4"
    return path, moving(path)


def task_of(index: SourceIndex, *, codec: VideoCodec = "h264", **more: Any) -> RenderJob:
    encoding = Encoding(preset="ultrafast", crf=30, file=FileKind(video=codec))
    crops = plan(index, CLIP.start_ms, CLIP.end_ms, aspect="1:1")
    given: dict[str, Any] = {"pieces": single_segment(CLIP), "words": SAID} | more
    return RenderJob(plan=crops, index=index, encoding=encoding, **given)


def render_task(source: tuple[Path, SourceIndex], task: RenderJob, folder: Path) -> RenderResult:
    folder.mkdir()
    with source[0].open("rb") as file:
        return render(task, file, folder, lambda _: None)


@pytest.fixture(scope="module")
def first(source: tuple[Path, SourceIndex], tmp_path_factory: pytest.TempPathFactory) -> EarlierFile:
    folder = tmp_path_factory.mktemp("first") / "made"
    rendered = render_task(source, task_of(source[1]), folder)
    assert (rendered.certificate.chunks, rendered.certificate.chunks_reused, len(rendered.chunks)) == (2, 0, 2)
    return EarlierFile(path=str(folder / VIDEO_FILE), threads=1, chunks=rendered.chunks)


def played(*ranges: tuple[int, int]) -> list[PlacedSegment]:
    return place_segments(
        EditSegment(segment_id=f"s{n}", range=TimeRange(start_ms=start, end_ms=end))
        for n, (start, end) in enumerate(ranges)
    )


def styled(*ranges: tuple[int, int]) -> list[PlacedSegment]:
    """The last one's captions are other than the clip's."""
    own = CaptionStyle(template="minimal", template_version=version_of("minimal"))
    *before, last = played(*ranges)
    return [*before, msgspec.structs.replace(last, style=own)]


def spoken_words(text: str) -> list[Word]:
    return [msgspec.structs.replace(SAID[1], text=text) if word is SAID[1] else word for word in SAID]


@pytest.mark.parametrize(
    ("changed", "reused", "of"),
    [
        ({"pieces": played((2_520, 2_983), (3_337, 5_600))}, 1, 3),
        ({"pieces": played((2_557, 5_600))}, 1, 2),
        ({"pieces": played((2_520, 5_411))}, 1, 2),
        ({"words": spoken_words("TWO")}, 1, 2),
        ({"options": ExportOptions(sound=SoundWish(target_lufs=-18))}, 2, 2),
        ({"pieces": styled((2_520, 5_150), (5_150, 5_600))}, 1, 3),
        ({"language": "tr"}, 0, 2),
    ],
    ids=[
        "a word taken out",
        "a later start",
        "an earlier end",
        "another text",
        "sound alone",
        "a style of its own",
        "another look",
    ],
)
def test_unchanged_segments_are_reused_with_the_same_bytes(
    changed: dict[str, Any],
    reused: int,
    of: int,
    source: tuple[Path, SourceIndex],
    first: EarlierFile,
    tmp_path: Path,
) -> None:
    task = task_of(source[1], **changed)
    alone = render_task(source, task, tmp_path / "whole")
    again = render_task(source, msgspec.structs.replace(task, earlier_files=[first]), tmp_path / "again")
    assert (again.certificate.chunks, again.certificate.chunks_reused) == (of, reused)
    for name in (VIDEO_FILE, THUMBNAIL_FILE, STORYBOARD_FILE):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    assert (again.chunks, again.thumbnails) == (alone.chunks, alone.thumbnails)
    for one, other in zip(alone.certificate.checks, again.certificate.checks, strict=True):
        assert (one.name, one.verdict) == (other.name, other.verdict)


def test_segments_of_hevc_are_reused_too(source: tuple[Path, SourceIndex], tmp_path: Path) -> None:
    """x265 marks frames without references, and a file does not: the mark is ignored in both."""
    task = task_of(source[1], codec="hevc", pieces=played((3_480, 4_520)))
    once = render_task(source, task, tmp_path / "once")
    assert (once.certificate.chunks, len(once.chunks)) == (2, 2)
    earlier = EarlierFile(path=str(tmp_path / "once" / VIDEO_FILE), threads=1, chunks=once.chunks)
    later = msgspec.structs.replace(task, pieces=played((3_440, 4_520)))
    render_task(source, later, tmp_path / "later")
    for way, changed, reused in (("once", task, 2), ("later", later, 1)):
        folder = tmp_path / f"{way}-again"
        again = render_task(source, msgspec.structs.replace(changed, earlier_files=[earlier]), folder)
        assert again.certificate.chunks_reused == reused
        assert (folder / VIDEO_FILE).read_bytes() == (tmp_path / way / VIDEO_FILE).read_bytes()


def test_aspects_rendered_together_reuse_their_own_segments(
    source: tuple[Path, SourceIndex], first: EarlierFile, tmp_path: Path
) -> None:
    """With one output reused, then both: frames that neither needs are not decoded, and the bytes are the same."""
    square = task_of(source[1], earlier_files=[first])
    wide = msgspec.structs.replace(square, plan=plan(source[1], CLIP.start_ms, CLIP.end_ms, aspect="16:9"))

    def both(name: str, earlier: list[EarlierFile]) -> list[RenderResult | None]:
        folders = [tmp_path / name / shape for shape in ("square", "wide")]
        for folder in folders:
            folder.mkdir(parents=True)
        tasks = [msgspec.structs.replace(one, earlier_files=earlier) for one in (square, wide)]
        with source[0].open("rb") as file:
            return render_all(tasks, file, folders, lambda _: None)

    _, made_wide = once = both("once", [first])
    assert made_wide is not None
    there = EarlierFile(path=str(tmp_path / "once" / "wide" / VIDEO_FILE), threads=1, chunks=made_wide.chunks)
    again = both("again", [first, there])
    assert [one and one.certificate.chunks_reused for one in (*once, *again)] == [2, 0, 2, 2]
    for name in (VIDEO_FILE, THUMBNAIL_FILE, STORYBOARD_FILE):
        files = [tmp_path / way / "wide" / name for way in ("once", "again")]
        assert files[0].read_bytes() == files[1].read_bytes(), name
        alone = Path(first.path).parent / name
        assert {alone.read_bytes()} == {(tmp_path / way / "square" / name).read_bytes() for way in ("once", "again")}


def moving(path: Path, late: int = 0) -> SourceIndex:
    """Bars that move, in colours of their own for each picture."""
    pictures = []
    for number in (max(0, number - late) for number in range(150)):
        picture = np.full((180, 320, 3), (number, 90, 200 - number), np.uint8)
        left = (number * 3 + 100) % 300
        picture[:, left : left + 20] = 220
        pictures.append(picture)
    return write(path, pictures, tone(6_000))


@pytest.mark.parametrize(
    ("start_ms", "captions", "late", "caught"),
    [(3_400, True, 0, "caption_offset"), (3_200, False, 0, "caption_offset"), (3_200, True, 3, "av_offset")],
    ids=["late captions", "no captions", "late pictures"],
)
def test_a_certificate_catches_forged_segments(
    start_ms: int, captions: bool, late: int, caught: str, source: tuple[Path, SourceIndex], tmp_path: Path
) -> None:
    """Chunks of other content under the names of the right ones."""
    other = tmp_path / "other.mp4", moving(tmp_path / "other.mp4", late)
    said, wrong = words("one two. three four", 3_200), words("one two. three four", start_ms)
    right = render_task(source, task_of(source[1], words=said), tmp_path / "right")
    forged = render_task(other, task_of(other[1], words=wrong, captions=captions), tmp_path / "forged")
    claimed = [
        msgspec.structs.replace(chunk, key=one.key) for chunk, one in zip(forged.chunks, right.chunks, strict=True)
    ]
    earlier = EarlierFile(path=str(tmp_path / "forged" / VIDEO_FILE), threads=1, chunks=claimed)
    again = render_task(source, task_of(source[1], words=said, earlier_files=[earlier]), tmp_path / "again")
    assert again.certificate.chunks_reused == 2
    told = [{one.name: one.verdict for one in each.certificate.checks} for each in (right, again)]
    assert [one[caught] for one in told] == ["pass", "fail"]


def test_a_damaged_or_missing_file_only_means_rendering(
    source: tuple[Path, SourceIndex], first: EarlierFile, tmp_path: Path
) -> None:
    body = bytearray(Path(first.path).read_bytes())
    packets = PacketFile(Path(first.path), Fraction(25))
    last = packets._stored[-1]
    body[last.position + 20] ^= 0xFF
    broken, cut, gone = tmp_path / "broken.mp4", tmp_path / "cut.mp4", tmp_path / "gone.mp4"
    broken.write_bytes(body)
    cut.write_bytes(body[:5_000])
    files = [msgspec.structs.replace(first, path=str(path)) for path in (gone, cut, broken)]
    again = render_task(source, task_of(source[1], earlier_files=files), tmp_path / "again")
    assert again.certificate.chunks_reused == 1, "the chunk that is whole still"
    assert (tmp_path / "again" / VIDEO_FILE).read_bytes() == Path(first.path).read_bytes()


def test_segments_that_differ_from_the_index_are_not_listed(source: tuple[Path, SourceIndex], tmp_path: Path) -> None:
    """The index lacks a frame that the file has: slots would show another frame than their time says."""
    path, index = source
    assert index.packets is not None
    columns = msgspec.structs.asdict(index.packets)
    kept = [
        at for at in range(len(index.packets.pts)) if at != sorted(range(150), key=index.packets.pts.__getitem__)[70]
    ]
    table = msgspec.structs.replace(index.packets, **{name: [of[at] for at in kept] for name, of in columns.items()})
    other = msgspec.structs.replace(index, packets=table)
    rendered = render_task((path, other), task_of(other), tmp_path / "other")
    assert len(rendered.chunks) == 1, "a chunk whose pictures came otherwise is not remembered"


def test_the_earlier_files_thread_count_wins_if_most_is_reused(
    source: tuple[Path, SourceIndex], first: EarlierFile, tmp_path: Path
) -> None:
    task = task_of(source[1], earlier_files=[first])
    two = msgspec.structs.replace(task, encoding=msgspec.structs.replace(task.encoding, threads=2))
    again = render_task(source, two, tmp_path / "again")
    assert (again.threads, again.certificate.chunks_reused) == (1, 2)
    assert (tmp_path / "again" / VIDEO_FILE).read_bytes() == Path(first.path).read_bytes()


def test_length_prefixes_become_start_codes() -> None:
    assert to_start_codes(b"\0\0\0\2ab\0\0\0\1c") == b"\0\0\0\1ab\0\0\0\1c"
    with pytest.raises(ValueError, match="longer"):
        to_start_codes(b"\0\0\0\3ab")


def test_a_file_without_the_chunk_has_no_digest(first: EarlierFile) -> None:
    packets, chunk = PacketFile(Path(first.path), Fraction(25)), first.chunks[1]
    assert packets.digest(SlotRange(first=chunk.first, end=chunk.first + chunk.slots)) == chunk.digest
    assert packets.digest(SlotRange(first=chunk.first + 1, end=chunk.first + chunk.slots)) is None
    assert packets.digest(SlotRange(first=chunk.first, end=chunk.first + chunk.slots + 5)) is None
