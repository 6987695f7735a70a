"""Select sentences: summary, key points, quotes, questions. Pure; quotes them as they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.domain.text.english.stopwords import FILLERS
from core.ports.models import Float32
from streams.study.discourse_patterns import (
    DEPENDENT_OPENERS,
    HOUSEKEEPING_PHRASES,
    QUESTION_WORDS,
    TAG_QUESTIONS,
    speaks_english,
)
from streams.study.topics.topic_tokens import is_content_word, split_tokens
from streams.study.transcript_text import TranscriptLine, TranscriptText

SUMMARY_LINE_WORDS = (7, 45)
"""Words of a sentence in a summary: shorter ones depend on others, longer ones are seldom one thought."""
QUOTE_LINE_WORDS = (7, 32)
"""Words of a quote."""
SUMMARY_LENGTH_WORDS = (60, 130)
"""Words of a summary: a tenth of the text between these bounds."""
RELEVANCE_WEIGHT = 0.65
"""Weight of relevance over novelty in a summary: MMR's lambda (Carbonell and Goldstein 1998)."""
MIN_EDGE_SIMILARITY = 0.1
"""Least similarity of two sentences that are joined in the graph (LexRank: Erkan and Radev 2004)."""
MAX_GRAPH_LINES = 2500
"""Most sentences in the graph; a longer text is compared with its mean."""
_STRONG_WORDS = re.compile(
    r"\b(never|always|must|impossible|nobody|everybody|everyone|nothing|only|best|worst|biggest|greatest|most|every|truth"
    r"|wrong|love|hate|fear|believe|trust|incredible|amazing|huge|fail|win|free|power|change|future|why)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class ScoredLine:
    """A line and its weight."""

    at: int
    weight: float


def rate_lines(document: TranscriptText) -> Float32:
    """Rate how well each sentence stands alone, 0..1: length, dependence on others, content."""
    return np.array([_rate_line(line) for line in document.lines], dtype=np.float32)


def _rate_line(line: TranscriptLine) -> float:
    low, high = SUMMARY_LINE_WORDS
    if line.doubtful or not low <= line.words <= 2 * high or "?" in line.text[-3:]:
        return 0.0
    value = 1.0 if line.words <= high else 0.5
    if speaks_english(line.language):
        words = split_tokens(line.text)
        lower_words = [word.lower() for word in words]
        content = sum(is_content_word(word) for word in words) / max(1, len(words))
        value *= min(1.0, content / 0.4)
        value *= 0.7 if lower_words and lower_words[0] in DEPENDENT_OPENERS else 1.0
        value *= 1.0 - min(0.6, 3 * sum(word in FILLERS for word in lower_words) / max(1, len(lower_words)))
        value *= 0.2 if HOUSEKEEPING_PHRASES.search(line.text) else 1.0
    return value


def measure_centrality(vectors: Float32, words: Float32) -> Float32:
    """Measure how much each sentence is about the others' subject, 0..1.

    LexRank on cosine, weighted by length.
    """
    size = len(vectors)
    if size == 0:
        return np.zeros(0, dtype=np.float32)
    if size > MAX_GRAPH_LINES:
        mean = (vectors * words[:, None]).sum(axis=0)
        similarity = vectors @ (mean / max(float(np.linalg.norm(mean)), 1e-9))
        return np.asarray(np.clip(similarity / max(float(similarity.max()), 1e-9), 0, 1), dtype=np.float32)
    graph = vectors @ vectors.T
    graph[graph < MIN_EDGE_SIMILARITY] = 0.0
    graph *= np.minimum(words, 30.0)[None, :]
    graph /= np.maximum(graph.sum(axis=1, keepdims=True), 1e-9)
    rank = np.full(size, 1 / size)
    for _ in range(50):
        rank = 0.15 / size + 0.85 * (rank @ graph)
    return np.asarray(rank / rank.max(), dtype=np.float32)


def select_summary(
    document: TranscriptText, vectors: Float32, centrality: Float32, chapters: Sequence[tuple[int, int]]
) -> list[ScoredLine]:
    """Select the sentences that say most in few words, in their order, each chapter first."""
    total = sum(line.words for line in document.lines)
    budget = min(max(total // 10, SUMMARY_LENGTH_WORDS[0]), SUMMARY_LENGTH_WORDS[1])
    score = centrality * rate_lines(document)
    chapter_of = {best_line: number for number, (first, end) in enumerate(chapters) for best_line in range(first, end)}
    selected: list[int] = []
    word_count = 0
    while word_count < budget:
        covered_chapters = {chapter_of.get(best_line) for best_line in selected}
        best, best_line = 0.0, -1
        for candidate in np.argsort(-score)[:200]:
            if int(candidate) in selected or word_count + document.lines[candidate].words > 1.2 * budget:
                continue
            repeated = max(
                (float(vectors[candidate] @ vectors[selected_line]) for selected_line in selected), default=0.0
            )
            value = RELEVANCE_WEIGHT * float(score[candidate]) - (1 - RELEVANCE_WEIGHT) * max(0.0, repeated) * float(
                score[candidate]
            )
            value *= 1.0 if chapter_of.get(int(candidate)) not in covered_chapters else 0.8
            if value > best:
                best, best_line = value, int(candidate)
        if best_line < 0:
            break
        selected.append(best_line)
        word_count += document.lines[best_line].words
    return [ScoredLine(at=best_line, weight=round(float(score[best_line]), 3)) for best_line in sorted(selected)]


def select_key_points(
    document: TranscriptText, vectors: Float32, chapters: Sequence[tuple[int, int]], per_chapter: int = 2
) -> list[tuple[int, ScoredLine]]:
    """Select the sentences most central to each chapter, as (chapter, sentence) in their order."""
    line_ratings = rate_lines(document)
    words = np.array([line.words for line in document.lines], dtype=np.float32)
    points = []
    for number, (first, end) in enumerate(chapters):
        score = measure_centrality(vectors[first:end], words[first:end]) * line_ratings[first:end]
        selected: list[int] = []
        for candidate in np.argsort(-score):
            if len(selected) == per_chapter or score[candidate] <= 0.2:
                break
            if all(
                float(vectors[first + candidate] @ vectors[first + selected_line]) < 0.8 for selected_line in selected
            ):
                selected.append(int(candidate))
        points += [
            (number, ScoredLine(at=first + candidate, weight=round(float(score[candidate]), 3)))
            for candidate in sorted(selected)
        ]
    return points


def select_quotes(
    document: TranscriptText, centrality: Float32, polarity: Float32, max_quotes: int = 8
) -> list[ScoredLine]:
    """Select sentences that stand alone and are said with force; English only.

    ``polarity``: VADER's compound of each line.
    """
    scored = []
    for at, line in enumerate(document.lines):
        low, high = QUOTE_LINE_WORDS
        first = line.text.split()[0].lower().strip(",") if line.text else ""
        if (
            line.doubtful
            or not speaks_english(line.language)
            or not low <= line.words <= high
            or first in DEPENDENT_OPENERS
            or not line.text.rstrip().endswith((".", "!"))
        ):
            continue
        force = 0.5 * abs(float(polarity[at])) + 0.5 * min(1.0, len(_STRONG_WORDS.findall(line.text)) / 2)
        weight = float(_rate_line(line)) * (0.4 * float(centrality[at]) + 0.6 * force)
        scored.append(ScoredLine(at=at, weight=round(weight, 3)))
    best = sorted(scored, key=lambda scored_line: (-scored_line.weight, scored_line.at))[:max_quotes]
    return sorted(
        (scored_line for scored_line in best if scored_line.weight >= 0.25), key=lambda scored_line: scored_line.at
    )


def select_questions(document: TranscriptText, centrality: Float32, max_questions: int = 40) -> list[ScoredLine]:
    """Select real questions in their order; tags like "right?" are left out."""
    scored = []
    for at, line in enumerate(document.lines):
        text = line.text.rstrip().rstrip("\"'”’)")
        if not text.endswith(("?", "？", "؟")) or TAG_QUESTIONS.match(text):
            continue
        if speaks_english(line.language):
            last = re.split(r"[.!?]\s+|,\s+", text)[-1]
            words = [word.lower() for word in split_tokens(text)]
            is_question = any(word in QUESTION_WORDS for word in words) or len(split_tokens(last)) > 2
            if len(words) < 4 or not is_question or HOUSEKEEPING_PHRASES.search(text):
                continue
        scored.append(ScoredLine(at=at, weight=round(float(centrality[at]), 3)))
    best = sorted(scored, key=lambda scored_line: (-scored_line.weight, scored_line.at))[:max_questions]
    return sorted(best, key=lambda scored_line: scored_line.at)
