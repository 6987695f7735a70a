"""Audience features: punch lines and calls by words and form, raised voices, answers of the room."""

from __future__ import annotations

import msgspec
import pytest

from schemas.common import TimeRange
from streams.detect.features.audience import MIN_PAUSES, AudienceCues, measure_pause_level, read_audience_cues
from streams.detect.features.project_baseline import read_baseline
from streams.detect.lexicon import ENGLISH, normalise_lexicon_word
from streams.detect.scoring import measure_window
from streams.detect.timeline import ProjectTimeline, build_timeline
from streams.detect.window import CandidateWindow
from tests.detect.material_factory import material, say
from tests.support.media.heard_sounds import heard_sounds

PLAIN = "The committee will meet on the second floor after the break."
LENGTH_MS = 60_000


def line(text: str, before: int = 25) -> AudienceCues:
    return read_audience_cues([normalise_lexicon_word(word) for word in text.split()], text, before, ENGLISH)


@pytest.mark.parametrize(
    "text",
    ["And I am not very good at this.", "My wife said no.", "Well, that was stupid.", "Oh, I don't even have a dog!"],
)
def test_a_punch_line_scores_above_a_plain_sentence(text: str) -> None:
    assert line(text).punch > line(PLAIN).punch + 0.1
    assert line(text).punch_words


def test_a_punch_line_needs_a_longer_set_up() -> None:
    assert line("And I am not very good at this.", before=2).punch < line("And I am not very good at this.").punch


@pytest.mark.parametrize(
    "text",
    [
        "We must build it together, for our children.",
        "It is about courage, honesty, and hope.",
        "This is not a problem of money, it's a problem of justice.",
    ],
)
def test_a_call_scores_above_a_plain_sentence(text: str) -> None:
    assert line(text).call >= 0.3
    assert line(PLAIN).call < 0.1


def test_fragments_and_languages_without_lists_have_no_line() -> None:
    assert read_audience_cues(["das", "war", "dumm"], "Das war dumm.", 20, None) == AudienceCues()
    assert line("Oh no.") == AudienceCues()


def talk_timeline(levels: list[float] | None = None, arousal: list[float | None] | None = None) -> ProjectTimeline:
    words = [word for at in range(0, LENGTH_MS, 4_000) for word in say("This is one whole sentence of words.", at)]
    made = material(words, LENGTH_MS, levels_db=levels)
    sounds = heard_sounds(LENGTH_MS // 100, arousal) if arousal else None
    return build_timeline(msgspec.structs.replace(made, sounds=sounds))


def emotion(timeline: ProjectTimeline, start_ms: int, end_ms: int) -> dict[str, float]:
    """Strength of each feature of emotion that was measured."""
    inside = [one for one in timeline.sentences if start_ms <= one.start_ms and one.end_ms <= end_ms]
    part = TimeRange(start_ms=start_ms, end_ms=end_ms)
    window = CandidateWindow(range=part, sentences=inside, start_quality=1.0, end_quality=1.0)
    found = measure_window(window, timeline, read_baseline(timeline))["emotion"]
    return {one.part: one.strength or 0.0 for one in found.evidence}


def levels(answer_db: float) -> list[float]:
    """Speech for 2.4 s of every 4 s, with a quiet room between; from 28 to 32 s the pause has the given level."""
    found = [-25.0 if at % 40 < 25 else -55.0 for at in range(LENGTH_MS // 100)]
    return [answer_db if 305 <= at < 320 else level for at, level in enumerate(found)]


def test_sound_in_a_pause_counts_where_pauses_are_quiet() -> None:
    loud, still = talk_timeline(levels(-30.0)), talk_timeline(levels(-55.0))
    assert measure_pause_level(still) == pytest.approx(-55.0)
    assert emotion(loud, 24_000, 34_500)["answered"] > 0.25
    assert emotion(still, 24_000, 34_500)["answered"] == 0.0
    assert emotion(loud, 40_000, 52_000)["answered"] == 0.0, "it was elsewhere"


def test_too_few_pauses_allow_no_comparison() -> None:
    words = [word for at in range(0, 4_000 * (MIN_PAUSES - 2), 4_000) for word in say("One sentence of words.", at)]
    short = build_timeline(material(words, words[-1].end_ms + 300, levels_db=[-30.0] * 240))
    assert measure_pause_level(short) is None
    assert measure_pause_level(talk_timeline(None)) is None


def test_a_voice_at_its_peak_counts_as_measured_emotion() -> None:
    timeline = talk_timeline(levels(-55.0), [0.3] * 60 + [0.8] * 60)
    assert emotion(timeline, 32_000, 56_000)["voice"] > emotion(timeline, 0, 24_000)["voice"] + 0.3
    assert "voice" not in emotion(talk_timeline(levels(-55.0)), 32_000, 56_000)
