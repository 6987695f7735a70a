"""Hashtags: names and subjects, whole, and no words of every conversation."""

from __future__ import annotations

from schemas.common import TimeRange
from streams.detect.explanations.hashtags import choose_hashtags
from streams.detect.features.project_baseline import read_baseline
from streams.detect.timeline import build_timeline
from streams.detect.window import CandidateWindow
from tests.detect.material_factory import material, say


def tags(said: str) -> list[str]:
    """The hashtags of a whole recording in which this is said."""
    words = say(said, 0)
    timeline = build_timeline(material(words, words[-1].end_ms + 1_000))
    window = CandidateWindow(
        range=TimeRange(start_ms=0, end_ms=timeline.duration_ms), sentences=timeline.sentences, start_quality=1.0,
        end_quality=1.0,
    )  # fmt: skip
    return choose_hashtags(window, timeline, read_baseline(timeline))


def test_a_name_of_several_words_is_one_hashtag() -> None:
    found = tags("We flew to South Africa last week. The lions of South Africa are loud.")
    assert "#southafrica" in found
    assert not {"#south", "#africa"} & set(found)


def test_two_nouns_that_recur_together_are_one_hashtag() -> None:
    found = tags("The stock market fell. A stock market recovers. People fear the stock market.")
    assert "#stockmarket" in found
    assert not {"#stock", "#market"} & set(found)


def test_months_titles_and_empty_nouns_are_no_hashtags() -> None:
    found = tags(
        "In April the Senator made a point about the problem. The things of April, the reason for the problem."
    )
    assert not {"#april", "#senator", "#point", "#problem", "#things", "#reason"} & set(found)


def test_verb_forms_are_no_hashtags() -> None:
    found = tags("They were converting the energy. The converted energy and the energy of the engine.")
    assert "#energy" in found
    assert not {"#converting", "#converted"} & set(found)


def test_a_clip_that_names_no_subject_has_its_longest_word() -> None:
    assert tags("Physics works and I'm still alive. I will close my eyes, so please be very quiet.") == ["#physics"]
    assert tags("We go on. So do I.") == []
