"""Windows: lengths, whole sentences, where a clip may start and end."""

from __future__ import annotations

import time

import msgspec
import pytest

from schemas.common import TimeRange
from schemas.documents.span import ShotChange
from streams.detect.candidates.speech_windows import find_speech_windows
from streams.detect.lexicon import ENGLISH, normalise_lexicon_word
from streams.detect.sentences import split_sentences
from streams.detect.timeline import ProjectTimeline, build_timeline
from streams.detect.window import rate_end, rate_start
from tests.detect.material_factory import LECTURE_MS, lecture_words, material, picture, say


def spoken(text_at: list[tuple[str, int]], duration_ms: int) -> ProjectTimeline:
    words = [word for text, at in text_at for word in say(text, at)]
    return build_timeline(material(words, duration_ms))


@pytest.fixture(scope="module")
def lecture() -> ProjectTimeline:
    return build_timeline(material(lecture_words(), LECTURE_MS))


def test_windows_hold_whole_sentences_of_requested_length(lecture: ProjectTimeline) -> None:
    windows = find_speech_windows(lecture, min_ms=15_000, max_ms=60_000)
    assert windows
    for window in windows:
        assert 15_000 <= window.range.length_ms <= 60_000
        assert not any(
            word.start_ms < edge < word.end_ms
            for word in lecture.words
            for edge in (window.range.start_ms, window.range.end_ms)
        )


def test_neighbouring_windows_do_not_share_their_air(lecture: ProjectTimeline) -> None:
    windows = find_speech_windows(lecture, min_ms=15_000, max_ms=60_000)
    pairs = [(a, b) for a in windows for b in windows if a.sentences[-1].end_word == b.sentences[0].first_word]
    assert pairs
    assert all(a.range.overlap_ms(b.range) == 0 for a, b in pairs)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Gravity pulls on everything.", True),
        ("And gravity pulls on it.", False),
        ("That means we are done.", False),
        ("and so it goes on.", False),
    ],
)
def test_a_clip_does_not_start_in_the_middle_of_a_thought(text: str, expected: bool) -> None:
    before, sentence = split_sentences(say("This was said before.", 0) + say(text, 1_500), 5_000)
    quality, flaw = rate_start(sentence, before, ENGLISH)
    assert (quality >= 0.5, not flaw) == (expected, expected)


def test_no_window_starts_with_a_dependent_sentence() -> None:
    flow = spoken(
        [("First thing said here. " * 12 + "And then another thing. " + "Last things said here. " * 12, 0)], 60_000
    )
    starts = {window.sentences[0].text for window in find_speech_windows(flow, min_ms=15_000, max_ms=60_000)}
    assert "And then another thing." not in starts


def test_a_clip_does_not_end_before_a_shown_event_in_a_pause() -> None:
    words = say("Three, two, one, zero.", 0) + say("Physics works.", 15_000)
    first, second = split_sentences(words, 20_000)
    still, _ = rate_end(first, second, ENGLISH)
    shown, flaw = rate_end(first, second, ENGLISH, shown_next=True)
    assert shown < still
    assert "shown" in flaw


def test_a_question_without_its_answer_is_a_poor_end() -> None:
    asked, answer = split_sentences(say("What is that?", 0) + say("A pendulum.", 3_000), 8_000)
    assert rate_end(asked, answer, ENGLISH)[0] < rate_end(answer, None, ENGLISH)[0]


def test_a_clip_ends_before_the_thanks_that_follow_its_point() -> None:
    point, thanks = split_sentences(
        say("That is why nobody came back.", 0) + say("Thank you, over to you.", 4_000), 9_000
    )
    poor, flaw = rate_end(thanks, None, ENGLISH)
    assert poor < rate_end(point, None, ENGLISH)[0]
    assert "behind its point" in flaw


def test_an_edge_snaps_to_a_cut_in_the_silence_next_to_it() -> None:
    words = say("All of these words are said before it. " * 6, 2_000)
    made = material(words, 30_000, pictures=[picture(at) for at in range(0, 30_000, 1_000)])
    first_ms, last_ms = words[0].start_ms, words[-1].end_ms
    sure = [ShotChange(at_ms=at, after_ms=at - 40, strength=0.9) for at in (first_ms - 700, last_ms + 900, 9_999)]
    unsure = [ShotChange(at_ms=last_ms + 500, after_ms=last_ms - 4_000, strength=0.9)]
    shots = [msgspec.structs.replace(made.seen[0], shots=[*sure, *unsure])]
    windows = find_speech_windows(
        build_timeline(msgspec.structs.replace(made, seen=shots)), min_ms=10_000, max_ms=60_000
    )
    (whole,) = [one for one in windows if one.sentences[0].first_word == 0 and one.sentences[-1].end_word == len(words)]
    assert whole.range == TimeRange(start_ms=first_ms - 700, end_ms=last_ms + 900)


def test_no_picture_of_another_shot_flashes_by_at_the_borders() -> None:
    """The pause is too short to give its cut to a side, but the clip's share of the pause includes the cut."""
    words = [
        *say("This is what was said before it.", 1_000),
        *(said := say("All of these words are said in it. " * 6, 4_000)),
        *say("This is what was said behind it.", said[-1].end_ms + 220),
    ]
    words[6] = msgspec.structs.replace(words[6], end_ms=said[0].start_ms - 220)
    cuts = (said[0].start_ms - 15, said[-1].end_ms + 60)
    sure = [ShotChange(at_ms=at, after_ms=at - 40, strength=0.9) for at in cuts]
    made = material(words, 40_000, pictures=[picture(at) for at in range(0, 40_000, 1_000)])
    shots = [msgspec.structs.replace(made.seen[0], shots=sure)]
    windows = find_speech_windows(
        build_timeline(msgspec.structs.replace(made, seen=shots)), min_ms=5_000, max_ms=60_000
    )
    found = {(one.sentences[0].start_ms, one.sentences[-1].end_ms): one.range for one in windows}
    inner = found[said[0].start_ms, said[-1].end_ms]
    assert (inner.start_ms, inner.end_ms) == cuts


def test_a_short_video_is_one_window() -> None:
    (window,) = find_speech_windows(
        spoken([("It is quite short, all of this.", 500)], 9_000), min_ms=15_000, max_ms=60_000
    )
    assert window.range == TimeRange(start_ms=0, end_ms=9_000)


def test_sparse_speech_is_widened_into_the_silence_around_it() -> None:
    sparse = spoken([("Only one sentence is spoken here.", 20_000)], 60_000)
    (window,) = find_speech_windows(sparse, min_ms=15_000, max_ms=60_000)
    assert window.range.length_ms == 15_000
    assert window.range.start_ms <= 20_000
    assert window.range.end_ms >= sparse.words[-1].end_ms


def test_pictures_are_found_by_time(lecture: ProjectTimeline) -> None:
    looked = build_timeline(material([], 10_000, pictures=[picture(at) for at in range(0, 10_000, 1_000)]))
    assert [p.at_ms for p in looked.pictures_in(TimeRange(start_ms=2_000, end_ms=4_001))] == [2_000, 3_000, 4_000]


def test_a_one_word_opening_does_not_hide_a_sentence_that_leans() -> None:
    before, right, leans = split_sentences(say("It was said. Right. And that gets back to it.", 0), 9_000)
    assert rate_start(right, before, ENGLISH, after=leans)[1]
    assert not rate_start(right, before, ENGLISH)[1]


@pytest.mark.parametrize(("word", "kept"), [("“Hello,”", "hello"), ("50%.", "50%"), ("!!$!!", ""), ("$5!", "$5")])
def test_a_lexicon_word_has_no_punctuation(word: str, kept: str) -> None:
    assert normalise_lexicon_word(word) == kept


def test_a_word_of_many_signs_is_stripped_quickly() -> None:
    began_s = time.process_time()
    assert normalise_lexicon_word("a" + "!" * 20_000 + "a") == "a" + "!" * 20_000 + "a"
    assert time.process_time() - began_s < 0.5, "4 s where every sign is looked at from every other"
