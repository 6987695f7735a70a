"""The whole of detect: good clips from the lecture, an honest reason for silence, less from incomplete input."""

from __future__ import annotations

import itertools
import re
import time

import msgspec
import pytest

from core.domain.text.quotes.rated_quotes import MAX_QUOTED_TITLE_CHARS
from schemas.common import Word
from schemas.documents import encode_document
from schemas.documents.moments import MomentList
from schemas.options.project import ProjectOptions
from streams.detect.pipeline import find_moments
from streams.detect.shortfalls import MAX_NEAREST
from streams.detect.timeline import ProjectAnalysis
from tests.detect.material_factory import (
    LECTURE_MS,
    lecture_words,
    material,
    name_id,
    picture,
    say,
    seen_span,
    speech_levels,
)


def lecture(options: ProjectOptions | None = None) -> MomentList:
    words = lecture_words()
    looked = [picture(at, 0.05, 60.0 if at % 30_000 < 20_000 else None) for at in range(0, LECTURE_MS, 1_000)]
    levels = speech_levels(words, LECTURE_MS)
    known = material(words, LECTURE_MS, levels_db=levels, pictures=looked, cuts_ms=[30_000, 64_000])
    return find_moments(known, options or ProjectOptions(), name_id)


def weigh_quiet(
    duration_ms: int, *, levels: list[float] | None = None, difference: float = 0.0, pictures: bool = True
) -> MomentList:
    looked = [picture(at, difference + (at % 20_000) / 2e6 * (difference > 0)) for at in range(0, duration_ms, 1_000)]
    known = material([], duration_ms, language=None, levels_db=levels, pictures=looked if pictures else None)
    return find_moments(known, ProjectOptions(), name_id)


def test_the_lecture_gives_three_or_four_clips_that_read_well() -> None:
    found = lecture()
    clips = sorted((moment for moment in found.moments if moment.selected), key=lambda moment: moment.rank or 0)
    assert 3 <= len(clips) <= 4
    assert [clip.rank for clip in clips] == list(range(1, len(clips) + 1))
    assert found.nothing_found_reason is None
    for clip in clips:
        assert clip.without_words == ""
        assert clip.text[0].isupper()
        assert clip.text.endswith((".", "!", "?"))
        assert not clip.text.lower().startswith(("and ", "so ", "that ", "it "))
        assert 0 < len(clip.title) <= MAX_QUOTED_TITLE_CHARS
        assert clip.reason.endswith(".")
        assert 0 < clip.confidence <= 1
    assert any("kill you" in clip.text for clip in clips)
    assert any("still alive" in clip.text for clip in clips)


def test_title_words_are_the_speakers_own() -> None:
    for moment in lecture().moments:
        said_words = iter(re.findall(r"[\w']+", moment.text.lower()))
        title_words = re.findall(r"[\w']+", moment.title.lower())
        assert all(word in said_words for word in title_words), moment.title  # in their order, some left out


def test_a_weighted_score_can_be_computed_again() -> None:
    known = material(lecture_words(), LECTURE_MS, language="nl")
    for moment in find_moments(known, ProjectOptions(), name_id).moments:
        assert moment.score == pytest.approx(100 * sum(s.value * s.weight for s in moment.signals), abs=0.02)


def test_the_same_input_gives_the_same_bytes() -> None:
    assert encode_document(lecture()) == encode_document(lecture())


def test_options_bound_number_and_length() -> None:
    found = lecture(ProjectOptions(max_clips=1, min_clip_ms=20_000, max_clip_ms=30_000))
    assert sum(moment.selected for moment in found.moments) == 1
    assert all(20_000 <= moment.range.length_ms <= 30_000 for moment in found.moments)


def test_a_black_silent_video_gives_an_honest_sentence() -> None:
    found = weigh_quiet(360_000, levels=[-100.0] * 3_600)
    assert found.moments == []
    assert found.nothing_found_reason == "Nothing is said and nothing moves in this video."


def test_a_very_short_video_explains_that_it_is_short() -> None:
    assert "too short" in (weigh_quiet(1_000, difference=0.2).nothing_found_reason or "")


def test_a_silent_moving_video_gives_clips_of_low_confidence() -> None:
    found = weigh_quiet(120_000, difference=0.05)
    clips = [moment for moment in found.moments if moment.selected]
    assert clips
    assert all(clip.confidence < 0.2 and clip.text == "" for clip in clips)
    assert {clip.without_words for clip in clips} == {
        "Nothing is said in this range: it has no captions, because there are no words to show."
    }
    assert {signal.name for clip in clips for signal in clip.signals} == {"picture"}


def test_sound_without_speech_gives_clips_from_sound() -> None:
    levels = [-30.0] * 600 + [-12.0 + at % 9 for at in range(200)] + [-30.0] * 400
    (clip,) = [m for m in weigh_quiet(120_000, levels=levels, difference=0.0).moments if m.rank == 1]
    assert clip.range.start_ms < 80_000
    assert clip.range.end_ms > 60_000
    assert "dB" in clip.reason


def test_uniform_sound_alone_gives_no_clip() -> None:
    """Like a camera left running for six seconds: weak noise, two frames without people."""
    levels = [-34.0 + at % 4 for at in range(38)] + [-100.0] * 26
    known = material([], 6_379, language=None, levels_db=levels, pictures=[picture(0, 0.0), picture(3_722, 0.7)])
    found = find_moments(known, ProjectOptions(min_clip_ms=3_000), name_id)
    (moment,) = found.moments
    assert moment.score > 35
    assert not moment.selected
    assert moment.reason == "Nothing stands out; its best signal is energy (0.50 of 1)."
    assert found.nothing_found_reason == (
        "One part was scored and nothing stands out enough: it, at 0:00, scores 50 of 100, "
        "and its best signal is energy, 0.50 of 1."
    )


@pytest.mark.parametrize(("cuts_ms", "clips"), [([3_000], 0), ([2_000, 4_000], 0), ([1_500, 3_000, 4_500], 1)])
def test_one_cut_in_a_short_video_makes_no_rhythm(cuts_ms: list[int], clips: int) -> None:
    looked = [picture(at, 0.05, 40.0 if at % 2_000 == 0 else None) for at in range(0, 6_400, 500)]
    known = material([], 6_400, levels_db=[-34.0] * 64, pictures=looked, cuts_ms=cuts_ms)
    found = find_moments(known, ProjectOptions(), name_id)
    assert sum(moment.selected for moment in found.moments) == clips


def test_the_explanation_counts_sampled_frames() -> None:
    known = material([], 8_000, levels_db=[-47.0] * 80, pictures=[picture(0, 0.0, 80.0), picture(5_000, 0.07, 80.0)])
    assert find_moments(known, ProjectOptions(), name_id).nothing_found_reason == (
        "Nothing is said in this video, and the rest is too little to choose a clip by: "
        "2 pictures looked at, 2 with a face, sound at -47 dBFS."
    )


def test_every_clip_has_an_outstanding_reason() -> None:
    tables = [lecture(), weigh_quiet(120_000, difference=0.05), weigh_quiet(40_000, levels=[-30.0, -29.0] * 200)]
    for moment in (moment for found in tables for moment in found.moments if moment.selected):
        assert not moment.reason.startswith("Nothing stands out")
        assert any(character.isdigit() for character in moment.reason) or "“" in moment.reason


def test_movement_typical_of_a_video_gives_no_reason() -> None:
    looked = [picture(at, 0.05 + at // 1000 % 7 / 1000) for at in range(0, 60_000, 1_000)]
    found = find_moments(
        material([], 60_000, pictures=looked), ProjectOptions(min_clip_ms=20_000, max_clip_ms=20_000), name_id
    )
    assert found.moments
    assert not any(moment.selected for moment in found.moments)
    assert "nothing stands out enough" in (found.nothing_found_reason or "")


def test_dull_talk_is_not_padded() -> None:
    words = say("and it was like that and so it was " * 20, 0)
    found = find_moments(material(words, 70_000), ProjectOptions(), name_id)
    assert not any(moment.selected for moment in found.moments)
    assert found.nothing_found_reason


def test_a_project_without_its_transcript_is_still_scored() -> None:
    looked = [picture(at, 0.05 + (at % 30_000) / 1e6, 80.0) for at in range(0, 60_000, 1_000)]
    known = ProjectAnalysis(duration_ms=60_000, transcript=None, heard=[], seen=[seen_span(looked, 60_000)])
    found = find_moments(known, ProjectOptions(), name_id)
    assert any(moment.selected for moment in found.moments)


def later(word: Word, by_ms: int) -> Word:
    return msgspec.structs.replace(word, start_ms=word.start_ms + by_ms, end_ms=word.end_ms + by_ms)


def repeated_lecture(times: int) -> ProjectAnalysis:
    """The lecture over and over, with its sound and a picture a second."""
    words = [later(word, at * LECTURE_MS) for at in range(times) for word in lecture_words()]
    length_ms = times * LECTURE_MS
    looked = [picture(at, 0.05, 60.0) for at in range(0, length_ms, 1_000)]
    return material(words, length_ms, levels_db=speech_levels(words, length_ms), pictures=looked)


def spent_s(known: ProjectAnalysis) -> float:
    """Processor time of weighing it."""
    started = time.process_time()
    find_moments(known, ProjectOptions(), name_id)
    return time.process_time() - started


def test_an_hour_costs_as_much_as_its_thirds_and_the_list_stays_small() -> None:
    third, hour = repeated_lecture(6), repeated_lecture(18)
    assert spent_s(hour) < 6 * spent_s(third), "three times in proportion, nine times by the square of the length"
    found = find_moments(hour, ProjectOptions(), name_id)
    assert len(found.moments) <= 212
    assert len(encode_document(found)) < 2_500_000


def test_words_with_impossible_times_do_no_harm() -> None:
    odd = [
        Word(text="late.", start_ms=9_000, end_ms=9_500, probability=0.5),
        Word(text="early", start_ms=100, end_ms=50, probability=0.5),
        Word(text=" ", start_ms=300, end_ms=400, probability=0.5),
        Word(text="beyond", start_ms=99_000, end_ms=99_500, probability=0.5),
    ]
    found = find_moments(material(odd, 10_000), ProjectOptions(), name_id)
    assert found.nothing_found_reason


def test_sound_without_pictures_is_scored_but_gives_no_clip() -> None:
    found = find_moments(material(lecture_words(), LECTURE_MS, has_video=False), ProjectOptions(), name_id)
    assert found.moments
    assert not any(moment.selected for moment in found.moments)
    assert found.nothing_found_reason == "This recording has no pictures to make a clip of; its transcript is there."


def dull() -> MomentList:
    """The lecture, where the bar is out of reach: each moment is just below it."""
    return lecture(ProjectOptions(min_score=99.0))


def test_without_clips_the_nearest_moments_have_shortfalls() -> None:
    found = dull()
    assert found.nothing_found_reason
    assert "99 are needed" in found.nothing_found_reason
    assert len(found.nearest) == MAX_NEAREST
    kept = {moment.id: moment for moment in found.moments}
    for near in found.nearest:
        moment = kept[near.moment_id]
        assert (near.start_ms, near.end_ms) == (moment.range.start_ms, moment.range.end_ms)
        assert (near.score, near.title, near.lacks) == (moment.score, moment.title, moment.lacks)
        assert near.lacks[-1].what == "score"
        assert (near.lacks[-1].value, near.lacks[-1].needed) == (moment.score, 99.0)
    ranges = [kept[near.moment_id].range for near in found.nearest]
    assert not any(one.overlap_ms(other) for one, other in itertools.combinations(ranges, 2))
    best = next(moment for moment in found.moments if moment.lacks == found.nearest[0].lacks)
    assert best.id == found.nearest[0].moment_id
    assert lecture().nearest == [], "where there are clips there is nothing to make up for"


def test_unselected_moments_keep_score_and_name_shortfalls() -> None:
    for found in (lecture(), dull()):
        for moment in found.moments:
            assert bool(moment.lacks) != moment.selected
            assert all(one.told.endswith(".") for one in moment.lacks)
            assert any(signal.evidence for signal in moment.signals)
    assert {one.what for moment in lecture().moments for one in moment.lacks} >= {"overlap", "near_best"}


def test_a_requested_minimum_score_replaces_both_thresholds() -> None:
    """A lower bar takes a moment with 39 of 40 points, and a bar of 0 takes anything that stands out."""
    usual, low = lecture(), lecture(ProjectOptions(min_score=0.0, target_clips=50))
    chosen = [moment for moment in low.moments if moment.selected]
    assert len(chosen) > sum(moment.selected for moment in usual.moments)
    assert {one.what for moment in low.moments for one in moment.lacks} <= {"support", "overlap", "alike", "room"}
    best = max(moment.score for moment in usual.moments if moment.selected)
    exact = lecture(ProjectOptions(min_score=best))
    assert [moment.score for moment in exact.moments if moment.selected] == [best], "a score at the bar reaches it"
    again = {moment.id: moment.score for moment in exact.moments}
    assert again == {moment.id: moment.score for moment in usual.moments}, "the bar changes no score"
