"""Curation: each option beside it works, or is refused at its own path."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.common import TimeRange
from schemas.options.curation import CLIP_MS, MAX_CLIPS, fit_ranges
from schemas.options.project import ProjectOptions, beyond_warnings, broken_rules


def part(start_s: float, end_s: float) -> TimeRange:
    return TimeRange(start_ms=round(start_s * 1000), end_ms=round(end_s * 1000))


RANGES = [part(5, 20), part(30, 60)]


@pytest.mark.parametrize(
    ("options", "broken"),
    [
        ({}, []),
        ({"curation": "off"}, []),
        ({"curation": "off", "ranges": RANGES}, []),
        ({"ranges": RANGES}, ["ranges"]),
        ({"curation": "off", "min_clip_ms": 20_000, "max_clip_ms": 120_000, "skip": [part(0, 4)]}, []),
        *(
            ({"curation": "off", "ranges": RANGES, name: value}, [name])
            for name, value in (("min_clip_ms", 20_000), ("max_clip_ms", 120_000), ("skip", [part(0, 4)]))
        ),
        *(
            ({"curation": "off", name: value}, [name])
            for name, value in (
                ("max_clips", 3), ("target_clips", 3), ("min_score", 20.0), ("topics", ["money"]), ("prompt", "money"),
            )
        ),
        ({"curation": "off", "genre": "podcast", "glossary": ("Faust",), "aspects": ["1:1", "9:16"]}, []),
        ({"curation": "off", "ranges": [part(0, 2.999)]}, ["ranges/0/end_ms"]),
        ({"curation": "off", "ranges": [part(0, 180.001)]}, ["ranges/0/end_ms"]),
        ({"curation": "off", "ranges": [part(9, 3)]}, ["ranges/0/end_ms"]),
        ({"curation": "off", "ranges": [part(-1, 9)]}, ["ranges/0/start_ms"]),
        ({"curation": "off", "ranges": [part(0, 9), part(0, 9)]}, ["ranges"]),
        ({"curation": "off", "ranges": [part(at, at + 5) for at in range(MAX_CLIPS + 1)]}, ["ranges"]),
    ],
)  # fmt: skip
def test_each_combination_works_or_is_refused_at_its_path(options: dict[str, Any], broken: list[str]) -> None:
    assert list(broken_rules(ProjectOptions(**options))) == broken


def test_ranges_end_with_the_source() -> None:
    ranges = [part(50, 70), part(10, 20), part(59, 90), part(50, 80)]
    assert fit_ranges(ranges, 60_000) == [part(10, 20), part(50, 60)]
    (warning,) = beyond_warnings(ProjectOptions(curation="off", ranges=ranges), 60_000)
    assert warning.startswith("ranges: the source ends at 60 s")
    assert CLIP_MS[0] == 3_000
    assert "shorter than 3 s" in warning
    assert beyond_warnings(ProjectOptions(curation="off", ranges=ranges), 90_000) == []
