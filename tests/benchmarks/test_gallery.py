"""The gallery's page: safe with any text, whole without the network."""

from __future__ import annotations

import re
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from benchmarks.gallery import contact_sheet, times_s
from benchmarks.gallery_page import Fixture, Shot, page

SHOT = Shot(
    title="<script>alert(1)</script>",
    reason='a "quoted" & strange reason',
    score=0.5,
    confidence=0.25,
    start_ms=1000,
    end_ms=16_000,
    video="talk/01.mp4",
    sheet="talk/01-sheet.jpg",
    poster="talk/01.jpg",
    certificate={"integrated_lufs": -14.04, "true_peak_dbtp": None, "warnings": ["captions: <late>"]},
)


def test_texts_from_outside_are_escaped() -> None:
    text = page([Fixture(name="a<b>.mp4", state="completed", seconds=10.0, clips=[SHOT])], "today")
    assert "<script" not in text
    assert "a&lt;b&gt;.mp4" in text
    assert "&lt;late&gt;" in text
    assert "&quot;quoted&quot; &amp; strange" in text


def test_nothing_comes_from_elsewhere() -> None:
    text = page([Fixture(name="a.mp4", state="completed", seconds=None, clips=[SHOT])], "today")
    assert sorted(re.findall(r'(?:src|poster|href)="([^"]*)"', text)) == [
        "talk/01-sheet.jpg",
        "talk/01.jpg",
        "talk/01.mp4",
    ]
    assert "http" not in text


def test_a_file_without_clips_says_why() -> None:
    assert "nothing is said" in page(
        [Fixture(name="a", state="completed", seconds=3, clips=[], said="nothing is said")], ""
    )


def test_six_pictures_from_beginning_to_end() -> None:
    times = times_s(30.0)
    assert len(times) == 6
    assert (times[0], times[-1]) == (pytest.approx(0.2), pytest.approx(29.8))


def test_a_contact_sheet_shows_the_clip_in_order(tmp_path: Path) -> None:
    video = tmp_path / "clip.mp4"
    with av.open(str(video), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 90, 160, "yuv420p"
        for number in range(30):
            grey = np.full((160, 90, 3), 8 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        container.mux(stream.encode(None))
    contact_sheet(video, tmp_path / "sheet.jpg")
    with Image.open(tmp_path / "sheet.jpg") as sheet:
        row = np.asarray(sheet.convert("L"))[180]
        width = (sheet.width - 20) // 6
    brightness = [int(row[number * (width + 4) + width // 2]) for number in range(6)]
    assert brightness == sorted(brightness)
    assert brightness[-1] - brightness[0] > 150
