"""Title, hook line and description of a clip, in its own words. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from schemas.documents.moments import SubScore
from streams.detect.explanations.hashtags import choose_hashtags
from streams.detect.explanations.reasons import MAX_TITLE_CHARS, title_from_sentence, title_from_signals
from streams.detect.explanations.statements import MAX_FLAW, Statement, list_statements, rate_sequel
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
"""Share of a clip in which a hook line is looked for where no statement of its first seconds stands alone."""
MAX_WEAK_FLAW = 1.0
"""Flaw from which a noun with its clause describes a clip better than a sentence does."""
SHORT_TITLE_CHARS = 20
"""Length below which a title says little."""
SHORT_DESCRIPTION_CHARS = 40
"""Length of a statement below which it hardly describes anything."""
FLAW_WEIGHT = 2.0
"""Weight of a statement's flaw against all that speaks for it, which is at most about 2."""

HOOK_FLAW_WEIGHT = 3.0
"""The same for a hook line, which nothing explains before it."""


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
    statements = list_statements(window.sentences)
    ranking = _rank_sentences(window, baseline)
    return ClipWording(
        title=choose_title(window, baseline, statements, ranking),
        hook=choose_hook(window, baseline, statements, ranking),
        description=write_description(window, baseline, statements, ranking),
        hashtags=choose_hashtags(window, timeline, baseline),
    )


def choose_title(
    window: CandidateWindow, baseline: ProjectBaseline, statements: Sequence[Statement], ranking: Sequence[float]
) -> str:
    """Choose the statement that stands alone, fits whole, and says most of what the clip is about."""
    fitting = [statement for statement in statements if len(statement.text.rstrip(".")) <= MAX_TITLE_CHARS]
    if not fitting:
        return title_from_sentence(choose_best_sentence(window, baseline.facts))
    counts = Counter(word for word in {(s.index, word) for s in statements if s.is_whole for word in s.content})
    spread = Counter(word for _, word in counts)

    def value(statement: Statement) -> float:
        content = set(statement.content)
        content_value = sum(0.25 + 0.15 * min(2, spread[word] - 1) for word in content)
        facts = baseline.facts[window.sentences[statement.index].first_word]
        return (
            min(1.0, content_value)
            + ranking[statement.index]
            + 0.3 * facts.quotable
            - FLAW_WEIGHT * statement.flaw
            - 0.35 * statement.is_question
            - 0.1 * (not statement.is_whole)
            - 0.3 * (len(statement.text) < SHORT_TITLE_CHARS)
            - 0.15 * (statement.text.split()[0] in ("I", "I'm", "I've", "I'll"))
        )

    best = max(
        fitting,
        key=lambda statement: (
            statement.flaw <= MAX_FLAW, round(value(statement), 6), -statement.index, -len(statement.text)
        ),
    )  # fmt: skip
    text = best.text.rstrip(".。,;:") if not best.text.endswith("...") else best.text
    return text[:1].upper() + text[1:]


def choose_hook(
    window: CandidateWindow, baseline: ProjectBaseline, statements: Sequence[Statement], ranking: Sequence[float]
) -> str:
    """Choose the statement of the first seconds that stands alone with most hints; else a later one."""
    begin_ms = window.sentences[0].start_ms
    opening = [index for index, sentence in enumerate(window.sentences) if sentence.start_ms < begin_ms + HOOK_MS]
    third_ms = begin_ms + OPENING_RATIO * (window.sentences[-1].end_ms - begin_ms)
    later = [index for index, sentence in enumerate(window.sentences) if sentence.start_ms < third_ms]
    fitting = [s for s in statements if s.is_sentence and len(s.text) <= MAX_HOOK_CHARS]
    for indexes in (opening, later):
        candidates = [statement for statement in fitting if statement.index in indexes and statement.flaw <= MAX_FLAW]
        if candidates:
            return max(candidates, key=lambda statement: _hook_value(statement, window, baseline, ranking)).text
    phrases = [s for s in statements if len(s.text) <= MAX_HOOK_CHARS and s.index in opening + later]
    if phrases:
        return min(phrases, key=_rank_phrase).text
    first = max(opening, key=lambda index: (len(baseline.facts[window.sentences[index].first_word].hits), -index))
    return shorten_text(window.sentences[first].text, MAX_HOOK_CHARS)


def _rank_phrase(statement: Statement) -> tuple[float, int]:
    """Rank a statement that does not stand alone: a part that is no sentence comes last."""
    return statement.flaw + 0.5 * (not statement.is_sentence and statement.flaw >= MAX_WEAK_FLAW), statement.index


def _hook_value(
    statement: Statement, window: CandidateWindow, baseline: ProjectBaseline, ranking: Sequence[float]
) -> tuple[float, float]:
    hits = baseline.facts[window.sentences[statement.index].first_word].hits
    value = (
        0.25 * min(3, len(hits))
        + 0.15 * min(4, len(set(statement.content)))
        + 0.5 * ranking[statement.index]
        - HOOK_FLAW_WEIGHT * statement.flaw
        - 0.1 * (not statement.is_whole)
    )
    return round(value, 6), -statement.index


def write_description(
    window: CandidateWindow, baseline: ProjectBaseline, statements: Sequence[Statement], ranking: Sequence[float]
) -> str:
    """Quote one or two statements near the window's meaning that are clear together."""
    short = [statement for statement in statements if len(statement.text) <= MAX_DESCRIPTION_CHARS]
    fitting = [statement for statement in short if statement.is_sentence]
    if not any(statement.flaw <= MAX_WEAK_FLAW for statement in fitting):
        fitting = short
    texts = {text: value for text, value in _list_descriptions(fitting, ranking) if len(text) <= MAX_DESCRIPTION_CHARS}
    if texts:
        return max(texts, key=lambda text: (round(texts[text], 6), -len(text)))
    courtesy = [baseline.facts[sentence.first_word].courtesy for sentence in window.sentences]
    order = sorted(range(len(ranking)), key=lambda index: (courtesy[index] - ranking[index], index))
    chosen = sorted(order[:DESCRIPTION_SENTENCE_COUNT])
    return shorten_text(" ".join(window.sentences[index].text for index in chosen), MAX_DESCRIPTION_CHARS)


def _list_descriptions(statements: Sequence[Statement], ranking: Sequence[float]) -> Iterator[tuple[str, float]]:
    """List texts of one or two statements with their value."""
    by_sentence: dict[int, list[Statement]] = {}
    for statement in statements:
        by_sentence.setdefault(statement.index, []).append(statement)
    best = {
        index: sorted(group, key=lambda s: (s.flaw > MAX_FLAW, not s.is_whole, s.flaw, -len(s.text)))[:2]
        for index, group in by_sentence.items()
    }
    for index, group in best.items():
        for first in group:
            value = _description_value(first, ranking)
            yield _end_sentence(first.text), value - FLAW_WEIGHT * first.flaw
            for second_index, second_group in best.items():
                for second in second_group if second_index > index else ():
                    flaw = first.flaw + rate_sequel(first, second)
                    worth = value + _description_value(second, ranking) + 0.2 * (second_index == index + 1)
                    yield (
                        f"{_end_sentence(first.text)} {_end_sentence(second.text)}",
                        worth - FLAW_WEIGHT * flaw,
                    )


def _description_value(statement: Statement, ranking: Sequence[float]) -> float:
    return (
        0.5 * ranking[statement.index]
        + 0.1 * min(5, len(set(statement.content)))
        - 0.4 * statement.is_question
        - 0.4 * (len(statement.text) < SHORT_DESCRIPTION_CHARS)
        - 0.1 * (not statement.is_whole)
    )


def _end_sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…", '"', "”")) else f"{text}."


def _rank_sentences(window: CandidateWindow, baseline: ProjectBaseline) -> list[float]:
    """Return the similarity of each sentence to the window's meaning, 0 to 1; 0 without a meaning."""
    if baseline.meaning is None:
        return [0.0] * len(window.sentences)
    span = locate_sentences(baseline.sentence_index, window)
    rows = baseline.meaning.rows[span.first : span.end]
    similarity = rows @ baseline.meaning.direction_of(span.first, span.end)
    return [round(max(0.0, float(cosine)), 4) for cosine in similarity]
