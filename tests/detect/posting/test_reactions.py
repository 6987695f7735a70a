"""The chance that listeners react: evidence of `emotion` that changes no score, absent where it is unknown."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest

from benchmarks.reactions.reaction_model import TRANSCRIBED
from schemas.documents.moments import Evidence, Moment, MomentList, SubScore
from schemas.options.project import ProjectOptions
from streams.detect.candidates.speech_windows import find_speech_windows
from streams.detect.features.project_baseline import read_baseline
from streams.detect.pipeline import find_moments
from streams.detect.posting import reactions
from streams.detect.posting.labels import LABELS
from streams.detect.posting.model import read_reaction_model
from streams.detect.posting.posting_features import WORDS, measure_posting_features
from streams.detect.posting.reactions import PART, UNIT, ReactionScorer
from streams.detect.requested_clips import measure_clip
from streams.detect.scoring import SCORER_NAME, measure_window
from streams.detect.timeline import build_timeline
from tests.detect.material_factory import LECTURE_MS, lecture_words, material, name_id, say, speech_levels

MODEL = read_reaction_model()


def lecture(language: str | None = "en", options: ProjectOptions | None = None) -> MomentList:
    words = lecture_words()
    known = material(words, LECTURE_MS, language=language, levels_db=speech_levels(words, LECTURE_MS))
    return find_moments(known, options or ProjectOptions(), name_id)


def emotion_of(moment: Moment) -> SubScore:
    return next(signal for signal in moment.signals if signal.name == "emotion")


def reactions_in(moment: Moment) -> dict[str, Evidence]:
    return {item.kind: item for signal in moment.signals for item in signal.evidence if item.part == PART}


def test_emotion_says_how_likely_listeners_react_and_what_is_usual() -> None:
    moments = lecture().moments
    chances = []
    for moment in moments:
        assert {item.part for item in emotion_of(moment).evidence} >= {PART}
        chance, usual = (reactions_in(moment)[kind] for kind in ("chance", "video_median"))
        assert chance.value is not None
        assert 0 < chance.value < 100
        assert (chance.unit, usual.unit, chance.share, usual.share) == (UNIT, UNIT, 0.0, 0.0)
        assert f"Listeners laughed or clapped at {chance.value:.0f} % of such passages" in emotion_of(moment).told
        chances.append(chance.value)
    assert len({reactions_in(moment)["video_median"].value for moment in moments}) == 1
    assert len(set(chances)) > len(moments) // 2


def test_the_sentence_names_what_moves_the_chance() -> None:
    causes = [emotion_of(moment).told.partition(" %): ")[2] for moment in lecture().moments]
    named = [text for text in causes if text]
    assert len(named) > len(causes) // 2
    assert all(any(words in text for words in LABELS.values()) for text in named)


def test_no_score_depends_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def scores(found: MomentList) -> list[tuple[str, float, int | None, list[float | None]]]:
        return [
            (str(moment.id), moment.score, moment.rank, [signal.effect for signal in moment.signals])
            for moment in found.moments
        ]

    asked = ProjectOptions(prompt="rotating wheels")
    with_it = scores(lecture()), scores(lecture(options=asked))
    monkeypatch.setattr(ReactionScorer, "add_evidence", lambda self, sub_scores, window, raw: list(sub_scores))
    assert (scores(lecture()), scores(lecture(options=asked))) == with_it


def test_a_requested_subject_has_it_too() -> None:
    found = lecture(options=ProjectOptions(prompt="rotating wheels"))
    assert found.scorer == SCORER_NAME
    assert found.moments
    assert all(reactions_in(moment) for moment in found.moments)


def test_another_language_has_none() -> None:
    assert not any(reactions_in(moment) for moment in lecture(language="nl").moments)


def test_a_recording_of_seconds_has_none() -> None:
    words = say("Nobody believed that three men could win this war. They were wrong, and I was afraid. ", 0)
    found = find_moments(material(words, words[-1].end_ms + 500), ProjectOptions(min_clip_ms=3_000), name_id)
    assert found.moments
    assert not any(reactions_in(moment) for moment in found.moments)


def test_a_requested_clip_has_the_evidence_of_its_moment() -> None:
    words = lecture_words()
    known = material(words, LECTURE_MS, levels_db=speech_levels(words, LECTURE_MS))
    moment = find_moments(known, ProjectOptions(), name_id).moments[0]
    clip = measure_clip(known, ProjectOptions(), moment.range, "")
    clip_emotion = next(signal for signal in clip.signals if signal.name == "emotion")
    assert [item for item in clip_emotion.evidence if item.part == PART] == list(reactions_in(moment).values())
    assert clip_emotion.told == emotion_of(moment).told


def test_a_window_alone_has_the_chance_that_it_has_among_others() -> None:
    timeline = build_timeline(material(lecture_words(), LECTURE_MS))
    baseline = read_baseline(timeline)
    windows = find_speech_windows(timeline, min_ms=15_000, max_ms=60_000)
    raws = [measure_window(window, timeline, baseline) for window in windows]
    features = measure_posting_features(windows, raws, timeline, baseline)
    scorer = ReactionScorer(timeline=timeline, baseline=baseline, windows=windows, features=features)
    among = scorer.measure_chance(windows[3], raws[3])
    scorer._rows.clear()
    alone = scorer.measure_chance(windows[3], raws[3])
    assert alone.chance == pytest.approx(among.chance, abs=1e-9)
    assert alone.rises == pytest.approx(among.rises, abs=1e-9)


def test_the_same_recording_has_the_same_bytes() -> None:
    assert msgspec.json.encode(lecture()) == msgspec.json.encode(lecture())


def test_the_model_sees_no_feature_of_the_transcribers() -> None:
    timeline = build_timeline(material(lecture_words(), LECTURE_MS))
    baseline = read_baseline(timeline)
    windows = find_speech_windows(timeline, min_ms=15_000, max_ms=60_000)
    raws = [measure_window(window, timeline, baseline) for window in windows]
    known = set(measure_posting_features(windows, raws, timeline, baseline)) - {WORDS}
    assert {feature.name for feature in MODEL.features} == known - set(TRANSCRIBED)


def test_the_card_names_the_model_that_ships() -> None:
    model_file = Path(reactions.__file__).with_name("reactions.json")
    card = Path(__file__).parents[3] / "docs" / "scoring.md"
    assert hashlib.sha256(model_file.read_bytes()).hexdigest() in card.read_text()
