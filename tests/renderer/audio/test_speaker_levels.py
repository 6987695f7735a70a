"""Speaker levelling: two real readers, one much softer; and the cases without a change."""

from __future__ import annotations

import av
import msgspec
import numpy as np
import pytest

from core.domain.editing.clock import place_segments, single_segment
from schemas.common import TimeRange, Word
from schemas.documents.edit import EditSegment, PlacedSegment
from streams.renderer.audio.loudness import RATE_HZ, Sound, integrated_lufs
from streams.renderer.audio.soundtrack import gather_audio
from streams.renderer.audio.speaker_levels import (
    MAX_LEVEL_GAIN_DB,
    MAX_RAMP_MS,
    MAX_SHORT_TURN_MS,
    MIN_RAMP_MS,
    WordTurn,
    _gain_curve,
    audible_words,
    group_turns,
    level_speakers,
    speaker_gains,
)
from tests.support.media.shared_media import media

TURN_MS, GAP_MS, TURNS = 2_500, 300, 4


def reader(path: str) -> Sound:
    """The first seconds of a recording, at -20 LUFS."""
    with av.open(str(media(path))) as container:
        frames = ((round((frame.time or 0) * 1000), frame) for frame in container.decode(audio=0))
        found = gather_audio(frames, 500, RATE_HZ * 6)
    assert found is not None
    lufs = integrated_lufs(found)
    assert lufs is not None
    return found * np.float32(10 ** ((-20 - lufs) / 20))


@pytest.fixture(scope="module")
def readers() -> dict[str, Sound]:
    return {"S1": reader("speech/librispeech/1089-134686-0001.wav"), "S2": reader("speech/jfk.flac")}


def conversation(readers: dict[str, Sound], gains_db: dict[str, float]) -> tuple[Sound, list[Word]]:
    """Both take turns; each turn is a word a quarter of a second."""
    length_ms = TURNS * (TURN_MS + GAP_MS)
    sound = np.zeros((length_ms * 48, 2), np.float32)
    words = []
    for number in range(TURNS):
        who = "S1" if number % 2 == 0 else "S2"
        start_ms, from_ms = number * (TURN_MS + GAP_MS), number // 2 * TURN_MS
        piece = readers[who][from_ms * 48 : (from_ms + TURN_MS) * 48]
        sound[start_ms * 48 : (start_ms + TURN_MS) * 48] = piece * np.float32(10 ** (gains_db[who] / 20))
        words += [spoken_word(who, start_ms + at, start_ms + at + 250) for at in range(0, TURN_MS, 250)]
    return sound, words


def spoken_word(who: str | None, start_ms: int, end_ms: int) -> Word:
    return Word(text="word", start_ms=start_ms, end_ms=end_ms, probability=1.0, speaker=who)


def played(sound: Sound) -> list[PlacedSegment]:
    return single_segment(TimeRange(start_ms=0, end_ms=len(sound) // 48))


def apart_db(sound: Sound) -> float:
    """How much louder the first reader is than the second."""
    turn = (TURN_MS + GAP_MS) * 48
    one, other = (
        integrated_lufs(np.concatenate([sound[at * turn :][: TURN_MS * 48] for at in turns]))
        for turns in ((0, 2), (1, 3))
    )
    assert one is not None
    assert other is not None
    return one - other


@pytest.mark.parametrize("apart", [4.0, 10.0, -10.0])
def test_two_readers_are_brought_to_one_level(readers: dict[str, Sound], apart: float) -> None:
    sound, words = conversation(readers, {"S1": apart / 2, "S2": -apart / 2})
    result, told = level_speakers(sound, words, played(sound))
    assert abs(apart_db(sound) - apart) < 2
    assert abs(apart_db(result)) < 1
    assert [one.speaker for one in told] == ["S1", "S2"]
    assert told[0].gain_db * apart < 0 < told[1].gain_db * apart


def test_the_gain_stays_within_its_limit(readers: dict[str, Sound]) -> None:
    sound, words = conversation(readers, {"S1": 0, "S2": -30})
    result, told = level_speakers(sound, words, played(sound))
    assert max(abs(one.gain_db) for one in told) == MAX_LEVEL_GAIN_DB
    assert apart_db(sound) - apart_db(result) == pytest.approx(2 * MAX_LEVEL_GAIN_DB, abs=0.5)


def test_gain_moves_in_the_gaps_only(readers: dict[str, Sound]) -> None:
    sound, words = conversation(readers, {"S1": 0, "S2": -8})
    noise = np.random.default_rng(3).standard_normal(sound.shape).astype(np.float32) * np.float32(1e-4)
    result, _ = level_speakers(sound + noise, words, played(sound))
    gain = result[:, 0] / (sound + noise)[:, 0]
    for number in range(TURNS):
        inside = gain[(number * (TURN_MS + GAP_MS) + 5) * 48 :][: (TURN_MS - 10) * 48]
        assert np.ptp(inside) < 1e-3


def test_single_unknown_and_equal_speakers_are_left_alone(readers: dict[str, Sound]) -> None:
    sound, words = conversation(readers, {"S1": 0, "S2": -10})
    for one in (
        [spoken_word("S1", word.start_ms, word.end_ms) for word in words],
        [spoken_word(None, word.start_ms, word.end_ms) for word in words],
        [],
    ):
        assert level_speakers(sound, one, played(sound)) == (sound, [])
    assert speaker_gains({"S1": (-20.0, 9_000), "S2": (-20.6, 9_000)}) == {}


def test_speakers_who_hardly_speak_or_are_muted_are_not_measured(readers: dict[str, Sound]) -> None:
    sound, words = conversation(readers, {"S1": 0, "S2": -10})
    few = [word for word in words if word.speaker == "S1"] + [spoken_word("S2", 2_800, 3_400)]
    assert level_speakers(sound, few, played(sound)) == (sound, [])
    muted = [msgspec.structs.replace(played(sound)[0], muted=True)]
    assert level_speakers(sound, words, muted) == (sound, [])


def test_words_of_muted_segments_are_inaudible() -> None:
    """Music does not give way to them either."""
    first, second = place_segments(
        EditSegment(segment_id=name, range=TimeRange(start_ms=start, end_ms=start + 1_000), muted=muted)
        for name, start, muted in (("s1", 5_000, True), ("s2", 0, False))
    )
    words = [spoken_word(None, 200, 400), spoken_word("S1", 900, 1_300), spoken_word("S1", 1_500, 1_800)]
    assert audible_words(words, [first, second]) == words[1:]
    assert audible_words(words, [second]) == words


def test_gains_that_a_person_set_are_respected(readers: dict[str, Sound]) -> None:
    """The second half was lifted by hand: that is no louder speaker."""
    sound, words = conversation(readers, {"S1": 0, "S2": -5})
    half = len(sound) // 2
    by_hand = sound.copy()
    by_hand[half:] *= np.float32(10 ** (6 / 20))
    first = msgspec.structs.replace(played(sound)[0], source=TimeRange(start_ms=0, end_ms=half // 48))
    second = PlacedSegment(
        segment_id="s2",
        source=TimeRange(start_ms=half // 48, end_ms=len(sound) // 48),
        output_start_ms=half / 48,
        gain_db=6.0,
    )
    pieces = [first, second]
    as_recorded = {one.speaker: one.lufs for one in level_speakers(sound, words, played(sound))[1]}
    assert {one.speaker: one.lufs for one in level_speakers(by_hand, words, pieces)[1]} == pytest.approx(
        as_recorded, abs=0.2
    )


@pytest.mark.parametrize(("gap_ms", "ramp_ms"), [(2_000, MAX_RAMP_MS), (100, 100), (0, MIN_RAMP_MS)])
def test_gain_moves_in_the_middle_of_a_gap_as_fast_as_it_must(gap_ms: int, ramp_ms: int) -> None:
    turns = group_turns([spoken_word("S1", 0, 3_000), spoken_word("S2", 3_000 + gap_ms, 6_000 + gap_ms)])
    curve = _gain_curve(turns, {"S1": -4.0, "S2": 2.0}, 6_000 + gap_ms)
    moving = np.nonzero(np.abs(np.diff(curve)) > 1e-9)[0]
    assert (curve[0], curve[-1]) == (-4.0, 2.0)
    assert (moving[0], moving[-1]) == pytest.approx(
        (3_000 + (gap_ms - ramp_ms) / 2, 3_000 + (gap_ms + ramp_ms) / 2), abs=1.5
    )


def test_a_short_answer_inside_a_turn_starts_no_turn() -> None:
    words = [
        spoken_word("S1", 0, 900),
        spoken_word("S2", 950, 950 + MAX_SHORT_TURN_MS - 100),
        spoken_word("S1", 1_500, 2_000),
    ]
    assert [(turn.speaker, turn.start_ms, turn.end_ms) for turn in group_turns(words)] == [("S1", 0, 2_000)]
    assert [turn.speaker for turn in group_turns([spoken_word("S2", 0, 100), spoken_word("S1", 200, 900)])] == [
        "S2",
        "S1",
    ]
    assert isinstance(group_turns(words)[0], WordTurn)


def test_the_most_frequent_speaker_is_changed_least() -> None:
    gains = speaker_gains({"S1": (-20.0, 9_000), "S2": (-30.0, 1_000), "S3": (-21.0, 5_000)})
    assert abs(gains["S1"]) < 2
    assert gains["S2"] == pytest.approx(-20 + gains["S1"] + 30, abs=0.1)
