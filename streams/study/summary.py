"""Select sentences: summary, key points, quotes, questions. Pure; quotes them as they are."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.domain.text.bare_word import DASHES, PUNCTUATION
from core.domain.text.english.stopwords import FILLERS
from core.ports.models import Float32
from streams.study.discourse_patterns import (
    BACK_REFERENCES,
    DEPENDENT_OPENERS,
    HOUSEKEEPING_PHRASES,
    LEADING_WORDS,
    QUESTION_WORDS,
    TAG_QUESTIONS,
    speaks_english,
)
from streams.study.topics.topic_tokens import is_content_word, list_terms, split_tokens
from streams.study.transcript_text import TranscriptLine, TranscriptText

SUMMARY_LINE_WORDS = (7, 45)
"""Words of a sentence in a summary: shorter ones depend on others, longer ones are seldom one thought."""
QUOTE_LINE_WORDS = (7, 32)
"""Words of a quote."""
SUMMARY_LENGTH_WORDS = (60, 130)
"""Words of a summary: a tenth of the text between these bounds."""
MAX_SUMMARY_LINES = 5
"""Most sentences of a summary: what is read at a glance."""
RELEVANCE_WEIGHT = 0.65
"""Weight of relevance over novelty in a summary: MMR's lambda (Carbonell and Goldstein 1998)."""
MIN_TERM_WORDS = 8
"""Words below which a sentence's terms do not weigh more for being few."""
MAX_SUMMARY_CANDIDATES = 200
"""Most sentences that are compared for a summary."""
MIN_EDGE_SIMILARITY = 0.1
"""Least similarity of two sentences that are joined in the graph (LexRank: Erkan and Radev 2004)."""
MAX_GRAPH_LINES = 2500
"""Most sentences in the graph; a longer text is compared with its mean."""
_EDGES = PUNCTUATION + DASHES
_STRONG_WORDS = re.compile(
    r"\b(never|always|must|impossible|nobody|everybody|everyone|nothing|only|best|worst|biggest|greatest|most|every|truth"
    r"|wrong|love|hate|fear|believe|trust|incredible|amazing|huge|fail|win|free|power|change|future|why)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class ScoredLine:
    """A line and its weight; ``first_word`` begins its quote where that is not the line's first word."""

    at: int
    weight: float
    first_word: int | None = None


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


def measure_term_weights(document: TranscriptText) -> Float32:
    """Measure how many of each sentence's terms recur in others, 0..1; 1 where English lists do not apply."""
    terms = [set(list_terms(line.text)) if speaks_english(line.language) else set() for line in document.lines]
    counts = Counter(term for line_terms in terms for term in line_terms)
    sums = np.array(
        [sum(math.log1p(counts[term]) for term in sorted(line_terms) if counts[term] > 1) for line_terms in terms]
    )
    weights = sums / np.sqrt([max(MIN_TERM_WORDS, line.words) for line in document.lines])
    is_english = [speaks_english(line.language) for line in document.lines]
    return np.where(is_english, weights / max(float(weights.max(initial=0.0)), 1e-9), 1.0).astype(np.float32)


def find_clear_word(document: TranscriptText, line: TranscriptLine) -> int | None:
    """Find the word from which a sentence can be read alone, behind "and so"; None without any.

    It does not begin with "it", "he" or "this", and does not point back to what was said before. In a language without
    word lists every sentence can.
    """
    if not speaks_english(line.language):
        return line.first_word
    words = [document.words[at].text.strip().strip(_EDGES).lower().replace("’", "'") for at in _word_numbers(line)]
    first = next((at for at, word in enumerate(words) if word not in LEADING_WORDS), len(words))
    if len(words) - first < SUMMARY_LINE_WORDS[0] or words[first] in DEPENDENT_OPENERS:
        return None
    return None if BACK_REFERENCES.search(line.text) else line.first_word + first


def _word_numbers(line: TranscriptLine) -> range:
    return range(line.first_word, line.end_word)


def select_summary(
    document: TranscriptText, vectors: Float32, centrality: Float32, chapters: Sequence[tuple[int, int]]
) -> list[ScoredLine]:
    """Select sentences that say most in few words and can be read alone, in order, each chapter first.

    A sentence is weighed by how central it is to the text and to its chapter and by its recurring terms.
    """
    lines = document.lines
    budget = min(max(sum(line.words for line in lines) // 10, SUMMARY_LENGTH_WORDS[0]), SUMMARY_LENGTH_WORDS[1])
    words = np.array([line.words for line in lines], dtype=np.float32)
    in_chapter = [measure_centrality(vectors[first:end], words[first:end]) for first, end in chapters]
    score = centrality * np.concatenate(in_chapter) * rate_lines(document) * np.sqrt(measure_term_weights(document))
    clear_words = [find_clear_word(document, line) for line in lines]
    lengths = [0 if at is None else line.end_word - at for at, line in zip(clear_words, lines, strict=True)]
    score *= np.sqrt(np.minimum(1.0, np.array(lengths) * MAX_SUMMARY_LINES / budget, dtype=np.float32))
    ranked = [int(at) for at in np.argsort(-score, kind="stable")[:MAX_SUMMARY_CANDIDATES] if score[at] > 0]
    chapter_of = {at: number for number, (first, end) in enumerate(chapters) for at in range(first, end)}
    selected: list[int] = []
    while len(selected) < MAX_SUMMARY_LINES and (left := budget - sum(lengths[at] for at in selected)) > 0:
        covered = {chapter_of[at] for at in selected}
        best, best_line = 0.0, -1
        for at in ranked:
            if at in selected or lengths[at] > left + 0.2 * budget or lengths[at] > SUMMARY_LINE_WORDS[1]:
                continue
            repeated = max((float(vectors[at] @ vectors[other]) for other in selected), default=0.0)
            value = float(score[at]) * (RELEVANCE_WEIGHT - (1 - RELEVANCE_WEIGHT) * max(0.0, repeated))
            value *= 1.0 if chapter_of[at] not in covered else 0.8
            if value > best:
                best, best_line = value, at
        if best_line < 0:
            break
        selected.append(best_line)
    return [ScoredLine(at=at, weight=round(float(score[at]), 3), first_word=clear_words[at]) for at in sorted(selected)]


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
