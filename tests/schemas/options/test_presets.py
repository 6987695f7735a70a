"""Presets as data: the options that they fill in, refuse, and check in a finished file."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import msgspec
import pytest

from core.domain.exports.preset_check import FileFacts, check_preset
from schemas.options.caption_template import DEFAULT_TEMPLATE
from schemas.options.export_options import ExportOptions, broken_export_rules, file_for
from schemas.options.file_formats import FileKind, FileWish
from schemas.options.presets import PresetName, presets

GOOD = FileFacts(
    size_bytes=12_000_000, lasts_ms=30_000, width_px=1080, height_px=1920, rate=29.97, index_first=True,
    edit_lists=False, file=FileKind(),
)  # fmt: skip


def test_every_preset_is_named_sourced_and_accepts_its_defaults() -> None:
    assert set(presets()) == set(get_args(PresetName))
    for name, preset in presets().items():
        assert preset.sources, name
        assert all(source.read for source in preset.sources)
        assert broken_export_rules(ExportOptions(preset=name), DEFAULT_TEMPLATE) == {}
        assert check_preset(name, GOOD).verdict == "pass", check_preset(name, GOOD)


def test_the_page_lists_the_figures_of_each_preset() -> None:
    page = (Path(__file__).parents[3] / "docs" / "files.md").read_text()
    for name, preset in presets().items():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
        told = (
            f"{preset.min_ms / 1000:g} to {preset.max_ms / 1000:g} s"
            if preset.min_ms
            else f"{preset.max_ms / 1000:g} s"
        )
        assert told in row, row
        assert f"{preset.max_bytes / 1e6:,.0f} MB" in row, row


def test_a_preset_completes_and_refuses_options() -> None:
    assert file_for(ExportOptions(preset="reels")) == FileKind()
    chosen = ExportOptions(preset="youtube_shorts", file=FileWish(container="webm"))
    assert (file_for(chosen).video, broken_export_rules(chosen, DEFAULT_TEMPLATE)) == ("vp9", {})
    refused = ExportOptions(preset="linkedin", file=FileWish(container="mov", video_codec="prores"))
    assert broken_export_rules(refused, DEFAULT_TEMPLATE) == {
        "file/container": "mp4 for LinkedIn",
        "file/video_codec": "h264 for LinkedIn",
    }


@pytest.mark.parametrize(
    ("name", "change", "verdict", "told"),
    [
        ("x", {"lasts_ms": 150_000.0}, "fail", "at most 140"),
        ("reels", {"lasts_ms": 2_000.0}, "fail", "at least 3"),
        ("reels", {"lasts_ms": 120_000.0}, "warn", "fewer places"),
        ("reels", {"edit_lists": True}, "warn", "edit lists"),
        ("reels", {"index_first": False}, "fail", "index"),
        ("reels", {"size_bytes": 400_000_000, "lasts_ms": 800_000.0}, "fail", "at most 300"),
        ("reels", {"size_bytes": 200_000_000}, "fail", "Mbit/s"),
        ("youtube_shorts", {"width_px": 1920, "height_px": 1080}, "fail", "ask for 9:16"),
        ("tiktok", {"rate": 15.0}, "fail", "23 to 60"),
        ("tiktok", {"width_px": 270, "height_px": 480}, "fail", "sides of 360"),
        ("linkedin", {"file": FileKind(container="webm", video="vp9", audio="opus")}, "fail", "ask for mp4"),
        ("x", {"file": FileKind(container="mp3", video=None, audio="mp3"), "width_px": 0}, "fail", "no pictures"),
    ],
)
def test_a_file_unfit_for_its_platform_is_reported_with_a_remedy(
    name: PresetName, change: dict[str, object], verdict: str, told: str
) -> None:
    check = check_preset(name, msgspec.structs.replace(GOOD, **change))
    assert (check.verdict, told in check.detail) == (verdict, True), check
    assert (check.value == 0) == (verdict == "warn")
