"""The sub-score ``judged`` of the finalists, its evidence, and what it adds to a score. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from schemas.common import TimeRange
from schemas.documents.moments import Evidence, Judging, SubScore
from streams.detect.judging.judge import Comparison, Judgement
from streams.detect.judging.strength import measure_strengths
from streams.detect.judging.window_text import WindowText

JUDGED = "judged"
"""Name of the sub-score."""
MAX_LOG_ODDS = 1.0
"""Most log-odds that the judgement adds to a chance or takes from it: 50 becomes 27 to 73, and no further."""
MAX_POINTS = 10.0
"""Most points that it adds to a weighted mean or takes from it."""
PART = "comparison"
_DIGITS = 4


@dataclass(frozen=True, kw_only=True)
class JudgedFinalists:
    """The finalists' sub-scores by range, and how they came about."""

    sub_scores: Mapping[TimeRange, SubScore]
    """Empty where the judgement is not used."""
    judging: Judging
    warnings: Sequence[str] = ()


def build_judged(
    texts: Sequence[WindowText], judgement: Judgement, model: str, *, hidden_count: int = 0
) -> JudgedFinalists:
    """Build the sub-scores of the windows that were compared.

    ``hidden_count`` are finalists that were not shown to the model.
    """
    comparisons = judgement.comparisons if judgement.is_usable else ()
    outcomes = [comparison.outcome for comparison in comparisons]
    strengths = measure_strengths(len(texts), outcomes)
    planned_per_finalist = 2 * judgement.planned_count / max(1, len(texts))
    sub_scores: dict[TimeRange, SubScore] = {}
    for place, text in enumerate(texts):
        if own_comparisons := [comparison for comparison in comparisons if place in comparison.places]:
            sub_scores[text.range] = _build_sub_score(
                place, strengths[place], own_comparisons, texts, model, planned_per_finalist
            )
    judging = Judging(
        model=model,
        used=judgement.is_usable,
        finalists=len(texts),
        hidden=hidden_count,
        comparisons=judgement.planned_count,
        counted=len(judgement.comparisons),
        drawn=sum(comparison.won == 0.5 for comparison in judgement.comparisons),
        reason=judgement.reason,
        cost=judgement.cost,
    )
    return JudgedFinalists(sub_scores=sub_scores, judging=judging, warnings=_list_warnings(judging))


def _build_sub_score(
    place: int,
    strength: float,
    comparisons: Sequence[Comparison],
    texts: Sequence[WindowText],
    model: str,
    planned_count: float,
) -> SubScore:
    shares = [comparison.share_of(place) for comparison in comparisons]
    evidence = [item for comparison in comparisons for item in _list_evidence(place, comparison, texts, strength)]
    won, lost, drawn = (sum(share == value for share in shares) for value in (1.0, 0.0, 0.5))
    summary = f"{model} preferred it in {won} of {len(shares)} comparisons with other finalists"
    details = [f"{lost} lost" * bool(lost), f"{drawn} undecided" * bool(drawn)]
    more = ", ".join(filter(None, details))
    return SubScore(
        name=JUDGED,
        value=strength,
        weight=0.0,
        evidence=evidence,
        raw=round(sum(shares) / len(shares), _DIGITS),
        confidence=round(min(1.0, len(shares) / planned_count) * texts[place].certainty, _DIGITS),
        told=f"{summary} ({more})." if more else f"{summary}.",
    )


def _list_evidence(place: int, comparison: Comparison, texts: Sequence[WindowText], strength: float) -> list[Evidence]:
    """List the window's own words in a comparison, and those of its opponent."""
    own_quote, other_quote, opponent = comparison.first_quote, comparison.second_quote, texts[comparison.second].range
    if place == comparison.second:
        own_quote, other_quote, opponent = other_quote, own_quote, texts[comparison.first].range
    share = comparison.share_of(place)
    return [
        Evidence(
            kind="preferred" if share == 1.0 else "undecided" if share == 0.5 else "not_preferred",
            start_ms=own_quote.range.start_ms,
            end_ms=own_quote.range.end_ms,
            text=own_quote.text,
            value=share,
            part=PART,
            strength=strength,
            share=1.0,
        ),
        Evidence(kind="opponent", start_ms=opponent.start_ms, end_ms=opponent.end_ms, text=other_quote.text, part=PART),
    ]


def _list_warnings(judging: Judging) -> list[str]:
    """Say of each thing that was left out that it was, and why."""
    warnings = []
    missing_count = judging.comparisons - judging.counted
    if not judging.used:
        warnings.append(f"moments: {judging.model} did not judge the finalists: {judging.reason}.")
    elif missing_count:
        warnings.append(
            f"moments: {missing_count} of {judging.comparisons} comparisons by {judging.model} do not count: "
            f"{judging.reason}."
        )
    return [*warnings, *list_hidden_warnings(judging)]


def list_hidden_warnings(judging: Judging) -> list[str]:
    """Say how many finalists the model was not shown, and why."""
    if not judging.hidden:
        return []
    noun = "finalist was" if judging.hidden == 1 else "finalists were"
    return [f"moments: {judging.hidden} {noun} not shown to {judging.model}: the words read like orders to a model."]


def add_to_chance(sub_score: SubScore) -> SubScore:
    """Give the sub-score its effect on the log-odds of a chance."""
    return msgspec.structs.replace(sub_score, effect=_scale(sub_score.value, MAX_LOG_ODDS))


def add_to_mean(sub_score: SubScore, mean: float) -> SubScore:
    """Give the sub-score its effect on a weighted mean, in points; the sum stays within 0 to 100."""
    wanted_score = min(100.0, max(0.0, mean + _scale(sub_score.value, MAX_POINTS)))
    return msgspec.structs.replace(sub_score, effect=round(wanted_score - mean, _DIGITS))


def _scale(value: float, most: float) -> float:
    return round(most * (2.0 * value - 1.0), _DIGITS)
