"""Speaker corrections: words, turns and segments change together, all else stays, numbers are never reused."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.transcripts.corrections import BadEditError
from core.domain.transcripts.speaker_corrections import correct_speakers
from core.domain.transcripts.speaker_operations import Merge, Rename, SpeakerEdit, SplitSpeaker, Stretch, WordRun
from core.domain.transcripts.speaker_turns import words_in
from schemas.common import Segment, TimeRange, Word
from schemas.documents.diarization import Diarization, SelfIntroduction, Speaker, Turn
from schemas.documents.transcript import Transcript

SAID = (("S1", "we met ada here"), ("S2", "in paris last year"), ("S3", "yes"))
EVIDENCE = SelfIntroduction(quote="I'm Ada", start_ms=0, end_ms=900)


def transcript() -> Transcript:
    """Nine words, one each half second; S1 says four, S2 four, S3 one."""
    words: list[Word] = []
    segments: list[Segment] = []
    for who, text in SAID:
        first = len(words)
        for one in text.split():
            at = 500 * len(words)
            words.append(Word(text=one, start_ms=at, end_ms=at + 400, probability=0.5, speaker=who))
        segments.append(
            Segment(
                start_ms=500 * first, end_ms=words[-1].end_ms, text=text, first_word=first, end_word=len(words),
                speaker=who, trust="doubtful", doubts=["unsure"],
            )
        )  # fmt: skip
    turns = [Turn(start_ms=start, end_ms=end, speaker=who) for start, end, who in TURNS]
    speakers = [Speaker(id=who, speech_ms=end - start, turns=1, confidence=0.9) for start, end, who in TURNS]
    told = Diarization(speakers=speakers, turns=turns, overlaps=[TimeRange(start_ms=1800, end_ms=2100)], model="m")
    return Transcript(
        language="en", language_probability=1.0, duration_ms=5_000, words=words, segments=segments, speech=[],
        model="m", diarization=told,
    )  # fmt: skip


TURNS = [(0, 1950, "S1"), (1950, 3900, "S2"), (4000, 4500, "S3")]


def diarization_of(after: Transcript) -> Diarization:
    assert after.diarization
    return after.diarization


def spans(after: Transcript) -> list[tuple[int, int, str]]:
    return [(one.start_ms, one.end_ms, one.speaker) for one in diarization_of(after).turns]


def owners(after: Transcript) -> list[str | None]:
    return [word.speaker for word in after.words]


def test_a_name_is_set_and_cleared_with_its_source() -> None:
    before = transcript()
    speakers = [
        msgspec.structs.replace(diarization_of(before).speakers[0], name="Ada", evidence=EVIDENCE, named_by="self")
    ]
    known = msgspec.structs.replace(
        before,
        diarization=msgspec.structs.replace(
            diarization_of(before), speakers=[*speakers, *diarization_of(before).speakers[1:]]
        ),
    )
    after, (change,) = correct_speakers(known, [Rename(speaker="S1", name="  Ada\nLovelace ")], 2)
    one = diarization_of(after).speakers[0]
    assert (one.name, one.named_by, one.evidence, one.confidence) == ("Ada Lovelace", "person", None, 0.9)
    assert (change.op, change.speaker, change.before, change.after) == ("rename", "S1", "Ada", "Ada Lovelace")
    assert (after.version, after.words, after.segments) == (2, known.words, known.segments)
    bare, _ = correct_speakers(after, [Rename(speaker="S1", name="")], 3)
    assert (diarization_of(bare).speakers[0].name, diarization_of(bare).speakers[0].named_by) == (None, None)


def test_the_record_of_changes_keeps_every_name() -> None:
    """The changes list every name that an edit removed."""
    named = [Rename(speaker=one, name=name) for one, name in (("S1", "Ada"), ("S2", "Bob"), ("S3", "Cleo"))]
    everything = [Stretch(start_ms=0, end_ms=5_000)]
    table: list[tuple[SpeakerEdit, str, str]] = [
        (Rename(speaker="S1", name="Ann"), "Ada", "Ann"),
        (Rename(speaker="S1", name=""), "Ada", ""),
        (Merge(speaker="S2", into="S1"), "Bob", "Ada"),
        (SplitSpeaker(speaker="S3", ranges=everything, to="S1"), "Cleo", "Ada"),
        (SplitSpeaker(speaker="S3", ranges=everything, name="Dora"), "Cleo", "Dora"),
        (SplitSpeaker(ranges=everything, to="S1"), "", "Ada"),
        (SplitSpeaker(words=[WordRun(first_word=0, end_word=9)], name="Dora"), "", "Dora"),
    ]
    for edit, before, after_name in table:
        start, _ = correct_speakers(transcript(), named, 2)
        after, (change,) = correct_speakers(start, [edit], 3)
        assert (change.before, change.after) == (before, after_name), edit
        was = {one.id: one.name for one in diarization_of(start).speakers}
        now = {one.id: one.name for one in diarization_of(after).speakers}
        lost = {speaker: name for speaker, name in was.items() if now.get(speaker) != name}
        assert lost.items() <= change.names.items() <= was.items(), edit
    start, _ = correct_speakers(transcript(), named, 2)
    _, (merged,) = correct_speakers(start, [Merge(speaker="S2", into="S1")], 3)
    assert merged.names == {"S1": "Ada", "S2": "Bob"}


def test_ranges_beyond_the_source_are_refused_with_its_length() -> None:
    with pytest.raises(BadEditError, match=r"ends at 5 s: from 0 ms to 5 s \(0 to 5000 ms\)") as caught:
        correct_speakers(
            transcript(),
            [SplitSpeaker(ranges=[Stretch(start_ms=0, end_ms=900), Stretch(start_ms=4000, end_ms=5001)])],
            2,
        )
    assert caught.value.path == "0/ranges/1/end_ms"


def test_merged_speakers_keep_all_their_words() -> None:
    after, (change,) = correct_speakers(transcript(), [Merge(speaker="S2", into="S1")], 2)
    assert owners(after) == ["S1"] * 8 + ["S3"]
    assert [(one.id, one.speech_ms, one.turns, one.confidence) for one in diarization_of(after).speakers] == [
        ("S1", 3900, 1, None), ("S3", 500, 1, 0.9),
    ]  # fmt: skip
    assert spans(after) == [
        (0, 3900, "S1"),
        (4000, 4500, "S3"),
    ]
    assert [one.speaker for one in after.segments] == ["S1", "S1", "S3"]
    assert (change.op, change.speaker, change.to, change.word_count, change.speech_ms) == ("merge", "S2", "S1", 4, 1950)


def test_the_remaining_speaker_keeps_the_name() -> None:
    after, _ = correct_speakers(transcript(), [Rename(speaker="S2", name="Bo"), Merge(speaker="S2", into="S3")], 2)
    assert [(one.id, one.name, one.named_by) for one in diarization_of(after).speakers] == [
        ("S1", None, None), ("S3", "Bo", "person"),
    ]  # fmt: skip


def test_one_speaker_has_no_confidence_and_no_overlaps() -> None:
    after, _ = correct_speakers(transcript(), [Merge(speaker="S2", into="S1"), Merge(speaker="S3", into="S1")], 2)
    assert ([one.id for one in diarization_of(after).speakers], diarization_of(after).overlaps) == (["S1"], [])
    assert diarization_of(after).speakers[0].confidence is None


def test_words_become_a_new_speakers_and_part_their_segment() -> None:
    edit = SplitSpeaker(speaker="S1", words=[WordRun(first_word=2, end_word=6)], name="Cy")
    after, (change,) = correct_speakers(transcript(), [edit], 2)
    assert owners(after) == ["S1", "S1", "S4", "S4", *["S2"] * 4, "S3"], "of S2's words none was asked for"
    assert [(one.text, one.speaker, one.trust) for one in after.segments][:2] == [
        ("we met", "S1", "doubtful"), ("ada here", "S4", "doubtful"),
    ]  # fmt: skip
    assert spans(after) == [
        (0, 950, "S1"), (950, 1950, "S4"), (1950, 3900, "S2"), (4000, 4500, "S3"),
    ]  # fmt: skip
    assert [(one.id, one.name, one.confidence) for one in diarization_of(after).speakers] == [
        ("S1", None, None), ("S2", None, 0.9), ("S3", None, 0.9), ("S4", "Cy", None),
    ]  # fmt: skip
    assert (change.op, change.speaker, change.to, change.word_count, change.speech_ms) == ("split", "S1", "S4", 2, 1000)


def test_a_range_is_assigned_to_another_speaker() -> None:
    after, (change,) = correct_speakers(
        transcript(), [SplitSpeaker(ranges=[Stretch(start_ms=1400, end_ms=2500)], to="S3")], 2
    )
    assert owners(after) == ["S1"] * 3 + ["S3"] * 2 + ["S2"] * 3 + ["S3"]
    assert spans(after) == [
        (0, 1400, "S1"), (1400, 2500, "S3"), (2500, 3900, "S2"), (4000, 4500, "S3"),
    ]  # fmt: skip
    assert (change.word_count, change.speech_ms) == (2, 1100)


def test_a_speaker_number_is_never_reused() -> None:
    gone, _ = correct_speakers(transcript(), [Merge(speaker="S3", into="S1")], 2)
    after, _ = correct_speakers(gone, [SplitSpeaker(words=[WordRun(first_word=8, end_word=9)])], 3)
    again, _ = correct_speakers(
        after, [Merge(speaker="S4", into="S1"), SplitSpeaker(words=[WordRun(first_word=0, end_word=1)])], 4
    )
    assert [one.id for one in diarization_of(after).speakers] == ["S1", "S2", "S4"]
    assert [one.id for one in diarization_of(again).speakers] == ["S1", "S2", "S5"]


def test_a_speaker_without_words_is_removed() -> None:
    after, _ = correct_speakers(
        transcript(), [SplitSpeaker(speaker="S3", ranges=[Stretch(start_ms=0, end_ms=5000)], to="S1")], 2
    )
    assert [one.id for one in diarization_of(after).speakers] == ["S1", "S2"]


def test_speakers_can_be_assigned_without_diarization() -> None:
    words = [msgspec.structs.replace(word, speaker=None) for word in transcript().words]
    segments = [msgspec.structs.replace(one, speaker=None) for one in transcript().segments]
    deaf = msgspec.structs.replace(transcript(), words=words, segments=segments, diarization=None)
    edits = [
        SplitSpeaker(words=[WordRun(first_word=0, end_word=4)], name="Ada"),
        SplitSpeaker(words=[WordRun(first_word=4, end_word=9)]),
    ]
    after, _ = correct_speakers(deaf, edits, 2)
    assert owners(after) == ["S1"] * 4 + ["S2"] * 5
    assert spans(after) == [
        (0, 1900, "S1"),
        (2000, 4400, "S2"),
    ]
    assert [one.speaker for one in after.segments] == ["S1", "S2", "S2"]


@pytest.mark.parametrize(
    ("edits", "at", "said"),
    [
        ([Rename(speaker="S9", name="a")], 0, "no speaker S9"),
        ([Rename(speaker="S1", name="Ada"), Rename(speaker="S2", name="ADA")], 1, "merge the two"),
        ([Merge(speaker="S1", into="S1")], 0, "themselves"),
        ([Merge(speaker="S1", into="S2"), Merge(speaker="S1", into="S3")], 1, "no speaker S1"),
        ([SplitSpeaker(speaker="S1")], 0, "either"),
        (
            [SplitSpeaker(ranges=[Stretch(start_ms=0, end_ms=9)], words=[WordRun(first_word=0, end_word=1)])],
            0,
            "either",
        ),
        ([SplitSpeaker(ranges=[Stretch(start_ms=9, end_ms=9)])], 0, "behind"),
        ([SplitSpeaker(words=[WordRun(first_word=8, end_word=10)])], 0, "no words 8 to 10"),
        ([SplitSpeaker(words=[WordRun(first_word=3, end_word=3)])], 0, "no words"),
        ([SplitSpeaker(speaker="S3", words=[WordRun(first_word=0, end_word=2)])], 0, "S3 says nothing there"),
        ([SplitSpeaker(speaker="S1", words=[WordRun(first_word=0, end_word=1)], to="S1")], 0, "another speaker"),
        ([SplitSpeaker(words=[WordRun(first_word=0, end_word=1)], to="S2", name="x")], 0, "for a new one"),
        ([SplitSpeaker(words=[WordRun(first_word=0, end_word=1)], to="S7")], 0, "no speaker S7"),
        ([SplitSpeaker(ranges=[Stretch(start_ms=4600, end_ms=4900)], to="S1")], 0, "says nothing there"),
    ],
)
def test_an_invalid_edit_is_named_with_its_reason(edits: list[SpeakerEdit], at: int, said: str) -> None:
    with pytest.raises(BadEditError, match=said) as caught:
        correct_speakers(transcript(), edits, 2)
    assert caught.value.at == at


NAMES = st.sampled_from(["S1", "S2", "S3", "S4"])
EDITS = st.one_of(
    st.builds(Merge, speaker=NAMES, into=NAMES),
    st.builds(
        lambda who, to, at, more: SplitSpeaker(speaker=who, to=to, words=[WordRun(first_word=at, end_word=at + more)]),
        st.none() | NAMES, st.none() | NAMES, st.integers(0, 8), st.integers(1, 4),
    ),
    st.builds(
        lambda who, to, start, more: SplitSpeaker(
            speaker=who, to=to, ranges=[Stretch(start_ms=start, end_ms=start + more)]
        ),
        st.none() | NAMES, st.none() | NAMES, st.integers(0, 4800), st.integers(1, 2000),
    ),
)  # fmt: skip


@given(st.lists(EDITS, min_size=1, max_size=4))
def test_any_correction_leaves_a_complete_transcript(edits: list[SpeakerEdit]) -> None:
    before = transcript()
    try:
        after, changes = correct_speakers(before, edits, 2)
    except BadEditError:
        return
    assert len(changes) == len(edits)
    plain = [msgspec.structs.replace(word, speaker=None) for word in after.words]
    assert plain == [msgspec.structs.replace(word, speaker=None) for word in before.words]
    assert [at for one in after.segments for at in range(one.first_word, one.end_word)] == list(range(9))
    assert all(
        {after.words[at].speaker for at in range(one.first_word, one.end_word)} == {one.speaker}
        for one in after.segments
    )
    known = {one.id for one in diarization_of(after).speakers}
    assert {*owners(after), *(one.speaker for one in diarization_of(after).turns)} == known
    assert sum(one.end_ms - one.start_ms for one in diarization_of(after).turns) >= 4_400
    assert all(one.end_ms > one.start_ms for one in diarization_of(after).turns)
    assert len(words_in(diarization_of(after).turns, after.words)) == len(diarization_of(after).turns)
