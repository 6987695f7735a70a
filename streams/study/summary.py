"""Sentences that matter: summary, key points, quotes, questions. Pure; takes sentences as they are, writes none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.domain.text.english.stopwords import FILLERS
from core.ports.models import Float32
from streams.study.lexicon import ASKS, HOUSEKEEPING, LEANS, TAGS, speaks_english
from streams.study.topics.topic_tokens import carries, tokens
from streams.study.transcript_text import Line, Spoken

WORDS = (7, 45)
"""A sentence of a summary: shorter ones lean on others, longer ones are seldom one thought."""
QUOTE_WORDS = (7, 32)
SUMMARY_WORDS = (60, 130)
"""Words of a summary: a tenth of the text between these bounds."""
VARIETY = 0.65
"""How much a sentence of the summary may repeat another: MMR's lambda (Carbonell and Goldstein 1998)."""
LIKENESS = 0.1
"""Below it two sentences are not joined in the graph (LexRank: Erkan and Radev 2004)."""
MOST_IN_GRAPH = 2500
_STRONG = re.compile(
    r"\b(never|always|must|impossible|nobody|everybody|everyone|nothing|only|best|worst|biggest|greatest|most|every|truth"
    r"|wrong|love|hate|fear|believe|trust|incredible|amazing|huge|fail|win|free|power|change|future|why)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Scored:
    """A line and its weight."""

    at: int
    weight: float


def worth(spoken: Spoken) -> Float32:
    """Share of what may be said of each sentence without its neighbours, 0..1: length, standing alone, content."""
    return np.array([_worth(line) for line in spoken.lines], dtype=np.float32)


def _worth(line: Line) -> float:
    low, high = WORDS
    if line.doubtful or not low <= line.words <= 2 * high or "?" in line.text[-3:]:
        return 0.0
    value = 1.0 if line.words <= high else 0.5
    if speaks_english(line.language):
        words = tokens(line.text)
        bare = [word.lower() for word in words]
        content = sum(carries(word) for word in words) / max(1, len(words))
        value *= min(1.0, content / 0.4)
        value *= 0.7 if bare and bare[0] in LEANS else 1.0
        value *= 1.0 - min(0.6, 3 * sum(word in FILLERS for word in bare) / max(1, len(bare)))
        value *= 0.2 if HOUSEKEEPING.search(line.text) else 1.0
    return value


def central(vectors: Float32, words: Float32) -> Float32:
    """How much each sentence is about what the others are about, 0..1: LexRank on cosine, weighted by length."""
    size = len(vectors)
    if size == 0:
        return np.zeros(0, dtype=np.float32)
    if size > MOST_IN_GRAPH:
        mean = (vectors * words[:, None]).sum(axis=0)
        near = vectors @ (mean / max(float(np.linalg.norm(mean)), 1e-9))
        return np.asarray(np.clip(near / max(float(near.max()), 1e-9), 0, 1), dtype=np.float32)
    graph = vectors @ vectors.T
    graph[graph < LIKENESS] = 0.0
    graph *= np.minimum(words, 30.0)[None, :]
    graph /= np.maximum(graph.sum(axis=1, keepdims=True), 1e-9)
    rank = np.full(size, 1 / size)
    for _ in range(50):
        rank = 0.15 / size + 0.85 * (rank @ graph)
    return np.asarray(rank / rank.max(), dtype=np.float32)


def summary(spoken: Spoken, vectors: Float32, rank: Float32, chapters: Sequence[tuple[int, int]]) -> list[Scored]:
    """The sentences that together say most in few words, in the order they were said; each chapter is heard first."""
    total = sum(line.words for line in spoken.lines)
    budget = min(max(total // 10, SUMMARY_WORDS[0]), SUMMARY_WORDS[1])
    score = rank * worth(spoken)
    chapter_of = {at: number for number, (first, end) in enumerate(chapters) for at in range(first, end)}
    taken: list[int] = []
    used = 0
    while used < budget:
        seen = {chapter_of.get(at) for at in taken}
        best, at = 0.0, -1
        for one in np.argsort(-score)[:200]:
            if int(one) in taken or used + spoken.lines[one].words > 1.2 * budget:
                continue
            repeated = max((float(vectors[one] @ vectors[other]) for other in taken), default=0.0)
            value = VARIETY * float(score[one]) - (1 - VARIETY) * max(0.0, repeated) * float(score[one])
            value *= 1.0 if chapter_of.get(int(one)) not in seen else 0.8
            if value > best:
                best, at = value, int(one)
        if at < 0:
            break
        taken.append(at)
        used += spoken.lines[at].words
    return [Scored(at=at, weight=round(float(score[at]), 3)) for at in sorted(taken)]


def key_points(
    spoken: Spoken, vectors: Float32, chapters: Sequence[tuple[int, int]], each: int = 2
) -> list[tuple[int, Scored]]:
    """(chapter, sentence): the ``each`` sentences most central to each chapter, in the order they were said."""
    alone = worth(spoken)
    words = np.array([line.words for line in spoken.lines], dtype=np.float32)
    found = []
    for number, (first, end) in enumerate(chapters):
        score = central(vectors[first:end], words[first:end]) * alone[first:end]
        kept: list[int] = []
        for one in np.argsort(-score):
            if len(kept) == each or score[one] <= 0.2:
                break
            if all(float(vectors[first + one] @ vectors[first + other]) < 0.8 for other in kept):
                kept.append(int(one))
        found += [(number, Scored(at=first + one, weight=round(float(score[one]), 3))) for one in sorted(kept)]
    return found


def quotable(spoken: Spoken, rank: Float32, moods: Float32, most: int = 8) -> list[Scored]:
    """Sentences that stand alone and are said with force. ``moods``: VADER's compound a line; English only."""
    scored = []
    for at, line in enumerate(spoken.lines):
        low, high = QUOTE_WORDS
        first = line.text.split()[0].lower().strip(",") if line.text else ""
        if (
            line.doubtful
            or not speaks_english(line.language)
            or not low <= line.words <= high
            or first in LEANS
            or not line.text.rstrip().endswith((".", "!"))
        ):
            continue
        force = 0.5 * abs(float(moods[at])) + 0.5 * min(1.0, len(_STRONG.findall(line.text)) / 2)
        weight = float(_worth(line)) * (0.4 * float(rank[at]) + 0.6 * force)
        scored.append(Scored(at=at, weight=round(weight, 3)))
    best = sorted(scored, key=lambda one: (-one.weight, one.at))[:most]
    return sorted((one for one in best if one.weight >= 0.25), key=lambda one: one.at)


def questions(spoken: Spoken, rank: Float32, most: int = 40) -> list[Scored]:
    """What is asked, in the order it was; not the tags that ask nothing."""
    found = []
    for at, line in enumerate(spoken.lines):
        text = line.text.rstrip().rstrip("\"'”’)")
        if not text.endswith(("?", "？", "؟")) or TAGS.match(text):
            continue
        if speaks_english(line.language):
            last = re.split(r"[.!?]\s+|,\s+", text)[-1]
            words = [word.lower() for word in tokens(text)]
            asks = any(word in ASKS for word in words) or len(tokens(last)) > 2
            if len(words) < 4 or not asks or HOUSEKEEPING.search(text):
                continue
        found.append(Scored(at=at, weight=round(float(rank[at]), 3)))
    best = sorted(found, key=lambda one: (-one.weight, one.at))[:most]
    return sorted(best, key=lambda one: one.at)
