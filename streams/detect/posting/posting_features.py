"""Numbers about a window's words for the fitted model of what readers would post. Pure.

All windows of a video are measured at once: a ratio is a difference of running sums, so an hour with thousands of
overlapping windows costs seconds. What cannot be measured is NaN, and counts as an average window.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.options.score_weights import SubScoreName
from streams.detect.features.base import FeatureValue
from streams.detect.features.project_baseline import ProjectBaseline
from streams.detect.features.text import SentenceFacts
from streams.detect.lexicon import DIGIT, Lexicon
from streams.detect.semantics import SentenceMeaning
from streams.detect.sentences import Sentence
from streams.detect.timeline import ProjectTimeline
from streams.detect.window import CandidateWindow

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
WORDS = "words"
"""Name of the number of words: no feature of the model, but what the others are made comparable by."""
NEIGHBOUR_SENTENCE_COUNT = 10
"""Sentences before and after a window that are its neighbourhood."""
MIN_COHERENT_SENTENCES = 3
"""Fewer sentences do not cohere: then `coherence` is absent, and so are its features."""
TINY_SENTENCE_WORDS = 2
"""Most words of an answer or interjection."""
MIN_LONG_WORD_LETTERS = 8
"""Letters of a word that counts as long."""
MIN_REGULAR_PAST_LETTERS = 5
"""Letters of a word in -ed that counts as past tense; shorter ones are mostly others (red, need)."""
MAX_OPENING_WORDS = 15
"""Words of a window that are its opening."""
FILLED_OPENINGS = frozenset("so yeah well okay ok right um uh and but now like oh yes no mm-hmm".split())  # noqa: SIM905 - words, as listed
"""First words that say nothing."""
OUR_WORDS = frozenset("we us our ours we're we've we'll we'd".split())  # noqa: SIM905
OTHERS_WORDS = frozenset("they them their they're he she him her his hers he's she's".split())  # noqa: SIM905
REFERRING_WORDS = frozenset("it it's its this that these those that's".split())  # noqa: SIM905
QUESTION_MARKS = ("?", "？")
_CLOSING = "\"'”’ "

WORD_KINDS = (
    "self", "address", "ours", "others", "referring", "past", "hedges", "hesitations", "advice", "speech_verbs",
    "causes", "superlatives", "feelings", "procedure", "denying", "contrast", "strong", "people", "weakness", "values",
    "together", "numbers", "stop", "long",
)  # fmt: skip
"""Kinds of words whose share in a window is a feature."""
EXAMPLE_KINDS = (
    "hook", "claim", "story", "surprise", "advice", "confession", "conflict", "number", "joke", "explanation",
    "procedure", "report",
)  # fmt: skip
"""Kinds of example sentences (``examples.json``): how near the nearest sentence, and the mean one, is to any."""
MEASURED_PARTS = (
    "opening", "opening_substance", "feeling", "tension", "wit", "call", "holds_together", "fluency", "substance",
    "density", "distance",
)  # fmt: skip
"""Features that the sub-scores measure already."""


def measure_posting_features(
    windows: Sequence[CandidateWindow],
    raw_scores: Sequence[Mapping[SubScoreName, FeatureValue]],
    timeline: ProjectTimeline,
    baseline: ProjectBaseline,
) -> dict[str, Floats]:
    """Measure the spoken ``windows``, whose sub-scores are ``raw_scores``.

    Maps each feature's name to one number a window, and ``WORDS`` to their words; NaN where something is unknown.
    """
    first = np.array([baseline.sentence_index[window.sentences[0].first_word] for window in windows], dtype=np.int64)
    last = np.array([baseline.sentence_index[window.sentences[-1].first_word] for window in windows], dtype=np.int64)
    spans = _Spans(first=first, end=last + 1)
    facts = [baseline.facts[sentence.first_word] for sentence in timeline.sentences]
    features = {
        **_measure_vocabulary(timeline.sentences, facts, spans),
        **_measure_shape(timeline.sentences, facts, spans),
        **_measure_edges(windows, facts, spans),
        **_measure_feeling(facts, spans),
        **_measure_speakers(timeline, facts, spans),
        **_measure_meaning(windows, baseline.meaning, spans),
    }
    lengths = np.array([float(len(fact.words)) for fact in facts])
    features[WORDS] = np.maximum(spans.sums(lengths), 1.0)
    strengths = [_part_strengths(raw) for raw in raw_scores]
    return features | {
        f"part_{name}": np.array([strength.get(name, np.nan) for strength in strengths]) for name in MEASURED_PARTS
    }


class _Spans:
    """Windows as runs of sentences; ``end`` is exclusive."""

    def __init__(self, *, first: Indices, end: Indices) -> None:
        self.first, self.end = first, end
        self.counts = (end - first).astype(np.float64)
        self._bounds = np.stack([first, end], axis=1).reshape(-1)

    def sums(self, values: Floats) -> Floats:
        """Sum over each window; ``values``: one (or a row) a sentence."""
        running = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
        return np.asarray(running[self.end] - running[self.first])

    def means(self, values: Floats) -> Floats:
        """Mean over each window's sentences."""
        return self.sums(values) / self.counts

    def highest(self, values: Floats) -> Floats:
        """Maximum over each window."""
        return np.asarray(np.maximum.reduceat(np.append(values, values[-1]), self._bounds)[::2])

    def lowest(self, values: Floats) -> Floats:
        """Minimum over each window."""
        return -self.highest(-values)


def _part_strengths(raw: Mapping[SubScoreName, FeatureValue]) -> dict[str, float]:
    return {
        item.part: item.strength
        for sub_score in raw.values()
        for item in sub_score.evidence
        if item.strength is not None
    }


def _count_words(words: Sequence[str], lexicon: Lexicon) -> list[float]:
    kinds = (
        lexicon.self_, lexicon.address, OUR_WORDS, OTHERS_WORDS, REFERRING_WORDS, lexicon.past, lexicon.hedges,
        lexicon.fillers, lexicon.advice, lexicon.speech_verbs, lexicon.causes, lexicon.superlatives, lexicon.feelings,
        lexicon.procedure, lexicon.denying, lexicon.contrast, lexicon.strong, lexicon.people, lexicon.weakness,
        lexicon.values, lexicon.together, lexicon.numbers, lexicon.stop,
    )  # fmt: skip
    counts = dict(zip(WORD_KINDS, ([word in kind for word in words] for kind in kinds), strict=False))
    regular_past = [word.endswith("ed") and len(word) >= MIN_REGULAR_PAST_LETTERS for word in words]
    counts["past"] = [listed or regular for listed, regular in zip(counts["past"], regular_past, strict=True)]
    has_digit = [DIGIT.search(word) is not None for word in words]
    counts["numbers"] = [listed or digit for listed, digit in zip(counts["numbers"], has_digit, strict=True)]
    counts["long"] = [len(word) >= MIN_LONG_WORD_LETTERS for word in words]
    return [float(sum(counts[name])) for name in WORD_KINDS]


def _measure_vocabulary(
    sentences: Sequence[Sentence], facts: Sequence[SentenceFacts], spans: _Spans
) -> dict[str, Floats]:
    no_words = [0.0] * len(WORD_KINDS)
    counts = np.array(
        [
            _count_words(fact.words, sentence.lexicon) if sentence.lexicon else no_words
            for sentence, fact in zip(sentences, facts, strict=True)
        ]
    )
    lengths = np.array([float(len(fact.words)) for fact in facts])
    letters = np.array([float(sum(map(len, fact.words))) for fact in facts])
    commas = np.array([float(sentence.text.count(",")) for sentence in sentences])
    words = np.maximum(spans.sums(lengths), 1.0)
    shares = spans.sums(counts) / words[:, None]
    variety = np.array(
        [
            len(frozenset().union(*(facts[at].words for at in range(start, end))))
            for start, end in zip(spans.first, spans.end, strict=True)
        ]
    )
    return {f"share_{name}": shares[:, column] for column, name in enumerate(WORD_KINDS)} | {
        "word_letters": spans.sums(letters) / words,
        "commas": spans.sums(commas) / words,
        "variety": variety / words**0.7,
    }


def _measure_shape(sentences: Sequence[Sentence], facts: Sequence[SentenceFacts], spans: _Spans) -> dict[str, Floats]:
    lengths = np.array([float(len(fact.words)) for fact in facts])
    means = spans.means(lengths)
    deviations = np.sqrt(np.maximum(spans.means(lengths**2) - means**2, 0.0))
    questions = np.array([float(_is_question(sentence)) for sentence in sentences])
    courtesies = np.array([float(fact.courtesy) for fact in facts])
    openings = [fact.words[0] if fact.words else "" for fact in facts]
    repeats = np.array([0.0, *(float(a == b != "") for a, b in itertools.pairwise(openings))])
    repeated = spans.sums(repeats) - repeats[spans.first]
    asked_inside = spans.sums(questions) - questions[spans.end - 1]
    return {
        "sentence_words": means,
        "longest_sentence": spans.highest(lengths),
        "shortest_sentence": spans.lowest(lengths),
        "sentence_spread": deviations,
        "tiny_sentences": spans.means((lengths <= TINY_SENTENCE_WORDS).astype(np.float64)),
        "questions": spans.means(questions),
        "question_answered": (asked_inside > 0).astype(np.float64),
        "courtesies": spans.means(courtesies),
        "same_openings": repeated / spans.counts,
    }


def _is_question(sentence: Sentence) -> bool:
    return sentence.text.rstrip(_CLOSING).endswith(QUESTION_MARKS)


def _measure_edges(
    windows: Sequence[CandidateWindow], facts: Sequence[SentenceFacts], spans: _Spans
) -> dict[str, Floats]:
    rows = [
        _edges_of(window, facts, int(first), int(end))
        for window, first, end in zip(windows, spans.first, spans.end, strict=True)
    ]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]} if rows else {}


def _edges_of(window: CandidateWindow, facts: Sequence[SentenceFacts], first: int, end: int) -> dict[str, float]:
    """Measure the opening words and the last sentence of one window."""
    words = list(facts[first].words)
    if len(words) <= TINY_SENTENCE_WORDS + 2 and end - first > 1:
        words += facts[first + 1].words
    opening = words[:MAX_OPENING_WORDS]
    closing = facts[end - 1].words
    lexicon = window.sentences[0].lexicon
    measured = {
        "opening_filler": float(bool(opening) and opening[0] in FILLED_OPENINGS),
        "opening_question": float(_is_question(window.sentences[0])),
        "opening_length": float(len(facts[first].words)),
        "closing_length": float(len(closing)),
        "closing_question": float(_is_question(window.sentences[-1])),
        "closing_courtesy": float(facts[end - 1].courtesy),
        "start_quality": window.start_quality,
        "end_quality": window.end_quality,
    }
    listed = dict.fromkeys(
        ("opening_leans", "opening_points", "opening_address", "opening_self", "opening_strong", "closing_strong"),
        float("nan"),
    )
    if lexicon is not None:
        listed = {
            "opening_leans": float(bool(opening) and opening[0] in lexicon.leaning),
            "opening_points": float(any(word in lexicon.pointing for word in opening[:4])),
            "opening_address": float(any(word in lexicon.address for word in opening)),
            "opening_self": float(any(word in lexicon.self_ for word in opening)),
            "opening_strong": float(any(word in lexicon.strong or word in lexicon.contrast for word in opening)),
            "closing_strong": float(
                any(word in lexicon.strong or word in lexicon.values or word in lexicon.denying for word in closing)
            ),
        }
    return measured | listed


def _measure_feeling(facts: Sequence[SentenceFacts], spans: _Spans) -> dict[str, Floats]:
    polarity = np.array([fact.emotion or 0.0 for fact in facts])
    highest, lowest = spans.highest(polarity), spans.lowest(polarity)
    return {
        "feeling_mean": spans.means(np.abs(polarity)),
        "feeling_highest": highest,
        "feeling_lowest": lowest,
        "feeling_range": highest - lowest,
    }


def _measure_speakers(timeline: ProjectTimeline, facts: Sequence[SentenceFacts], spans: _Spans) -> dict[str, Floats]:
    if len(timeline.speakers) < 2:
        unknown = np.full(spans.first.shape, np.nan)
        return {"speaker_turns": unknown, "speakers": unknown, "main_speaker_share": unknown}
    speakers = [timeline.words[sentence.first_word].speaker for sentence in timeline.sentences]
    changes = np.array([0.0, *(float(a != b) for a, b in itertools.pairwise(speakers))])
    turns = (spans.sums(changes) - changes[spans.first]) / spans.counts
    counts, shares = [], []
    for first, end in zip(spans.first, spans.end, strict=True):
        words_by_speaker: dict[str | None, int] = {}
        for at in range(first, end):
            words_by_speaker[speakers[at]] = words_by_speaker.get(speakers[at], 0) + len(facts[at].words)
        counts.append(float(len(words_by_speaker)))
        shares.append(max(words_by_speaker.values()) / max(1, sum(words_by_speaker.values())))
    return {"speaker_turns": turns, "speakers": np.array(counts), "main_speaker_share": np.array(shares)}


def _measure_meaning(
    windows: Sequence[CandidateWindow], meaning: SentenceMeaning | None, spans: _Spans
) -> dict[str, Floats]:
    names = (
        *(f"{way}_{kind}" for kind in EXAMPLE_KINDS for way in ("nearest", "mean")),
        "near_before", "near_after", "step", "first_to_last", "first_to_all", "last_to_all", "near_video",
    )  # fmt: skip
    if meaning is None or not meaning.is_model:
        return {name: np.full(len(windows), np.nan) for name in names}
    features: dict[str, Floats] = {}
    for kind in EXAMPLE_KINDS:
        near = meaning.near[kind].astype(np.float64)
        features[f"nearest_{kind}"], features[f"mean_{kind}"] = spans.highest(near), spans.means(near)
    rows = meaning.rows.astype(np.float64)
    steps = np.array([0.0, *(rows[1:] * rows[:-1]).sum(axis=1)])
    inner_steps = np.maximum(spans.counts - 1, 1.0)
    directions = np.array([meaning.direction_of(a, b) for a, b in zip(spans.first, spans.end, strict=True)])
    count = rows.shape[0]
    before = [meaning.direction_of(max(0, a - NEIGHBOUR_SENTENCE_COUNT), a) for a in spans.first]
    after = [meaning.direction_of(b, min(count, b + NEIGHBOUR_SENTENCE_COUNT)) for b in spans.end]
    first_rows, last_rows = rows[spans.first], rows[spans.end - 1]
    cohering = {
        "near_before": np.where(spans.first > 0, (directions * np.array(before)).sum(axis=1), np.nan),
        "near_after": np.where(spans.end < count, (directions * np.array(after)).sum(axis=1), np.nan),
        "step": (spans.sums(steps) - steps[spans.first]) / inner_steps,
        "first_to_last": (first_rows * last_rows).sum(axis=1),
        "first_to_all": (first_rows * directions).sum(axis=1),
        "last_to_all": (last_rows * directions).sum(axis=1),
    }
    features |= {
        name: np.where(spans.counts >= MIN_COHERENT_SENTENCES, values, np.nan) for name, values in cohering.items()
    }
    features["near_video"] = directions @ meaning.centre
    return features
