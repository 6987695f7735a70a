"""Where chunks begin, and that a file of them is one unbroken film."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from core.domain.editing.clock import place_segments
from schemas.common import TimeRange
from schemas.documents.edit import EditSegment, PlacedSegment
from schemas.options.file_formats import FileKind, Pictures
from streams.renderer.audio.loudness import RATE_HZ
from streams.renderer.encoding.muxer import EncodedParts, Encoding, open_writer
from streams.renderer.segments.segment_plan import SlotRange, map_slots_to_frames, plan_segments
from streams.renderer.timeline.slots import OutputTimeline, TimelinePart

SIZE = (128, 224)
"""In pictures of half that width x264 itself gives other bytes once in forty runs, in one piece too."""
EVERY_40_MS = range(0, 60_000, 40)


def clock(*ranges: tuple[int, int], speed: float = 1.0) -> OutputTimeline:
    """Pieces of a source at 25 pictures a second."""
    cut = [
        EditSegment(segment_id=f"s{n}", range=TimeRange(start_ms=start, end_ms=end), speed=speed)
        for n, (start, end) in enumerate(ranges)
    ]
    played: list[PlacedSegment] = place_segments(cut)
    parts, first = [], 0
    for piece in played:
        end = first + round(piece.output_ms / 40)
        exact = Fraction(piece.source.start_ms)
        parts.append(TimelinePart(first=first, end=end, source_ms=exact, speed=Fraction(speed), output_ms=first * 40.0))
        first = end
    start_ms = played[0].source.start_ms
    return OutputTimeline(start_ms=start_ms, rate_numerator=25, rate_denominator=1, count=first, pieces=tuple(parts))


def borders(timeline: OutputTimeline, *cuts_ms: int) -> list[int]:
    """What of the source each chunk begins with, in ms."""
    shown = map_slots_to_frames(timeline, EVERY_40_MS)
    return [shown[run.first] for run in plan_segments(timeline, shown, cuts_ms)]


def test_borders_are_fixed_in_source_time() -> None:
    assert borders(clock((2_000, 17_000))) == [2_000, 4_000, 8_000, 12_000, 16_000]
    assert borders(clock((2_000, 16_400))) == [2_000, 4_000, 8_000, 12_000], "an end too near to a border takes it"
    assert borders(clock((3_600, 17_000))) == [3_600, 8_000, 12_000, 16_000], "as a start does"


def test_a_removed_word_leaves_the_other_borders() -> None:
    assert borders(clock((2_000, 9_360), (9_760, 17_000))) == [2_000, 4_000, 8_000, 9_760, 12_000, 16_000]


def test_a_shot_near_a_border_takes_it() -> None:
    assert borders(clock((2_000, 17_000)), 7_400, 10_500, 12_760) == [2_000, 4_000, 7_400, 12_760, 16_000]


def test_a_piece_at_another_speed_has_chunks_of_the_usual_length() -> None:
    fast = clock((0, 40_000), speed=4.0)
    assert [run.slot_count for run in plan_segments(fast, map_slots_to_frames(fast, EVERY_40_MS), ())] == [100, 100, 50]


def test_intro_and_outro_are_cut_by_their_own_time() -> None:
    body = TimelinePart(first=130, end=230, source_ms=Fraction(2_000))
    timeline = OutputTimeline(start_ms=2_000, rate_numerator=25, rate_denominator=1, count=390, pieces=(body,))
    shown = map_slots_to_frames(timeline, EVERY_40_MS)
    firsts = [run.first for run in plan_segments(timeline, shown, ())]
    assert firsts == [0, 100, 130, 180, 230, 330]
    assert (shown[129], shown[130], shown[230]) == (-1, 2_000, -1)


def test_a_source_without_a_table_is_cut_by_the_clock() -> None:
    timeline = clock((2_000, 9_000))
    assert map_slots_to_frames(timeline, []) == [2_000 + 40 * number for number in range(175)]


def pictures(first: int, end: int) -> list[av.VideoFrame]:
    """Noise that moves, the same for the same number."""
    ground = np.random.default_rng(1).integers(40, 200, (SIZE[1], SIZE[0], 3), np.uint8)
    made = (av.VideoFrame.from_ndarray(np.roll(ground, 3 * number, axis=1), "rgb24") for number in range(first, end))
    return [frame.reformat(format="yuv420p") for frame in made]


def written(path: Path, runs: list[SlotRange], encoding: Encoding, first: int = 0) -> list[bytes]:
    """A file of chunks, and its video packets in decoding order."""
    count = runs[-1].end
    timeline = OutputTimeline(start_ms=0, rate_numerator=25, rate_denominator=1, count=count)
    sound = np.zeros((count * RATE_HZ // 25, 2), np.float32)
    with open_writer(path, SIZE, timeline, sound, encoding, EncodedParts(segments=runs)) as writer:
        for number, picture in enumerate(pictures(first, first + count)):
            writer.write(picture, number)
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


@pytest.mark.parametrize("edit_lists", [True, False])
@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_chunks_are_joined_into_one_film(codec: Pictures, edit_lists: bool, tmp_path: Path) -> None:
    runs = [
        SlotRange(first=0, end=30),
        SlotRange(first=30, end=31),
        SlotRange(first=31, end=33),
        SlotRange(first=33, end=60),
    ]
    encoding = Encoding(preset="veryfast", file=FileKind(video=codec), edit_lists=edit_lists)
    path = tmp_path / "film.mp4"
    written(path, runs, encoding)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        stream = container.streams.video[0]
        unit = int(1 / (25 * (stream.time_base or 1)))
        keys = [packet.pts // unit for packet in packets if packet.is_keyframe and packet.pts is not None]
        decoding = [packet.dts for packet in packets if packet.dts is not None]
        assert {run.first for run in runs} <= set(keys)
        assert np.diff(decoding).tolist() == [unit] * 59
        assert all(packet.dts <= packet.pts for packet in packets if packet.dts is not None and packet.pts is not None)
    with av.open(str(path)) as container:
        found = list(container.decode(video=0))
    assert [frame.pts for frame in found] == [number * unit for number in range(60)]
    for frame, meant in zip(found, pictures(0, 60), strict=True):
        assert np.abs(frame.to_ndarray().astype(int) - meant.to_ndarray()).mean() < 12


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_a_segment_is_identical_at_every_position(codec: Pictures, tmp_path: Path) -> None:
    encoding = Encoding(preset="veryfast", file=FileKind(video=codec))
    whole = written(
        tmp_path / "a.mp4",
        [SlotRange(first=0, end=25), SlotRange(first=25, end=50), SlotRange(first=50, end=70)],
        encoding,
    )
    part = written(tmp_path / "b.mp4", [SlotRange(first=0, end=25), SlotRange(first=25, end=45)], encoding, first=25)
    assert part == whole[25:]


def test_other_codecs_are_encoded_as_one_segment(tmp_path: Path) -> None:
    runs = [SlotRange(first=0, end=10), SlotRange(first=10, end=20)]
    path = tmp_path / "film.mp4"
    assert len(written(path, runs, Encoding(preset="12", file=FileKind(video="av1")))) == 20
