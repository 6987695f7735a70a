"""Sound features of detect: raised voices count as energy, borders of music as borders of clips."""

from __future__ import annotations

import msgspec

from schemas.common import TimeRange
from schemas.documents.acoustics import SoundEvent
from streams.detect.candidates.silent_windows import find_silent_windows
from streams.detect.explanations.reasons import describe_sub_score
from streams.detect.features.audio import measure_energy, read_sound_facts
from streams.detect.features.base import blend_features
from streams.detect.timeline import ProjectTimeline, build_timeline
from streams.detect.window import CandidateWindow
from tests.detect.material_factory import material, say, speech_levels
from tests.support.media.heard_sounds import heard_sounds

LENGTH_MS = 60_000


def spoken(arousal: list[float | None] | None) -> ProjectTimeline:
    words = [word for at in range(0, LENGTH_MS, 4_000) for word in say("This is one whole sentence of words.", at)]
    made = material(words, LENGTH_MS, levels_db=speech_levels(words, LENGTH_MS))
    sounds = heard_sounds(LENGTH_MS // 100, arousal) if arousal else None
    return build_timeline(msgspec.structs.replace(made, sounds=sounds))


def window(timeline: ProjectTimeline, start_ms: int, end_ms: int) -> CandidateWindow:
    inside = [one for one in timeline.sentences if start_ms <= one.start_ms and one.end_ms <= end_ms]
    part = TimeRange(start_ms=start_ms, end_ms=end_ms)
    return CandidateWindow(range=part, sentences=inside, start_quality=1.0, end_quality=1.0)


def energy_of(timeline: ProjectTimeline, start_ms: int, end_ms: int) -> tuple[float, list[str]]:
    found = measure_energy(window(timeline, start_ms, end_ms), timeline, read_sound_facts(timeline))
    assert found
    return found.value, [one.kind for one in found.evidence]


def test_a_raised_voice_is_energy_with_its_time() -> None:
    calm, plain = spoken([0.3] * 60 + [0.8] * 60), spoken(None)
    raised, kinds = energy_of(calm, 32_000, 56_000)
    usual, _ = energy_of(calm, 4_000, 28_000)
    assert raised > usual + 0.15
    assert "raised_voice" in kinds
    assert "raised_voice" not in energy_of(plain, 32_000, 56_000)[1]


def test_a_sub_scores_sentence_names_its_main_features() -> None:
    timeline = spoken([0.3] * 60 + [0.8] * 60)
    found = measure_energy(window(timeline, 32_000, 56_000), timeline, read_sound_facts(timeline))
    voice = blend_features({"level": found}, {"level": 1.0})
    assert voice
    assert describe_sub_score("energy", voice.value, voice.evidence).startswith("The voice is raised at 0:")


def test_an_unknown_arousal_changes_nothing() -> None:
    assert energy_of(spoken([None] * 120), 8_000, 32_000) == energy_of(spoken(None), 8_000, 32_000)


def test_windows_of_music_begin_where_it_changes() -> None:
    made = material([], LENGTH_MS, levels_db=[-20.0] * (LENGTH_MS // 100))
    sounds = heard_sounds(LENGTH_MS // 100)
    change = SoundEvent(kind="section", start_ms=21_300, end_ms=21_300, confidence=0.8)
    sounds = msgspec.structs.replace(sounds, events=[*sounds.events, change])
    timeline = build_timeline(msgspec.structs.replace(made, sounds=sounds))
    ranges = {
        (one.range.start_ms, one.range.end_ms) for one in find_silent_windows(timeline, min_ms=8_000, max_ms=30_000)
    }
    assert {(21_300, 30_000), (0, 21_300)} <= ranges, "whole sections, up to where the music ends"
    assert any(start == 21_300 and end > 30_000 for start, end in ranges), "and windows moved to the change"
