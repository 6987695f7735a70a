"""Words of an edited clip: words, custom texts and subtitles follow the cuts."""

from __future__ import annotations

from time import process_time

from core.domain.editing.clock import length_ms, place_edit, single_segment
from core.domain.editing.output_words import cues_out, ranges_out, with_written_texts, words_out
from core.domain.subtitles.cues import range_cues
from schemas.common import Segment, TimeRange, Word
from schemas.documents.edit import CaptionText, EditList, EditSegment, PlacedSegment
from schemas.documents.transcript import Transcript

TEXT = "one two three four five six"


def time(start_ms: int, end_ms: int) -> TimeRange:
    return TimeRange(start_ms=start_ms, end_ms=end_ms)


def transcript() -> Transcript:
    words = [
        Word(text=text, start_ms=1_000 * at, end_ms=1_000 * at + 600, probability=0.5, speaker="S1")
        for at, text in enumerate(TEXT.split())
    ]
    segments = [
        Segment(start_ms=0, end_ms=2_600, text="one two three", first_word=0, end_word=3, trust="doubtful"),
        Segment(start_ms=3_000, end_ms=5_600, text="four five six", first_word=3, end_word=6),
    ]
    return Transcript(
        language="en", language_probability=1, duration_ms=6_000, words=words, segments=segments, speech=[], model="m"
    )


def edit(*parts: tuple[int, int], speed: float = 1.0) -> list[PlacedSegment]:
    segments = [
        EditSegment(segment_id=f"s{at}", range=time(*part), speed=speed) for at, part in enumerate(parts, start=1)
    ]
    return place_edit(EditList(version=2, segments=segments))


def test_one_segment_has_the_subtitles_of_its_range() -> None:
    told = transcript()
    for part in (time(0, 6_000), time(300, 4_100), time(1_700, 1_900), time(2_550, 5_100)):
        assert cues_out(told, single_segment(part)) == range_cues(told, part)


def test_words_are_on_the_outputs_clock_in_the_order_of_playing() -> None:
    words = words_out(transcript().words, edit((2_900, 4_000), (900, 1_800)))
    assert [(word.text, word.start_ms, word.end_ms) for word in words] == [
        ("four", 100, 700),
        ("two", 1_200, 1_800),
    ]
    (fast,) = words_out(transcript().words, edit((900, 1_800), speed=2.0))
    assert (fast.start_ms, fast.end_ms) == (50, 350)


def test_a_word_played_by_less_than_half_is_dropped() -> None:
    words = words_out(transcript().words, edit((400, 1_350)))
    assert [(word.text, word.start_ms, word.end_ms) for word in words] == [("two", 600, 950)]


def test_a_word_that_is_cut_in_its_middle_is_shown_once() -> None:
    assert [word.text for word in words_out(transcript().words, edit((0, 1_300), (1_300, 2_600)))] == [
        "one", "two", "three"
    ]  # fmt: skip


def test_doubts_follow_their_words() -> None:
    assert ranges_out([time(500, 3_000)], edit((2_500, 4_000), (0, 1_000))) == [time(0, 500), time(2_000, 2_500)]


def test_a_sentence_with_a_cut_in_it_is_one_subtitle() -> None:
    assert [cue.lines for cue in cues_out(transcript(), edit((2_900, 4_000), (4_900, 6_000)))] == [["four six"]]


def test_custom_text_replaces_words_and_is_trusted() -> None:
    told = with_written_texts(transcript(), [CaptionText(range=time(900, 2_700), text="deux et trois")])
    assert [word.text for word in told.words] == ["one", "deux", "et", "trois", "four", "five", "six"]
    assert (told.words[1].start_ms, told.words[3].end_ms, told.words[1].speaker) == (1_000, 2_600, "S1")
    assert (told.segments[0].text, told.segments[0].trust) == ("one deux et trois", "trusted")
    assert told.segments[1].first_word == 4


def test_an_empty_text_hides_the_words() -> None:
    told = with_written_texts(transcript(), [CaptionText(range=time(0, 2_700), text="")])
    assert [word.text for word in told.words] == ["four", "five", "six"]
    assert (len(told.segments), told.segments[0].first_word) == (1, 0)


def test_a_text_may_stand_between_words() -> None:
    told = with_written_texts(transcript(), [CaptionText(range=time(2_650, 2_950), text="applause")])
    assert [word.text for word in told.words][2:5] == ["three", "applause", "four"]
    assert [one.text for one in told.segments][1] == "applause"


def test_a_custom_text_over_a_cut_is_shown_whole_and_once() -> None:
    """If the text were spread over the time of all replaced words, those in the cut would be lost."""
    text = "not one of these words may be lost"
    for parts in (
        [(0, 1_700), (3_900, 6_000)],
        [(3_900, 6_000), (0, 1_700)],
        [(0, 700), (1_900, 2_700), (4_900, 6_000)],
    ):
        played = edit(*parts)
        told = with_written_texts(transcript(), [CaptionText(range=time(0, 5_900), text=text)], played)
        words = words_out(told.words, played)
        assert sorted(word.text for word in words) == sorted(text.split())
        if parts[0][0] == 0:
            assert " ".join(word.text for word in words) == text
        assert all(0 < word.end_ms - word.start_ms <= 700 for word in words)
        assert sum(word.end_ms - word.start_ms for word in words) > 0.8 * (length_ms(played) - 700)
        assert sorted(" ".join(line for cue in cues_out(told, played) for line in cue.lines).split()) == sorted(
            text.split()
        )
    never = with_written_texts(
        transcript(), [CaptionText(range=time(900, 2_700), text="deux et trois")], edit((3_900, 6_000))
    )
    assert [word.text for word in never.words][1:4] == ["deux", "et", "trois"], "nothing of it is played"


def quiet(*parts: tuple[int, int, bool], texts: tuple[CaptionText, ...] = ()) -> list[PlacedSegment]:
    """Segments, some of them muted."""
    segments = [
        EditSegment(segment_id=f"s{at}", range=time(start, end), muted=muted)
        for at, (start, end, muted) in enumerate(parts, start=1)
    ]
    return place_edit(EditList(version=2, segments=segments, captions=list(texts)))


def test_muted_words_have_no_caption() -> None:
    played = quiet((0, 1_900, False), (1_900, 3_900, True), (3_900, 6_000, False))
    assert [word.text for word in words_out(transcript().words, played)] == ["one", "two", "five", "six"]
    assert [cue.lines for cue in cues_out(transcript(), played)] == [["[?] one two"], ["five six"]]
    again = quiet((900, 1_900, True), (900, 1_900, False))
    assert [(word.text, word.start_ms) for word in words_out(transcript().words, again)] == [("two", 1_100)]
    assert words_out(transcript().words, quiet((0, 6_000, True))) == []
    assert cues_out(transcript(), quiet((0, 6_000, True))) == []


def test_a_custom_text_is_shown_over_muted_segments() -> None:
    for stretch in (time(1_250, 2_350), time(1_700, 1_900)):
        text = CaptionText(range=stretch, text="meanwhile at home")
        played = quiet((0, 6_000, True), texts=(text,))
        told = with_written_texts(transcript(), [text], played)
        assert [word.text for word in words_out(told.words, played)] == ["meanwhile", "at", "home"]
        assert [cue.lines for cue in cues_out(told, played)] == [["meanwhile at home"]]
    hidden = quiet((0, 6_000, True), texts=(CaptionText(range=time(0, 2_700), text=""),))
    assert words_out(with_written_texts(transcript(), [CaptionText(range=time(0, 2_700), text="")]).words, hidden) == []


def test_a_transcript_without_texts_stays_unchanged() -> None:
    told = transcript()
    assert with_written_texts(told, []) is told


def test_an_edit_of_many_texts_and_segments_is_mapped_quickly() -> None:
    """A long source: every reader may request a hand-over, which goes through all the words."""
    words = [Word(text="w", start_ms=400 * at, end_ms=400 * at + 300, probability=1.0) for at in range(40_000)]
    segments = [
        Segment(start_ms=4_000 * at, end_ms=4_000 * at + 3_900, text="w", first_word=10 * at, end_word=10 * at + 10)
        for at in range(4_000)
    ]
    told = Transcript(
        language="en", language_probability=1, duration_ms=16_000_000, words=words, segments=segments, speech=[],
        model="m",
    )  # fmt: skip
    far = [(80_000 * at, 80_000 * at + 800) for at in range(200)]
    texts = [CaptionText(range=time(*part), text="once more") for part in far]
    began = process_time()
    cues = cues_out(with_written_texts(told, texts), edit(*far))
    assert process_time() - began < 5
    assert len(cues) == 200
    assert {line for cue in cues for line in cue.lines} == {"once more"}
