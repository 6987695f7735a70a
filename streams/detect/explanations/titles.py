"""Title, hook line and description of a clip, in its own words. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.domain.text.quotes.rated_quotes import RatedQuote, as_title, fits_title, rate_quotes, value_title
from core.infra.english_parser import parse_english
from schemas.documents.moments import SubScore
from streams.detect.explanations.clip_quotes import list_spoken, read_clip_context
from streams.detect.explanations.hashtags import choose_hashtags
from streams.detect.explanations.reasons import title_from_sentence, title_from_signals
from streams.detect.features.base import shorten_text
from streams.detect.features.project_baseline import ProjectBaseline
from streams.detect.features.semantic import locate_sentences
from streams.detect.features.text import HOOK_MS, choose_best_sentence
from streams.detect.timeline import ProjectTimeline
from streams.detect.window import CandidateWindow

MAX_HOOK_CHARS = 110
"""Longest hook line."""
MAX_DESCRIPTION_CHARS = 220
"""Longest description."""
DESCRIPTION_SENTENCE_COUNT = 2
"""Sentences of a description."""
OPENING_RATIO = 1 / 2
"""Share of a clip in which its hook line is said."""
MAX_CHOICES = 8
"""Quotes of each use that are weighed together."""
REPEAT_LOSS_SCORE = 0.1
"""Cost of the same words in two places; that of a wording that fails is about 1."""
KINSHIP_RATIO = 0.5
"""Share of its own risk that a second quote of the same sentence still has where the first one stands alone."""
SURE_LOG_ODDS = 1.4
"""Log-odds from which a second sentence is added to a description: four of five stand alone."""
FULL_DESCRIPTION_CHARS = 100
"""Length from which a description says enough."""


@dataclass(frozen=True, kw_only=True)
class ClipWording:
    """Title, hook, description and hashtags of a clip."""

    title: str
    hook: str = ""
    description: str = ""
    hashtags: Sequence[str] = ()


def write_wording(
    window: CandidateWindow, timeline: ProjectTimeline, baseline: ProjectBaseline, signals: Sequence[SubScore]
) -> ClipWording:
    """Write the wording of a window; one without words only has a title, from what stands out in it."""
    if not window.sentences:
        return ClipWording(title=title_from_signals(window.range.start_ms, signals))
    hashtags = choose_hashtags(window, timeline, baseline)
    choices = _rate_quotes(window, timeline, baseline)
    if not choices:
        return ClipWording(
            title=title_from_sentence(choose_best_sentence(window, baseline.facts)),
            hook=_cut_hook(window, baseline),
            description=_cut_description(window, baseline),
            hashtags=hashtags,
        )
    title, hook, description = _choose_together(choices, window, baseline)
    return ClipWording(
        title=as_title(title.text) if title else title_from_sentence(choose_best_sentence(window, baseline.facts)),
        hook=hook.text if hook else _cut_hook(window, baseline),
        description=_lengthen(description, choices) if description else _cut_description(window, baseline),
        hashtags=hashtags,
    )


def _rate_quotes(window: CandidateWindow, timeline: ProjectTimeline, baseline: ProjectBaseline) -> list[RatedQuote]:
    context = read_clip_context(window, timeline, baseline)
    return rate_quotes(list_spoken(window.sentences), context, _rank_sentences(window, baseline), parse_english)


def _choose_together(
    choices: Sequence[RatedQuote], window: CandidateWindow, baseline: ProjectBaseline
) -> tuple[RatedQuote | None, RatedQuote | None, RatedQuote | None]:
    """Choose title, hook line and description so that all of them most likely stand alone.

    Two quotes of one sentence mostly stand or fall together; the same words in two places cost a little.
    """
    begin_ms = window.sentences[0].start_ms
    middle_ms = begin_ms + OPENING_RATIO * (window.sentences[-1].end_ms - begin_ms)
    starts = [sentence.start_ms for sentence in window.sentences]
    hints = [len(baseline.facts[sentence.first_word].hits) for sentence in window.sentences]
    titles = [choice for choice in choices if fits_title(choice)]
    hooks = [
        choice
        for choice in choices
        if len(choice.text) <= MAX_HOOK_CHARS and (starts[choice.quote.index] < middle_ms or not choice.quote.index)
    ]
    clauses = [choice for choice in choices if not choice.is_phrase] or choices
    pools = [
        _keep_best(titles, value_title),
        _keep_best(hooks, lambda choice: _value_hook(choice, hints[choice.quote.index])),
        _keep_best(clauses, _value_description),
    ]
    best = max(itertools.product(*(pool or [(None, 0.0)] for pool in pools)), key=_value_together)
    title, hook, description = (choice for choice, _ in best)
    return title, hook, description


_Valued = tuple[RatedQuote | None, float]


def _keep_best(choices: Sequence[RatedQuote], value: Callable[[RatedQuote], float]) -> list[_Valued]:
    valued = [(choice, value(choice)) for choice in choices]
    valued.sort(key=lambda pair: (-round(pair[0].log_chance + pair[1], 6), pair[0].quote.index, len(pair[0].text)))
    return [*valued[:MAX_CHOICES]]


def _value_together(chosen: Sequence[_Valued]) -> float:
    chances: dict[int, dict[str, float]] = {}
    for choice, _ in chosen:
        if choice is not None:
            chances.setdefault(choice.quote.index, {})[choice.text.rstrip(".?!")] = choice.log_chance
    total = 0.0
    for by_text in chances.values():
        worst = min(by_text.values())
        total += worst + KINSHIP_RATIO * (sum(by_text.values()) - worst)
    repeated = sum(choice is not None for choice, _ in chosen) - sum(map(len, chances.values()))
    return round(total + sum(value for _, value in chosen) - REPEAT_LOSS_SCORE * repeated, 6)


def _value_hook(choice: RatedQuote, hints: int) -> float:
    return 0.1 * choice.about + 0.1 * choice.nearness + 0.05 * min(3, hints) - 0.1 * choice.is_phrase


def _value_description(choice: RatedQuote) -> float:
    length = min(1.0, len(choice.text) / FULL_DESCRIPTION_CHARS)
    is_heading = not choice.quote.is_question and choice.text.startswith(("What ", "Why ", "How "))
    return (
        0.15 * choice.about
        + 0.15 * choice.nearness
        + 0.2 * length
        - 0.1 * choice.quote.is_question
        - 0.5 * (is_heading and choice.quote.kind == "claim")
    )


def _lengthen(description: RatedQuote, choices: Sequence[RatedQuote]) -> str:
    """End a description with its mark, and add a second sentence that surely stands alone as well."""
    text = _end_sentence(description.text)
    second = [
        choice
        for choice in choices
        if choice.quote.index != description.quote.index
        and choice.quote.kind in ("sentence", "part", "clause")
        and choice.log_odds >= SURE_LOG_ODDS
        and len(text) + 1 + len(_end_sentence(choice.text)) <= MAX_DESCRIPTION_CHARS
    ]
    if not second:
        return text
    added = max(second, key=lambda choice: (choice.log_odds + choice.nearness, -choice.quote.index))
    in_order = sorted((description, added), key=lambda choice: choice.quote.index)
    return " ".join(_end_sentence(choice.text) for choice in in_order)


def _end_sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…", '"', "”")) else f"{text}."


def _cut_hook(window: CandidateWindow, baseline: ProjectBaseline) -> str:
    """Shorten the sentence of the first seconds that has most hints."""
    begin_ms = window.sentences[0].start_ms
    opening = [sentence for sentence in window.sentences if sentence.start_ms < begin_ms + HOOK_MS]
    first = max(opening, key=lambda sentence: (len(baseline.facts[sentence.first_word].hits), -sentence.first_word))
    return shorten_text(first.text, MAX_HOOK_CHARS)


def _cut_description(window: CandidateWindow, baseline: ProjectBaseline) -> str:
    """Quote the sentences nearest to the window's meaning, shortened."""
    ranking = _rank_sentences(window, baseline)
    courtesy = [baseline.facts[sentence.first_word].courtesy for sentence in window.sentences]
    order = sorted(range(len(ranking)), key=lambda index: (courtesy[index] - ranking[index], index))
    chosen = sorted(order[:DESCRIPTION_SENTENCE_COUNT])
    return shorten_text(" ".join(window.sentences[index].text for index in chosen), MAX_DESCRIPTION_CHARS)


def _rank_sentences(window: CandidateWindow, baseline: ProjectBaseline) -> list[float]:
    """Return the similarity of each sentence to the window's meaning, 0 to 1; 0 without a meaning."""
    if baseline.meaning is None:
        return [0.0] * len(window.sentences)
    span = locate_sentences(baseline.sentence_index, window)
    rows = baseline.meaning.rows[span.first : span.end]
    similarity = rows @ baseline.meaning.direction_of(span.first, span.end)
    return [round(max(0.0, float(cosine)), 4) for cosine in similarity]
