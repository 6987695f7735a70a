"""The sub-score ``judged``: its effect is bounded and adds up, its evidence is quoted, the clips follow it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

import pytest

from core.settings import JudgeRules
from schemas.documents import encode_document
from schemas.documents.intelligence import Cost
from schemas.documents.moments import Moment, MomentList
from schemas.options.project import ProjectOptions
from streams.detect.judging.judge import FinalistJudge, Judgement, KeptAnswers
from streams.detect.judging.sub_score import (
    JUDGED,
    MAX_LOG_ODDS,
    MAX_POINTS,
    JudgedFinalists,
    add_to_mean,
    build_judged,
)
from streams.detect.pipeline import MAX_EXTRA_FINALISTS, ScoredProject, choose_moments, score_project
from streams.detect.posting.model import read_posting_model
from streams.detect.scoring import SCORER_NAME
from tests.detect.judging.fakes import RULES, WRITER, FakeChat, answer, windows
from tests.detect.material_factory import LECTURE_MS, lecture_words, material, name_id, speech_levels

Taste = Callable[[str], float]


def lecture(language: str | None = "en", options: ProjectOptions | None = None) -> ScoredProject:
    words = lecture_words()
    known = material(words, LECTURE_MS, language=language, levels_db=speech_levels(words, LECTURE_MS))
    return score_project(known, options or ProjectOptions())


def judge(project: ScoredProject, taste: Taste, rules: JudgeRules = RULES) -> JudgedFinalists:
    """The finalists, judged by a model that prefers the text with more of ``taste``."""

    async def keep(answers: KeptAnswers) -> None:
        return

    def prefer(first: str, second: str) -> str:
        return answer(first, second, 1 if taste(first) > taste(second) else 2)

    texts = project.list_texts()
    judgement = asyncio.run(FinalistJudge(FakeChat(prefer), rules, WRITER).judge(texts, keep, lambda _: None))
    return build_judged(texts, judgement, "fake")


def clips_of(found: MomentList) -> list[Moment]:
    return sorted((moment for moment in found.moments if moment.selected), key=lambda moment: moment.rank or 0)


def latest_first(project: ScoredProject) -> Taste:
    return {text.text: float(text.range.start_ms) for text in project.list_texts()}.__getitem__


def test_finalists_are_the_clips_and_a_few_more() -> None:
    project = lecture(options=ProjectOptions(max_clips=2))
    finalists = [window.range for window in project.list_finalists()]
    clips = [clip.range for clip in clips_of(choose_moments(project, name_id))]
    assert set(clips) <= set(finalists)
    assert len(clips) < len(finalists) <= len(clips) + MAX_EXTRA_FINALISTS


def test_the_effects_add_up_to_the_score() -> None:
    project, model = lecture(), read_posting_model()
    found = choose_moments(project, name_id, judge(project, latest_first(project)))
    assert found.scorer == f"{model.name}+{JUDGED}"
    judged = 0
    for moment in found.moments:
        log_odds = model.intercept + sum(signal.effect or 0.0 for signal in moment.signals)
        assert moment.score == pytest.approx(100 / (1 + math.exp(-log_odds)), abs=0.02)
        for signal in moment.signals:
            if signal.name == JUDGED:
                judged += 1
                assert signal.effect is not None
                assert abs(signal.effect) <= MAX_LOG_ODDS
                assert signal.effect == pytest.approx(MAX_LOG_ODDS * (2 * signal.value - 1), abs=0.0001)
    assert judged == len(project.list_finalists())


def test_a_weighted_mean_gets_points_and_keeps_its_weights() -> None:
    project = lecture(language="nl")
    plain = {moment.id: moment for moment in choose_moments(project, name_id).moments}
    found = choose_moments(project, name_id, judge(project, latest_first(project)))
    assert found.scorer == f"{SCORER_NAME}+{JUDGED}"
    moved = 0
    for moment in found.moments:
        effect = sum(signal.effect or 0.0 for signal in moment.signals)
        mean = 100 * sum(signal.value * signal.weight for signal in moment.signals)
        assert moment.score == pytest.approx(mean + effect, abs=0.02)
        assert moment.score == pytest.approx(plain[moment.id].score + effect, abs=0.01)
        assert abs(effect) <= MAX_POINTS
        moved += effect != 0
    assert moved > 1


@pytest.mark.parametrize(("mean", "added"), [(99.0, 1.0), (50.0, 8.0)])
def test_points_stay_within_a_hundred(mean: float, added: float) -> None:
    judged = judge(lecture(), len).sub_scores
    best = max(judged.values(), key=lambda sub_score: sub_score.value)
    lifted = add_to_mean(best, mean)
    assert lifted.effect is not None
    assert mean + lifted.effect <= 100.0
    assert 0 < lifted.effect <= added


def test_the_preferred_come_before_the_others() -> None:
    project = lecture(options=ProjectOptions(max_clips=2))
    finalists = project.list_finalists()
    texts = {text.range: text.text for text in project.list_texts()}
    places = {texts[window.range]: float(place) for place, window in enumerate(finalists)}
    plain = choose_moments(project, name_id)
    found = choose_moments(project, name_id, judge(project, places.__getitem__))
    assert {clip.range for clip in clips_of(found)} != {clip.range for clip in clips_of(plain)}
    before, after = ({moment.range: moment.score for moment in each.moments} for each in (plain, found))
    last = finalists[-1].range
    assert after[last] > before[last]
    assert after[finalists[0].range] < before[finalists[0].range]


def test_its_evidence_is_quoted_with_its_opponents() -> None:
    project = lecture()
    found = choose_moments(project, name_id, judge(project, latest_first(project)))
    texts = {(text.range.start_ms, text.range.end_ms): text.text for text in project.list_texts()}
    for moment in found.moments:
        for signal in moment.signals:
            if signal.name != JUDGED:
                continue
            assert signal.told.startswith("fake preferred it in ")
            own, opponents = signal.evidence[::2], signal.evidence[1::2]
            assert len(own) == len(opponents) == len(texts) - 1, "few finalists all meet"
            for quote, opponent in zip(own, opponents, strict=True):
                assert quote.kind in ("preferred", "not_preferred")
                assert quote.text in moment.text
                assert moment.range.start_ms <= quote.start_ms < quote.end_ms <= moment.range.end_ms
                assert opponent.kind == "opponent"
                assert opponent.text in texts[opponent.start_ms, opponent.end_ms]


def test_title_and_reason_are_those_of_what_was_measured() -> None:
    project = lecture()
    plain = {moment.id: moment for moment in choose_moments(project, name_id).moments}
    for moment in choose_moments(project, name_id, judge(project, len)).moments:
        before = plain[moment.id]
        assert (moment.title, moment.reason, moment.hook) == (before.title, before.reason, before.hook)


def test_no_clip_is_taken_that_the_model_did_not_see() -> None:
    project = lecture()
    finalists = {window.range for window in project.list_finalists()}
    found = choose_moments(project, name_id, judge(project, lambda text: -len(text)))
    assert {clip.range for clip in clips_of(found)} <= finalists
    left = [lack.what for moment in found.moments for lack in moment.lacks if moment.range not in finalists]
    assert set(left) <= {"score", "near_best", "support", "overlap", "alike", "judged"}


def test_the_same_answers_give_the_same_bytes() -> None:
    documents = []
    for _ in range(2):
        project = lecture()
        documents.append(encode_document(choose_moments(project, name_id, judge(project, latest_first(project)))))
    assert documents[0] == documents[1]


def test_a_judgement_that_is_not_usable_changes_no_score() -> None:
    project = lecture()
    texts = project.list_texts()
    nothing = Judgement(planned_count=6, comparisons=[], cost=Cost(calls=3), reason="the model declined: it refused")
    judged = build_judged(texts, nothing, "fake")
    assert list(judged.warnings) == ["moments: fake did not judge the finalists: the model declined: it refused."]
    plain, found = choose_moments(project, name_id), choose_moments(project, name_id, judged)
    assert (found.moments, found.scorer) == (plain.moments, plain.scorer)
    assert found.judging is not None
    assert (found.judging.used, found.judging.cost.calls) == (False, 3)
    assert plain.judging is None


def test_what_was_left_out_is_a_warning() -> None:
    texts = windows(4)

    async def keep(answers: KeptAnswers) -> None:
        return

    def prefer(first: str, second: str) -> str:
        posted = 1 if first > second else 2
        is_void = {"0", "1"} == {text.split("number ")[1][0] for text in (first, second)}
        return answer(first, second, posted, **({"quote_1": "never said by anybody"} if is_void else {}))

    judgement = asyncio.run(FinalistJudge(FakeChat(prefer), RULES, WRITER).judge(texts, keep, lambda _: None))
    judged = build_judged(texts, judgement, "fake", hidden_count=1)
    assert list(judged.warnings) == [
        "moments: 1 of 6 comparisons by fake do not count: a quote is not in its window.",
        "moments: 1 finalist was not shown to fake: the words read like orders to a model.",
    ]
    assert (
        judged.sub_scores[texts[0].range].told
        == "fake preferred it in 0 of 2 comparisons with other finalists (2 lost)."
    )
    assert judged.sub_scores[texts[0].range].confidence == pytest.approx(0.9 * 2 / 3, abs=0.001)
