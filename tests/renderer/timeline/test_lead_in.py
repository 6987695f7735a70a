"""A source that holds a frame for a long time, as of a screen: the current frame is shown."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from core.domain.editing.clock import place_edit
from schemas.common import TimeRange
from schemas.documents.edit import EditList, EditSegment
from schemas.documents.source import SourceIndex
from streams.preview.child import draw_frame
from streams.render.child.main import render
from streams.renderer.encoding.muxer import Encoding
from streams.renderer.job import VIDEO_FILE, RenderJob
from streams.renderer.timeline.lead_in import LeadIn
from tests.support.media.synthetic_media import plan, write

SCREEN_MS = [0, 40, 80, 3_000, 3_040, 6_500, 8_000]
"""Six screens: each is lighter than the one before."""


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SourceIndex]:
    path = tmp_path_factory.mktemp("source") / "screen.mp4"
    pictures = [np.full((90, 160, 3), 30 + 30 * number, np.uint8) for number in range(len(SCREEN_MS))]
    return path, write(path, pictures, None, rate=Fraction(25), times_us=[at * 1_000 for at in SCREEN_MS])


def screen_number(luma: float) -> int:
    """Which of the screens a picture is."""
    return round((luma - (16 + 30 * 219 / 255)) / (30 * 219 / 255))


def test_a_piece_between_two_frames_shows_the_earlier_one(screen: tuple[Path, SourceIndex], tmp_path: Path) -> None:
    """It used to be refused; a segment that continued into the next frame showed that one from the start."""
    path, index = screen
    parts = [(4_000, 5_200), (1_000, 3_600), (5_000, 6_600)]
    segments = [
        EditSegment(segment_id=f"s{at}", range=TimeRange(start_ms=start, end_ms=end))
        for at, (start, end) in enumerate(parts, start=1)
    ]
    played = place_edit(EditList(version=2, segments=segments))
    crops = plan(index, 1_000, 6_600, aspect="16:9")
    task = RenderJob(plan=crops, index=index, pieces=played, encoding=Encoding(preset="ultrafast", crf=35))
    with path.open("rb") as source:
        rendered = render(task, source, tmp_path, lambda _: None)
        previews = [
            draw_frame(task, at_ms, source, tmp_path, lambda _: None)[1] for at_ms in (600, 1_300, 3_500, 5_350)
        ]
    with av.open(str(tmp_path / VIDEO_FILE)) as container:
        found = [
            (frame.time, screen_number(float(frame.to_ndarray()[:1080].mean()))) for frame in container.decode(video=0)
        ]
    assert {screen for at, screen in found if at and at < 1.15} == {4}
    assert {screen for at, screen in found if at and 1.25 < at < 3.1} == {2}
    assert {screen for at, screen in found if at and 3.3 < at < 3.75} == {4}
    assert {screen for at, screen in found if at and 3.85 < at < 5.25} == {4}
    assert [screen_number(float(one.to_ndarray()[:1080].mean())) for one in previews] == [4, 2, 4, 5]
    assert rendered.certificate.warnings == ["audio.absent: the source has no sound; the clip's track is silent"]
    assert [check.name for check in rendered.certificate.checks if check.verdict in ("warn", "fail")] == []


def test_the_start_of_the_shown_frame_is_found(screen: tuple[Path, SourceIndex]) -> None:
    lead = LeadIn(screen[1])
    assert [lead.frame_start_ms(at_ms) for at_ms in (0, 39, 40, 2_999, 3_000, 8_010, 60_000)] == [
        0,
        0,
        40,
        80,
        3_000,
        8_000,
        60_000,
    ]
