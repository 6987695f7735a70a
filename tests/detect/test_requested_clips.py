"""A requested range is scored like the moments; without anything to compare it with, it has no score."""

from __future__ import annotations

import pytest

from schemas.common import TimeRange
from schemas.documents.moments import Moment
from schemas.options.project import ProjectOptions
from streams.detect.pipeline import find_moments
from streams.detect.requested_clips import build_window, measure_clip
from streams.detect.timeline import ProjectAnalysis, build_timeline
from tests.detect.material_factory import LECTURE_MS, lecture_words, material, name_id, picture, say, speech_levels


def lecture() -> ProjectAnalysis:
    words = lecture_words()
    looked = [picture(at, 0.05, 60.0 if at % 30_000 < 20_000 else None) for at in range(0, LECTURE_MS, 1_000)]
    return material(words, LECTURE_MS, levels_db=speech_levels(words, LECTURE_MS), pictures=looked, cuts_ms=[30_000])


KNOWN = lecture()
OPTIONS = ProjectOptions()
MOMENTS = find_moments(KNOWN, OPTIONS, name_id).moments


@pytest.mark.parametrize("moment", MOMENTS[::9], ids=lambda moment: moment.range.start_ms)
def test_a_moments_range_is_measured_like_the_moment(moment: Moment) -> None:
    """Times alone find its sentences again; only an end inside a pause may differ."""
    facts = measure_clip(KNOWN, OPTIONS, moment.range, "")
    assert facts.text == " ".join(moment.text.split())
    assert facts.score == pytest.approx(moment.score, abs=1.5)
    assert (facts.title, facts.hook, facts.description, facts.hashtags) == (
        moment.title, moment.hook, moment.description, moment.hashtags,
    )  # fmt: skip
    assert {signal.name for signal in facts.signals} == {signal.name for signal in moment.signals}


def test_ends_inside_a_sentence_are_flaws() -> None:
    sentence = next(one for one in build_timeline(KNOWN).sentences if one.length_ms > 4_000 and one.start_ms > 60_000)
    middle = (sentence.start_ms + sentence.end_ms) // 2
    window = build_window(TimeRange(start_ms=middle, end_ms=middle + 30_000), build_timeline(KNOWN))
    assert window.start_flaw == "starts inside a sentence"
    window = build_window(TimeRange(start_ms=middle - 30_000, end_ms=middle), build_timeline(KNOWN))
    assert window.end_flaw == "ends inside a sentence"


def test_a_requested_title_stays_and_a_missing_one_is_derived() -> None:
    stretch = MOMENTS[0].range
    assert measure_clip(KNOWN, OPTIONS, stretch, "Mine").title == "Mine"
    assert measure_clip(KNOWN, OPTIONS, stretch, "").title.casefold() in MOMENTS[0].text.casefold()


def test_a_wordless_range_of_a_talk_explains_no_captions() -> None:
    words = [*say("Here is a sentence that says a thing.", 0), *say("And here is another one of these.", 60_000)]
    known = material(words, 90_000, pictures=[picture(at, 0.05) for at in range(0, 90_000, 1_000)])
    facts = measure_clip(known, OPTIONS, TimeRange(start_ms=20_000, end_ms=40_000), "")
    assert (facts.text, facts.hook) == ("", "")
    assert "no captions" in facts.without_words
    assert facts.title


def test_a_clip_of_a_project_without_moments_has_no_score() -> None:
    facts = measure_clip(material([], 60_000, language=None), OPTIONS, TimeRange(start_ms=0, end_ms=20_000), "")
    assert (facts.score, facts.confidence, facts.signals, facts.reason) == (None, None, [], "")


def test_a_requested_clip_may_exceed_the_limits_of_moments() -> None:
    options = ProjectOptions(max_clip_ms=30_000, skip=[TimeRange(start_ms=0, end_ms=60_000)])
    facts = measure_clip(KNOWN, options, TimeRange(start_ms=10_000, end_ms=180_000), "")
    assert facts.score is not None
    assert 0 < facts.score < 100
