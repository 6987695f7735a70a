"""How often the configured model would post what readers would, on labelled pairs.

It is asked in both orders, as the product asks.

``CLIPSTREAM_WRITER_URL=… CLIPSTREAM_WRITER_MODEL=… python -m benchmarks.posting.judge`` asks about 100 of the pairs
that are not held out (``--pairs`` for more, ``--budget`` for the most money; prices, key and limits are those of the
product's settings). ``--score`` adds what the product's own score prefers, for which Triton computes sentence vectors.
Without an endpoint it says so, measures nothing and ends with 2.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.posting.posting_labels import LabelledWindow, labelled_windows
from benchmarks.posting.posting_pairs import Pair, Place, place_of, read_choices, sample_pairs
from benchmarks.posting.posting_score import labelled_text, measure
from benchmarks.posting.posting_texts import read_texts
from benchmarks.ranking.score_measures import interval
from benchmarks.ranking.score_rig import spread
from core.infra.llm import OpenAiChat
from core.ports.models import Chat
from core.settings import JudgeRules, WriterRules, load_writing_rules
from schemas.common import TimeRange
from schemas.documents.intelligence import Cost
from streams.detect.judging.judge import FinalistJudge, KeptAnswers
from streams.detect.judging.window_text import WindowText, join_window_words

SEED = 20_261_125
PAIRS_COUNT = 100
CONCURRENT_COUNT = 4
"""Pairs that are asked about at once."""
ROUNDS = 2_000
NO_ENDPOINT = (
    "No endpoint is configured: set CLIPSTREAM_WRITER_URL and CLIPSTREAM_WRITER_MODEL. Nothing was asked, and nothing "
    "was measured."
)
NO_ENDPOINT_CODE = 2


class JudgedPair(msgspec.Struct, frozen=True, kw_only=True):
    """A pair, as the model judged it."""

    pair: Pair
    won: float | None
    """The first window's share: 1, 0, 0.5 where the order decided; None where no answer counts."""
    reason: str
    cost: Cost


def text_of(window: LabelledWindow) -> WindowText:
    """A labelled window as the model is shown it."""
    sentences = window.text.sentences[window.first : window.last + 1]
    words = [word for sentence in sentences for word in spread(sentence)]
    return join_window_words(TimeRange(start_ms=words[0].start_ms, end_ms=words[-1].end_ms), words, "en")


def draw_pairs(windows: Sequence[LabelledWindow], count: int) -> list[Pair]:
    """Draw ``count`` of the pairs that are not held out; ``windows`` are all, on which the sample rests."""
    pairs = [pair for pair in sample_pairs(windows) if not pair.is_held_out]
    return random.Random(SEED).sample(pairs, min(count, len(pairs)))


async def judge_pairs(
    chat: Chat, pairs: Sequence[Pair], writer: WriterRules, rules: JudgeRules, budget: float
) -> list[JudgedPair]:
    """Ask about each pair in both orders, within the budget of all: what goes beyond it is not asked."""
    places = asyncio.Semaphore(CONCURRENT_COUNT)
    spent = [0.0]

    async def ask(pair: Pair) -> JudgedPair:
        async with places:
            left_budget = min(rules.budget, budget - spent[0])
            judge = FinalistJudge(chat, msgspec.structs.replace(rules, budget=left_budget), writer)
            judgement = await judge.judge([text_of(pair.first), text_of(pair.second)], _keep_nothing, lambda _: None)
            spent[0] += judgement.cost.money
        won = judgement.comparisons[0].won if judgement.comparisons else None
        return JudgedPair(pair=pair, won=won, reason=judgement.reason, cost=judgement.cost)

    return list(await asyncio.gather(*map(ask, pairs)))


async def _keep_nothing(_: KeptAnswers) -> None:
    return


def prefers_longer(pair: Pair) -> float:
    """The first window's share by length alone."""
    first, second = (len(text_of(window).text) for window in (pair.first, pair.second))
    return 0.5 if first == second else float(first > second)


def score_places(windows: Sequence[LabelledWindow], media: Path) -> dict[Place, float]:
    """The product's score of each window of the texts; asks Triton for sentence vectors."""
    scores: dict[Place, float] = {}
    for _, group in itertools.groupby(windows, key=lambda window: window.text.name):
        of_text = list(group)
        measured = measure(of_text[0].text.kind, labelled_text(of_text, media))
        scores |= dict(zip(map(place_of, of_text), measured.scores, strict=True))
    return scores


def agree(share: float, pair: Pair, posted: Place) -> float:
    """How far a share agrees with a reader's choice: a draw counts half."""
    return share if posted == place_of(pair.first) else 1.0 - share


def agreement_line(name: str, pairs: Sequence[Pair], shares: Sequence[float], posted: Sequence[Place]) -> str:
    """Share of the choices that agree, with an interval that draws texts."""
    if not pairs:
        return f"  {name}: no pair"
    values = np.array([agree(*case) for case in zip(shares, pairs, posted, strict=True)])
    names = np.array([pair.first.text.name for pair in pairs])
    groups = [np.flatnonzero(names == text) for text in sorted(set(names))]
    draw = np.random.default_rng(SEED)
    rounds = []
    for _ in range(ROUNDS):
        picked = np.concatenate([groups[at] for at in draw.integers(0, len(groups), size=len(groups))])
        rounds.append(float(values[picked].mean()))
    low, high = interval(rounds)
    return f"  {name}: {values.mean():.0%} [{low:.0%}, {high:.0%}] of {len(values)}"


def report(model: str, judged: Sequence[JudgedPair], scores: dict[Place, float] | None) -> Iterator[str]:
    """All lines."""
    counted = [result for result in judged if result.won is not None]
    drawn = sum(result.won == 0.5 for result in counted)
    calls, money = sum(result.cost.calls for result in judged), sum(result.cost.money for result in judged)
    tokens = [sum(getattr(result.cost, name) for result in judged) for name in ("tokens_in", "tokens_out")]
    yield f"{model}: {len(counted)} of {len(judged)} pairs count, {drawn} of them decided by the order of the two"
    yield f"  {calls} calls, {tokens[0]} tokens in, {tokens[1]} out, money {money:.4f}"
    for reason, count in Counter(result.reason for result in judged if result.won is None).most_common():
        yield f"  {count} do not count: {reason}"
    by_reader = {reader: read_choices(reader) for reader in ("a", "b")}
    for same_text in (True, False):
        group = [
            result for result in counted if (result.pair.first.text.name == result.pair.second.text.name) == same_text
        ]
        yield f"pairs of {'one text' if same_text else 'two texts'}: choice agrees with both readers, where they agree"
        keys = [frozenset((place_of(result.pair.first), place_of(result.pair.second))) for result in group]
        agreed = [
            (result, by_reader["a"][key])
            for result, key in zip(group, keys, strict=True)
            if by_reader["a"][key] == by_reader["b"][key]
        ]
        pairs, posted = [result.pair for result, _ in agreed], [choice for _, choice in agreed]
        yield agreement_line(model, pairs, [result.won or 0.0 for result, _ in agreed], posted)
        yield agreement_line("the longer one", pairs, [prefers_longer(pair) for pair in pairs], posted)
        if scores is not None:
            yield agreement_line("the product's score", pairs, [_by_score(pair, scores) for pair in pairs], posted)
        if group:
            yield f"  the two readers with each other: {len(agreed) / len(group):.0%} of {len(group)}"


def _by_score(pair: Pair, scores: dict[Place, float]) -> float:
    first, second = scores[place_of(pair.first)], scores[place_of(pair.second)]
    return 0.5 if first == second else float(first > second)


async def measure_model(
    pairs: Sequence[Pair], writer: WriterRules, rules: JudgeRules, budget: float
) -> list[JudgedPair]:
    """Ask the configured endpoint about the pairs."""
    chat = OpenAiChat(
        url=writer.url, model=writer.model, key=writer.key, timeout_s=writer.timeout_s, most_tokens=rules.output_tokens
    )
    try:
        return await judge_pairs(chat, pairs, writer, rules, budget)
    finally:
        await chat.close()


def main() -> int:
    """Ask about the pairs and print the report, or that no endpoint is configured."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    parser.add_argument("--pairs", type=int, default=PAIRS_COUNT, help="number of pairs, two calls each")
    parser.add_argument("--budget", type=float, default=2.0, help="most money, by the prices in the settings")
    parser.add_argument(
        "--score", action="store_true", help="compare with the product's score; asks Triton for sentence vectors"
    )
    options = parser.parse_args()
    writer, rules = load_writing_rules(os.environ)
    if not writer.url or not writer.model:
        print(NO_ENDPOINT)
        return NO_ENDPOINT_CODE
    texts = read_texts(options.media)
    in_view = labelled_windows(texts, held_out=False)
    pairs = draw_pairs([*in_view, *labelled_windows(texts, held_out=True)], options.pairs)
    judged = asyncio.run(measure_model(pairs, writer, rules, options.budget))
    names = {window.text.name for pair in pairs for window in (pair.first, pair.second)}
    scored = [window for window in in_view if window.text.name in names]
    print("\n".join(report(writer.model, judged, score_places(scored, options.media) if options.score else None)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
