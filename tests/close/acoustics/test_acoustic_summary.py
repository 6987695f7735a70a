"""Spans' sounds joined to those of a project: curves, events, arousal, sections."""

from __future__ import annotations

import itertools

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.common import TimeRange, Word
from schemas.documents import encode_document
from schemas.documents.acoustics import SoundEvent, Sounds, SpanSounds
from schemas.documents.span import HeardSpan, LoudnessCurve
from schemas.documents.transcript import Transcript
from streams.close.acoustics.acoustic_summary import find_music, find_pauses, find_silences, summarise_acoustics
from streams.close.acoustics.arousal import measure_arousal
from streams.close.acoustics.music_sections import find_changes


def sounds(start_ms: int, loudness: list[float], pitch: list[int] | None = None, music: float = 0.0) -> SpanSounds:
    seconds = -(-len(loudness) // 10)
    return SpanSounds(
        start_ms=start_ms,
        step_ms=100,
        loudness_lufs=loudness,
        pitch_hz=pitch or [120] * len(loudness),
        bright_db=[-5.0] * len(loudness),
        music_step_ms=500,
        music=[music] * -(-len(loudness) // 5),
        texture_step_ms=1000,
        texture_size=2,
        texture=bytes(2 * seconds),
    )


def span(ordinal: int, heard: SpanSounds | None, start_ms: int, end_ms: int) -> HeardSpan:
    return HeardSpan(
        ordinal=ordinal,
        range=TimeRange(start_ms=start_ms, end_ms=end_ms),
        language=None,
        language_probability=0.0,
        words=[],
        speech=[],
        loudness=LoudnessCurve(start_ms=start_ms, step_ms=100, level_db=[]),
        model="none",
        compute_ms=0,
        sounds=heard,
    )


def kinds(found: Sounds, kind: str) -> list[tuple[int, int]]:
    return [(event.start_ms, event.end_ms) for event in found.events if event.kind == kind]


def test_spans_are_joined_and_a_lost_one_leaves_a_gap() -> None:
    spans = [span(0, sounds(0, [-20.0] * 20), 0, 2_000), span(2, sounds(4_000, [-30.0] * 20), 4_000, 6_000)]
    found = summarise_acoustics(spans, [], [], 6_000)
    assert found.loudness.values == [-20.0] * 20 + [None] * 20 + [-30.0] * 20
    assert found.totals.median_lufs == -25.0
    assert found.arousal.values == [None] * 12


@settings(max_examples=60)
@given(st.lists(st.integers(1_000, 9_000), min_size=1, max_size=6))
def test_spans_that_meet_anywhere_leave_no_gap(lengths_ms: list[int]) -> None:
    borders = [0, *itertools.accumulate(lengths_ms)]
    spans = [
        span(at, sounds(start, [-20.0] * -(-(end - start) // 100)), start, end)
        for at, (start, end) in enumerate(itertools.pairwise(borders))
    ]
    found = summarise_acoustics(spans, [], [], borders[-1])
    assert None not in found.loudness.values
    assert None not in found.music.values


def test_silence_and_pauses_differ() -> None:
    loud = [-20.0] * 20 + [-45.0] * 5 + [-20.0] * 20 + [-80.0] * 15
    speech = [TimeRange(start_ms=0, end_ms=2_000), TimeRange(start_ms=2_500, end_ms=4_500)]
    found = summarise_acoustics([span(0, sounds(0, loud), 0, 6_000)], speech, [], 6_000)
    assert kinds(found, "pause") == [(2_000, 2_500)]
    assert kinds(found, "silence") == [(4_500, 6_000)]
    assert found.totals.silence_ms == 1_500


def test_a_pause_without_a_fall_in_level_is_doubtful() -> None:
    speech = [TimeRange(start_ms=0, end_ms=1_000), TimeRange(start_ms=1_500, end_ms=2_500)]
    assert find_pauses(speech, np.full(25, -20.0))[0].confidence == 0.0


def test_unmeasured_sound_does_not_count_as_silence() -> None:
    assert find_silences(np.full(30, np.nan)) == []


def test_music_needs_more_evidence_during_speech() -> None:
    probability = np.array([0.6] * 40)
    assert [(one.start_ms, one.end_ms) for one in find_music(probability, np.zeros(40, bool))] == [(0, 20_000)]
    assert find_music(probability, np.ones(40, bool)) == []


def test_short_music_is_ignored_and_a_short_gap_bridged() -> None:
    sure = np.zeros(80)
    sure[4:8] = 1
    sure[20:70] = 1
    sure[44:46] = 0
    assert [event.start_ms // 1000 for event in find_music(sure, np.zeros(80, bool))] == [10]


def test_arousal_is_relative_to_the_speaker() -> None:
    """A high soft voice and a low loud one; the second half of each is raised."""
    steps = 200
    owner = np.repeat([1, 2], steps)
    raised = np.tile(np.repeat([0, 1], steps // 2), 2)
    wave = np.tile(np.arange(10) / 10, 2 * steps // 10)
    pitch = np.where(owner == 1, 220, 110) * (1 + 0.3 * raised) + wave
    loudness = np.where(owner == 1, -35.0, -15.0) + 6 * raised + wave
    found = measure_arousal(pitch, loudness, loudness, np.ones(2 * steps, bool), owner)
    quarters = found.reshape(4, -1).mean(axis=1)
    assert quarters[[1, 3]].min() > 0.65
    assert quarters[[0, 2]].max() < 0.35


def test_too_little_voice_has_no_arousal() -> None:
    ones = np.ones(40)
    assert np.isnan(measure_arousal(ones, ones, ones, np.ones(40, bool), np.zeros(40, int))).all()


def test_speech_rate_counts_words_in_their_time() -> None:
    words = [Word(text="w", start_ms=at * 500, end_ms=at * 500 + 400, probability=0.9) for at in range(20)]
    found = summarise_acoustics([span(0, sounds(0, [-20.0] * 100), 0, 10_000)], [], words, 10_000)
    rates = [value for value in found.speech_rate.values if value is not None]
    assert len(rates) == 10
    assert all(2.0 <= rate <= 2.2 for rate in rates)


def test_sections_begin_where_the_texture_changes() -> None:
    generator = np.random.default_rng(5)
    parts = [np.tile(generator.random(24), (20, 1)) + 0.05 * generator.random((20, 24)) for _ in range(3)]
    found = find_changes(np.concatenate(parts))
    assert [second for second, _ in found] == [20, 40]
    assert find_changes(np.tile(generator.random(24), (60, 1))) == []
    assert find_changes(np.zeros((5, 24))) == []


def test_old_documents_decode_and_new_ones_survive_storage() -> None:
    old = encode_document(span(0, None, 0, 1_000)).replace(b'"sounds":null,', b"").replace(b',"sounds":null', b"")
    assert b"sounds" not in old
    assert msgspec.json.decode(old, type=HeardSpan).sounds is None
    new = span(0, sounds(0, [-20.0] * 10), 0, 1_000)
    assert msgspec.json.decode(encode_document(new), type=HeardSpan) == new
    assert "sounds" in {field.name for field in msgspec.structs.fields(Transcript)}
    assert SoundEvent(kind="music", start_ms=0, end_ms=1, confidence=1.0).kind == "music"
