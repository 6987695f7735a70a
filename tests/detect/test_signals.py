"""Signals: each is between 0 and 1 with evidence, or absent; weights renormalise; nothing has a default."""

from __future__ import annotations

import pytest

from schemas.documents import SubScore
from schemas.media import TimeRange
from streams.detect.measured import Measured, rank_in
from streams.detect.signals import WEIGHTS, confidence_of, measure, read_whole, score_of, weighted
from streams.detect.timeline import Timeline, gather
from streams.detect.windows import Window, spoken_windows
from tests.detect.material_factory import LECTURE_MS, lecture_words, material, picture, say, speech_levels


def lecture(*, sound: bool = True, pictures: bool = True, language: str | None = "en") -> Timeline:
    words = lecture_words()
    looked = [picture(at, 0.05, 70.0 if at < 60_000 else None) for at in range(0, LECTURE_MS, 1_000)]
    levels = speech_levels(words, LECTURE_MS) if sound else None
    shown = looked if pictures else None
    return gather(
        material(words, LECTURE_MS, language=language, levels_db=levels, pictures=shown, cuts_ms=[20_000, 40_000])
    )


def scored(timeline: Timeline) -> list[tuple[Window, dict[str, SubScore]]]:
    whole = read_whole(timeline)
    windows = spoken_windows(timeline, min_ms=15_000, max_ms=60_000)
    return [(window, {signal.name: signal for signal in measure(window, timeline, whole)}) for window in windows]


def test_every_signal_lies_between_0_and_1_and_says_why() -> None:
    for _, signals in scored(lecture()):
        assert set(WEIGHTS) - set(signals) <= {"payoff"}
        assert sum(signal.weight for signal in signals.values()) == pytest.approx(1, abs=0.001)
        for signal in signals.values():
            assert 0 <= signal.value <= 1
            assert signal.evidence
            assert all(one.text or one.value is not None for one in signal.evidence)


def test_a_signal_that_cannot_be_measured_is_absent_and_confidence_falls() -> None:
    full, deaf, blind = lecture(), lecture(sound=False), lecture(pictures=False)
    foreign = lecture(language="nl")
    (window, all_signals), (_, unheard) = scored(full)[0], scored(deaf)[0]
    (_, unseen), (_, unread) = scored(blind)[0], scored(foreign)[0]
    assert set(all_signals) - set(unheard) == {"energy", "dynamics", "pace", "dead_air"}
    assert set(all_signals) - set(unseen) == {"faces", "cuts", "motion"}
    assert set(all_signals) - set(unread) >= {"density", "emotion", "quotability", "payoff"}
    for timeline, signals in ((deaf, unheard), (blind, unseen), (foreign, unread)):
        sure = confidence_of(window, full, list(all_signals.values()))
        assert confidence_of(window, timeline, list(signals.values())) < sure


def test_weights_renormalise_over_what_was_measured() -> None:
    signals = weighted({"hook": Measured(value=1.0, evidence=[]), "emotion": Measured(value=0.0, evidence=[])})
    assert sum(signal.weight for signal in signals) == pytest.approx(1)
    assert score_of(signals) == pytest.approx(100 * 0.2 / 0.3, abs=0.01)


def test_no_signal_is_no_score() -> None:
    with pytest.raises(ValueError, match="no score"):
        score_of([])


def test_the_table_of_weights_sums_to_one() -> None:
    assert sum(WEIGHTS.values()) == pytest.approx(1)


def test_faces_count_pictures_and_size() -> None:
    by_start = {window.range.start_ms: signals for window, signals in scored(lecture())}
    early, late = by_start[min(by_start)], by_start[max(by_start)]
    assert early["faces"].value == 1.0
    assert late["faces"].value == 0.0
    assert early["faces"].evidence[0].unit == "% of the pictures"


def test_level_sound_has_no_louder_part() -> None:
    timeline = lecture()
    flat = gather(material(lecture_words(), LECTURE_MS, levels_db=[-20.0] * (LECTURE_MS // 100)))
    assert "energy" in scored(timeline)[0][1]
    assert not {"energy", "dynamics"} & set(scored(flat)[0][1])


def test_a_given_up_stretch_lowers_confidence() -> None:
    timeline = lecture()
    window, signals = scored(timeline)[0]
    lost = Timeline(**{**timeline.__dict__, "missing": [TimeRange(start_ms=0, end_ms=window.range.end_ms)]})
    assert confidence_of(window, lost, list(signals.values())) == 0


def test_a_percentile_needs_others() -> None:
    assert rank_in(2, [1, 2, 3]) == 0.5
    with pytest.raises(ValueError, match="compare"):
        rank_in(2, [])


def test_greetings_and_housekeeping_are_no_hook_and_no_quote() -> None:
    greeting = "Thank you, everyone, and welcome to our 3 best stories. "
    story = "Nobody believed that 3 men could win this war. "
    plain = "They walked along the quiet road for many hours. " * 5
    signals = [
        scored(gather(material(say(opening + plain, 0), 25_000)))[0][1]["hook"].value for opening in (greeting, story)
    ]
    assert signals[0] < 0.5 * signals[1]
