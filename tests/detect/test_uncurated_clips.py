"""Without curation all of a recording becomes clips, or what was named."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest

from schemas.common import TimeRange
from schemas.options.curation import MAX_CLIPS
from schemas.options.project import ProjectOptions
from streams.detect.timeline import ProjectAnalysis, build_timeline
from streams.detect.uncurated_clips import list_parts, take_moments
from tests.detect.material_factory import LECTURE_MS, lecture_words, material, picture, speech_levels


def lecture() -> ProjectAnalysis:
    words = lecture_words()
    looked = [picture(at, 0.05, 60.0) for at in range(0, LECTURE_MS, 1_000)]
    return material(words, LECTURE_MS, levels_db=speech_levels(words, LECTURE_MS), pictures=looked)


def silent(duration_ms: int) -> ProjectAnalysis:
    return material([], duration_ms, language=None)


def options(**changes: object) -> ProjectOptions:
    return msgspec.structs.replace(ProjectOptions(curation="off"), **changes)


def parts_of(analysis: ProjectAnalysis, **changes: object) -> list[TimeRange]:
    return list_parts(build_timeline(analysis), options(**changes))


@pytest.mark.parametrize("max_ms", [30_000, 45_000, 90_000, 180_000])
def test_the_whole_recording_becomes_clips_without_gap(max_ms: int) -> None:
    parts = parts_of(lecture(), max_clip_ms=max_ms)
    assert (parts[0].start_ms, parts[-1].end_ms) == (0, LECTURE_MS)
    assert all(earlier.end_ms == later.start_ms for earlier, later in pairwise(parts))
    assert all(10_000 <= part.length_ms <= max_ms for part in parts)
    assert len(parts) == -(-LECTURE_MS // max_ms), "as few as may be"


def test_it_is_cut_between_sentences() -> None:
    timeline = build_timeline(lecture())
    for part in list_parts(timeline, options(max_clip_ms=60_000))[:-1]:
        assert not any(word.start_ms < part.end_ms < word.end_ms for word in timeline.words)


def test_ranges_to_skip_are_in_no_clip() -> None:
    skip = [TimeRange(start_ms=20_000, end_ms=50_000), TimeRange(start_ms=0, end_ms=1_000)]
    parts = parts_of(lecture(), skip=skip)
    assert parts[0] == TimeRange(start_ms=1_000, end_ms=20_000)
    assert not any(part.overlap_ms(left_out) for part in parts for left_out in skip)


def test_named_ranges_are_clips_in_order_of_time() -> None:
    named = [TimeRange(start_ms=61_000, end_ms=70_000), TimeRange(start_ms=2_500, end_ms=9_000)]
    moments, warning = take_moments(lecture(), options(ranges=named), lambda name: name)
    assert ([moment.range for moment in moments.moments], warning) == (named[::-1], "")
    assert [moment.rank for moment in moments.moments] == [1, 2]
    assert all(moment.selected and moment.title and moment.text and moment.score > 0 for moment in moments.moments)
    assert (moments.order, moments.nothing_found_reason) == ("time", None)


def test_a_silent_recording_becomes_clips_too() -> None:
    analysis = silent(100_000)
    moments, _ = take_moments(analysis, options(), lambda name: name)
    assert [moment.range.length_ms for moment in moments.moments] == [50_000, 50_000]
    assert all((moment.score, moment.text) == (0.0, "") and moment.without_words for moment in moments.moments)


def test_a_recording_of_too_many_clips_says_where_they_end() -> None:
    moments, warning = take_moments(silent(600_000), options(max_clip_ms=10_000), lambda name: name)
    assert len(moments.moments) == MAX_CLIPS
    assert "at most 50 clips" in warning
    assert "500 s" in warning


def test_no_clip_has_a_reason() -> None:
    beyond = [TimeRange(start_ms=10**7, end_ms=10**7 + 5_000)]
    moments, _ = take_moments(lecture(), options(ranges=beyond), lambda name: name)
    assert "None of the ranges" in (moments.nothing_found_reason or "")
    moments, warning = take_moments(msgspec.structs.replace(lecture(), has_video=False), options(), lambda name: name)
    assert (moments.moments, warning) == ([], "")
    assert "no pictures" in (moments.nothing_found_reason or "")
