"""A preview equals the frame that an export encodes: recorded exports are compared with single frames."""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import msgspec
import numpy as np
import pytest
from PIL import Image

from core.domain.editing.clock import place_edit, single_segment, strip_styles
from core.errors import InputRejected
from core.media.decode.reader import SourceReader
from core.media.sandbox.parent import run_child
from core.media.sandbox.source_handle import LocalSource
from schemas.common import Box, Face, TimeRange
from schemas.documents.clip_tracks import FaceSample
from schemas.documents.edit import CaptionStyle, EditList, EditSegment
from schemas.documents.frame_plan import FramePlan
from schemas.documents.source import SourceIndex
from schemas.options.caption_template import template_named
from schemas.options.caption_template_overrides import TemplateOverrides, overridden
from schemas.options.export_options import ExportOptions, VideoWish
from schemas.options.file_formats import FileWish, file_of
from streams.preview.agent import shown_format
from streams.preview.child import PICTURE_FILE, PreviewJob, draw_frame, encode_png, find_slot, frames_near
from streams.render.child.frame_pipeline import FramePipeline
from streams.render.quality.reference_frames import ReferenceFrames
from streams.renderer.caption_plan import build_job_cues
from streams.renderer.encoding.muxer import build_encoding
from streams.renderer.job import RenderJob
from streams.renderer.render_progress import RenderProgress
from streams.renderer.timeline.slots import build_timeline
from streams.renderer.timeline.source_frames import SourcePlayer
from tests.support.media.synthetic_media import RATE, index_of, plan, words, write

LENGTH_MS = 8_000


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SourceIndex]:
    """Noise that differs in every frame, so that no two can be confused."""
    path = tmp_path_factory.mktemp("source") / "noise.mp4"
    chance = np.random.default_rng(1)
    coarse = chance.integers(30, 220, (LENGTH_MS * RATE // 1000, 18, 32, 3), np.uint8)
    return path, write(path, [np.repeat(np.repeat(one, 10, axis=0), 10, axis=1) for one in coarse], None)


class Recorder:
    """Takes the encoder's place; keeps some of its frames as PNG."""

    def __init__(self, wanted: set[int]) -> None:
        self.wanted = wanted
        self.kept: dict[int, bytes] = {}

    def write(self, picture: av.VideoFrame, number: int) -> None:
        if number in self.wanted:
            self.kept[number] = encode_png(picture)


def handed_to_the_encoder(task: RenderJob, path: Path, scratch: Path, wanted: set[int]) -> dict[int, bytes]:
    """Frames that a whole export gives its encoder in these slots."""
    played = task.pieces or single_segment(task.plan.range)
    timeline, recorder = build_timeline(played, task.index), Recorder(wanted)
    cues, _ = build_job_cues(task, played)
    film = FramePipeline(task, timeline, cues, scratch, RenderProgress(lambda _: None), ReferenceFrames())
    with path.open("rb") as file:
        reader = SourceReader(file, task.index)
        projector = SourcePlayer(reader, task.index, timeline)
        for part in timeline.timeline_parts:
            projector.play(part, lambda *seen: film.add_frame(*seen, recorder))
        reader.close()
    return recorder.kept


def previews(task: RenderJob, path: Path, scratch: Path, numbers: set[int]) -> dict[int, bytes]:
    timeline = build_timeline(task.pieces or single_segment(task.plan.range), task.index)
    found = {}
    with path.open("rb") as file:
        for number in numbers:
            at_ms = -int(-number * timeline.period_ms)
            slot, picture = draw_frame(task, at_ms, file, scratch, lambda _: None)
            assert slot.number == number
            found[number] = encode_png(picture)
    return found


def two_shots(index: SourceIndex, start_ms: int, end_ms: int) -> FramePlan:
    """A static crop, then the whole picture on a blurred ground, with a face for the captions to avoid."""
    base, fit = plan(index, start_ms, end_ms), plan(index, start_ms, end_ms, mode="fit")
    cut = (start_ms + end_ms) // 2
    shots = [
        msgspec.structs.replace(base.shots[0], range=TimeRange(start_ms=start_ms, end_ms=cut)),
        msgspec.structs.replace(fit.shots[0], range=TimeRange(start_ms=cut, end_ms=end_ms)),
    ]
    box = Box(x=120, y=90, width=60, height=60)
    faces = [FaceSample(at_ms=at, face=Face(box=box, score=0.9)) for at in range(start_ms, cut, 160)]
    return msgspec.structs.replace(base, shots=shots, faces=faces)


def test_every_picture_is_the_one_that_is_encoded(source: tuple[Path, SourceIndex], tmp_path: Path) -> None:
    path, index = source
    change = msgspec.convert({"letters": {"fill": "#22cc88"}, "wrap": {"max_words": 2}}, TemplateOverrides)
    template = overridden(template_named("word_pop"), change)
    task = RenderJob(
        plan=two_shots(index, 700, 7_300), index=index, words=words("pop goes the weasel and all that", 1_000, 800),
        template=template,
    )  # fmt: skip
    wanted = {0, 1, 2, 9, 10, 11, 82, 83, 84, 120, 163, 164}
    exported = handed_to_the_encoder(task, path, tmp_path, wanted)
    assert exported.keys() == wanted
    assert len(set(exported.values())) == len(wanted)
    assert previews(task, path, tmp_path, wanted) == exported
    plain = previews(msgspec.structs.replace(task, captions=False), path, tmp_path, {11})
    assert plain[11] != exported[11]


def test_previews_of_an_edited_clip_equal_the_encoded_frames(source: tuple[Path, SourceIndex], tmp_path: Path) -> None:
    path, index = source
    segments = [
        EditSegment(segment_id="s1", range=TimeRange(start_ms=5_010, end_ms=7_500), speed=2.0),
        EditSegment(segment_id="s2", range=TimeRange(start_ms=100, end_ms=3_333), speed=0.5),
    ]
    played = place_edit(EditList(version=2, segments=segments))
    task = RenderJob(
        plan=plan(index, 100, 7_500, aspect="1:1"), index=index, pieces=played, words=words("over and over", 5_500),
    )  # fmt: skip
    timeline = build_timeline(played, index)
    wanted = {
        3,
        30,
        timeline.timeline_parts[0].end - 1,
        timeline.timeline_parts[1].first,
        timeline.timeline_parts[1].first + 60,
        150,
    }
    exported = handed_to_the_encoder(task, path, tmp_path, wanted)
    assert previews(task, path, tmp_path, wanted) == exported


def test_previews_of_a_styled_segment_equal_the_encoded_frames(
    source: tuple[Path, SourceIndex], tmp_path: Path
) -> None:
    path, index = source
    own = CaptionStyle(template="subtitle_bar", template_version=template_named("subtitle_bar").version)
    segments = [
        EditSegment(segment_id="s1", range=TimeRange(start_ms=0, end_ms=2_000)),
        EditSegment(segment_id="s2", range=TimeRange(start_ms=2_000, end_ms=4_000), style=own),
    ]
    said = [*words("before the change", 300), *words("and after it", 2_300)]
    task = RenderJob(
        plan=plan(index, 0, 4_000, aspect="1:1"), index=index, words=said,
        pieces=place_edit(EditList(version=2, segments=segments)),
    )  # fmt: skip
    wanted = {8, 20, 60, 75}
    exported = handed_to_the_encoder(task, path, tmp_path, wanted)
    assert previews(task, path, tmp_path, wanted) == exported
    for template, alike in ((None, {8, 20}), (own.resolved(), {60, 75})):
        same = msgspec.structs.replace(task, pieces=strip_styles(task.pieces), template=template)
        other = handed_to_the_encoder(same, path, tmp_path, wanted)
        assert {number for number in wanted if other[number] == exported[number]} == alike


def test_interlaced_frames_are_deinterlaced_as_in_the_export(tmp_path: Path) -> None:
    path = tmp_path / "interlaced.mp4"
    chance = np.random.default_rng(2)
    with av.open(str(path), "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=Fraction(RATE), options={"flags": "+ildct+ilme", "g": "25"})
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        for coarse in chance.integers(30, 220, (90, 18, 32, 3), np.uint8):
            picture = np.repeat(np.repeat(coarse, 10, axis=0), 10, axis=1)
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode(None))
    index = index_of(path)
    task = RenderJob(plan=plan(index, 0, 3_600), index=index)
    wanted = {0, 40, 70, 89}
    exported = handed_to_the_encoder(task, path, tmp_path, wanted)
    assert previews(task, path, tmp_path, wanted) == exported


def test_a_late_picture_is_not_decoded_towards_from_the_beginning(source: tuple[Path, SourceIndex]) -> None:
    path, index = source
    timeline = build_timeline(single_segment(TimeRange(start_ms=0, end_ms=LENGTH_MS)), index)

    def seen(number: int) -> list[int]:
        with path.open("rb") as file:
            reader = SourceReader(file, index)
            found: Iterator[tuple[int, av.VideoFrame]] = frames_near(
                reader, index, timeline, timeline.timeline_parts[0], number
            )
            times = [at_ms for at_ms, _ in found]
            reader.close()
        return times

    assert seen(5)[:6] == [0, 40, 80, 120, 160, 200]
    assert seen(150)[:4] == [0, 40, 80, 5_720]


def test_gif_preview_is_short_and_has_no_intro(source: tuple[Path, SourceIndex], tmp_path: Path) -> None:
    path, index = source
    wish = ExportOptions(file=FileWish(container="gif"))
    assert shown_format(wish) == file_of(wish.file)
    assert shown_format(ExportOptions(file=FileWish(container="mp3"))).video == "h264"
    task = RenderJob(
        plan=plan(index, 0, 8_000), index=index, encoding=build_encoding(VideoWish(), 1, shown_format(wish))
    )
    with path.open("rb") as file:
        slot, _ = draw_frame(task, 7_500, file, tmp_path, lambda _: None)
    assert slot.number == 6 * RATE - 1, "its last picture"


def test_a_time_maps_to_its_slot(source: tuple[Path, SourceIndex]) -> None:
    timeline = build_timeline(single_segment(TimeRange(start_ms=0, end_ms=1_000)), source[1])
    assert [find_slot(timeline, at_ms) for at_ms in (0, 39, 40, 41, 999, 5_000)] == [0, 0, 1, 1, 24, 24]


def test_a_preview_without_a_picture_says_so(source: tuple[Path, SourceIndex], tmp_path: Path) -> None:
    path, index = source
    empty = msgspec.structs.replace(index, duration_ms=60_000)
    task = RenderJob(plan=plan(index, 30_000, 31_000), index=empty)
    with path.open("rb") as file, pytest.raises(InputRejected, match="no picture"):
        draw_frame(task, 0, file, tmp_path, lambda _: None)


async def test_the_confined_child_leaves_the_same_picture(source: tuple[Path, SourceIndex], tmp_path: Path) -> None:
    path, index = source
    task = RenderJob(plan=plan(index, 0, 2_000), index=index, words=words("the very same", 200))
    args = {"task": msgspec.json.encode(PreviewJob(export=task, at_ms=600)).decode(), "scratch": str(tmp_path)}
    ticks: list[int] = []
    with LocalSource(path) as opened:
        result = await run_child(
            "streams.preview.child:main", args, scratch=tmp_path, source=opened, report=ticks.append
        )
    assert (result["slot"], result["at_ms"]) == (15, 600)
    assert ticks
    assert (tmp_path / PICTURE_FILE).read_bytes() == handed_to_the_encoder(task, path, tmp_path, {15})[15]


def test_a_preview_has_the_colours_that_were_painted() -> None:
    """BT.709 limited range, read back: pure red is red, not the orange of BT.601."""
    picture = av.VideoFrame(16, 16, "yuv420p")
    for plane, value in zip(picture.planes, (63, 102, 240), strict=True):
        plane.update(bytes([value]) * (plane.line_size * plane.height))
    red, green, blue = np.asarray(Image.open(io.BytesIO(encode_png(picture))))[8, 8]
    assert red > 250
    assert max(green, blue) < 6
