"""Sub-scores: between 0 and 1 with evidence that adds up, or absent; weights renormalise; nothing has a default."""

from __future__ import annotations

from collections import defaultdict

import pytest

from schemas.common import TimeRange
from schemas.documents.moments import SubScore
from schemas.options.score_weights import SUB_SCORES, broken_weights, default_weights
from streams.detect.candidates.speech_windows import find_speech_windows
from streams.detect.features.base import FeatureValue, blend_features, number_evidence, percentile_rank
from streams.detect.features.project_baseline import read_baseline
from streams.detect.scoring import (
    FEATURES,
    RawScores,
    ScoreScale,
    build_scales,
    compute_confidence,
    compute_score,
    measure_window,
    measure_word_certainty,
    weigh_sub_scores,
)
from streams.detect.timeline import ProjectTimeline, build_timeline
from streams.detect.window import CandidateWindow
from tests.detect.material_factory import LECTURE_MS, lecture_words, material, picture, say, speech_levels

TABLE = default_weights().weights_of("none", spoken=True)


def lecture(*, sound: bool = True, pictures: bool = True, language: str | None = "en") -> ProjectTimeline:
    words = lecture_words()
    looked = [picture(at, 0.05, 70.0 if at < 60_000 else None) for at in range(0, LECTURE_MS, 1_000)]
    levels = speech_levels(words, LECTURE_MS) if sound else None
    shown = looked if pictures else None
    return build_timeline(
        material(words, LECTURE_MS, language=language, levels_db=levels, pictures=shown, cuts_ms=[20_000, 40_000])
    )


def measured(timeline: ProjectTimeline) -> list[tuple[CandidateWindow, RawScores]]:
    whole = read_baseline(timeline)
    windows = find_speech_windows(timeline, min_ms=15_000, max_ms=60_000)
    return [(window, measure_window(window, timeline, whole)) for window in windows]


def scored(timeline: ProjectTimeline) -> list[tuple[CandidateWindow, dict[str, SubScore]]]:
    raws = measured(timeline)
    scale = build_scales([raw for _, raw in raws])
    return [
        (
            window,
            {one.name: one for one in weigh_sub_scores(raw, scale, TABLE, measure_word_certainty(window, timeline))},
        )
        for window, raw in raws
    ]


def parts(signal: SubScore) -> set[str]:
    return {one.part for one in signal.evidence}


def test_every_sub_score_lies_between_0_and_1_with_evidence() -> None:
    for _, signals in scored(lecture()):
        assert set(SUB_SCORES) - set(signals) <= {
            "speaker_changes",
            "asked",
            "coherence",
        }  # two sentences do not cohere
        assert sum(signal.weight for signal in signals.values()) == pytest.approx(1, abs=0.001)
        for signal in signals.values():
            assert 0 <= signal.value <= 1
            assert signal.raw is not None
            assert signal.confidence is not None
            assert 0 < signal.confidence <= 1
            assert signal.told.endswith((".", "…"))
            assert all(one.text or one.value is not None for one in signal.evidence)


def test_the_shares_of_the_features_sum_to_the_sub_score() -> None:
    for _, signals in scored(lecture()):
        for signal in signals.values():
            shares: dict[str, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
            for one in signal.evidence:
                assert one.share is not None
                assert one.strength is not None
                shares[one.part] = (one.share, one.strength)
            assert sum(share for share, _ in shares.values()) == pytest.approx(1 if signal.raw else 0, abs=0.002)
            total = sum(FEATURES[signal.name][part] for part in shares)  # type: ignore[index]
            made = sum(FEATURES[signal.name][part] * strength for part, (_, strength) in shares.items())  # type: ignore[index]
            assert signal.raw == pytest.approx(made / total, abs=0.001)


def test_unmeasured_features_are_absent_and_lower_confidence() -> None:
    full, deaf, blind = lecture(), lecture(sound=False), lecture(pictures=False)
    foreign = lecture(language="nl")
    (window, all_signals), (_, unheard) = scored(full)[0], scored(deaf)[0]
    (_, unseen), (_, unread) = scored(blind)[0], scored(foreign)[0]
    assert "energy" not in unheard
    assert "no_dead_air" not in parts(unheard["clarity"])
    assert set(all_signals) - set(unseen) == {"picture"}
    assert "emotion" not in unread  # neither lists nor examples in that language
    assert "density" not in parts(unread["novelty"])
    sure = compute_confidence(window, full, list(all_signals.values()), TABLE)
    for timeline, signals in ((deaf, unheard), (blind, unseen), (foreign, unread)):
        assert compute_confidence(window, timeline, list(signals.values()), TABLE) < sure


def test_weights_renormalise_over_measured_sub_scores() -> None:
    raw: RawScores = {"hook": FeatureValue(value=1.0, evidence=[]), "emotion": FeatureValue(value=0.0, evidence=[])}
    signals = weigh_sub_scores(raw, {}, {"hook": 0.2, "emotion": 0.1, "energy": 0.7})
    assert sum(signal.weight for signal in signals) == pytest.approx(1, abs=0.001)
    assert compute_score(signals) == pytest.approx(100 * 0.2 / 0.3, abs=0.02)


def test_a_sub_score_without_weight_is_not_shown() -> None:
    raw: RawScores = {
        "hook": FeatureValue(value=1.0, evidence=[]),
        "speaker_changes": FeatureValue(value=0.5, evidence=[]),
    }
    talk = default_weights().weights_of("talk", spoken=True)
    assert [signal.name for signal in weigh_sub_scores(raw, {}, talk)] == ["hook"]


def test_a_window_without_signals_has_no_score() -> None:
    with pytest.raises(ValueError, match="no score"):
        compute_score([])


def test_weights_of_each_genre_sum_to_one() -> None:
    table = default_weights()
    assert not broken_weights(table)
    for weights in table.genres.values():
        assert sum(weight for name, weight in weights.items() if name != "asked") == pytest.approx(1)


def test_features_of_a_sub_score_are_shares() -> None:
    assert all(sum(features.values()) == pytest.approx(1) for features in FEATURES.values())


def test_a_middling_window_is_half_and_like_windows_stay_alike() -> None:
    scale = ScoreScale(median=0.3, spread=0.4)
    assert scale.normalise(0.3) == 0.5
    assert scale.normalise(0.5) == 1.0
    alike: list[RawScores] = [{"hook": FeatureValue(value=0.5 + at / 1000, evidence=[])} for at in range(9)]
    assert build_scales(alike)["hook"].normalise(0.508) < 0.52
    assert build_scales(alike[:7]) == {}


def test_a_blend_leaves_out_missing_features_and_says_so() -> None:
    part = TimeRange(start_ms=0, end_ms=1)
    one = FeatureValue(value=0.6, evidence=[number_evidence("x", part, 1, "s")])
    found = blend_features({"a": one, "b": None}, {"a": 0.25, "b": 0.75})
    assert found is not None
    assert (found.value, found.measured, found.evidence[0].share) == (0.6, 0.25, 1.0)
    assert blend_features({"a": None}, {"a": 1.0}) is None


def test_faces_count_pictures_and_size() -> None:
    by_start = {window.range.start_ms: signals for window, signals in scored(lecture())}
    early, late = by_start[min(by_start)]["picture"], by_start[max(by_start)]["picture"]
    strengths = [next(one.strength for one in signal.evidence if one.part == "faces") for signal in (early, late)]
    assert strengths == [1.0, 0.0]
    assert next(one.unit for one in early.evidence if one.part == "faces") == "% of the pictures"


def test_level_sound_has_no_louder_part() -> None:
    timeline = lecture()
    flat = build_timeline(material(lecture_words(), LECTURE_MS, levels_db=[-20.0] * (LECTURE_MS // 100)))
    assert {"level", "dynamics"} <= parts(scored(timeline)[0][1]["energy"])
    assert not {"level", "dynamics"} & parts(scored(flat)[0][1]["energy"])


def test_a_range_that_is_given_up_lowers_confidence() -> None:
    timeline = lecture()
    window, signals = scored(timeline)[0]
    lost = ProjectTimeline(**{**timeline.__dict__, "missing": [TimeRange(start_ms=0, end_ms=window.range.end_ms)]})
    assert compute_confidence(window, lost, list(signals.values()), TABLE) == 0


def test_a_percentile_needs_other_values() -> None:
    assert percentile_rank(2, [1, 2, 3]) == 0.5
    with pytest.raises(ValueError, match="compare"):
        percentile_rank(2, [])


def opening(text: str) -> float:
    plain = "They walked along the quiet road for many hours. " * 5
    _, raw = measured(build_timeline(material(say(text + plain, 0), 25_000)))[0]
    return next(one.strength or 0.0 for one in raw["hook"].evidence if one.part == "opening")


def test_greetings_and_housekeeping_do_not_hook() -> None:
    greeting = opening("Thank you, everyone, and welcome to our 3 best stories. ")
    assert greeting < 0.5 * opening("Nobody believed that 3 men could win this war. ")


def test_a_hook_that_comes_late_counts_half() -> None:
    late = opening("They walked along the quiet road for many long hours nobody. ")
    assert 0 < late < opening("Nobody walked along the quiet road for many long hours then. ")


def test_turns_count_only_between_known_speakers() -> None:
    words = [
        type(word)(**{**{name: getattr(word, name) for name in word.__struct_fields__}, "speaker": "AB"[at // 10 % 2]})
        for at, word in enumerate(say("Ten words are said by each of them in turn. " * 12, 0))
    ]
    (_, raw), *_ = measured(build_timeline(material(words, 45_000)))
    assert raw["speaker_changes"].value > 0
    (_, alone), *_ = measured(
        build_timeline(material(say("Ten words are said by each of them in turn. " * 12, 0), 45_000))
    )
    assert "speaker_changes" not in alone
