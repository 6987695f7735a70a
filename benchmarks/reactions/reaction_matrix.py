"""Features of ranges before reactions and of ranges far from them, as the product measures them.

Scores nothing. Two samples of each text: ``before`` are 25 s that end where listeners react, or far from it, as
``benchmarks.ranking.score_laughter`` takes them; ``inside`` lays the text out in windows of 20 to 45 s, in or right
behind which they react or not: that is what the product's windows are. Measured texts are kept in the cache folder.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from benchmarks.posting.posting_matrix import MeasuredText, embed, measure_text
from benchmarks.ranking import score_texts
from benchmarks.ranking.score_laughter import APART_MS, BEFORE_MS, CALM_MS, SOON_MS, MarkedSpeech
from benchmarks.reactions.reaction_texts import ReactionText, list_reactions_ms
from local.config.paths import cache_dir
from schemas.common import TimeRange
from schemas.documents.transcript import Transcript
from streams.detect.sentences import split_sentences
from streams.detect.timeline import ProjectAnalysis

LAYOUT_MS = (20_000, 26_000, 32_000, 38_000)
"""Least lengths of the windows that a text is laid out in, one after the other."""
MAX_WINDOW_MS = 45_000
LATE_MS = 3_000
"""A reaction so soon behind a window is one to it."""
EARLY_MS = 5_000
"""A reaction so soon after its begin is one to what came before."""
MEASURE_NAME = "1"
"""A change of what is measured is a new name: kept measurements then count no more."""


class ReactionSample(msgspec.Struct, frozen=True, kw_only=True):
    """Ranges of a text, and whether listeners react to each."""

    ranges: list[TimeRange]
    reacted: list[bool]


def analysis_of(speech: MarkedSpeech) -> ProjectAnalysis:
    """What detect is given: words alone."""
    duration_ms = speech.words[-1].end_ms + score_texts.TURN_PAUSE_MS
    transcript = Transcript(
        language="en", language_probability=1.0, duration_ms=duration_ms, words=speech.words, segments=[], speech=[],
        model="a transcript",
    )  # fmt: skip
    return ProjectAnalysis(duration_ms=duration_ms, transcript=transcript, heard=[], seen=[])


def sample_before(speech: MarkedSpeech, reactions_ms: Sequence[int]) -> ReactionSample:
    """Ranges that end where listeners react, and those that are far from it."""
    ranges: list[TimeRange] = []
    reacted: list[bool] = []
    for sentence in split_sentences(speech.words, analysis_of(speech).duration_ms):
        end_ms = sentence.end_ms
        soon = any(end_ms - SOON_MS <= at <= end_ms + SOON_MS for at in reactions_ms)
        calm = not any(end_ms - BEFORE_MS <= at <= end_ms + CALM_MS for at in reactions_ms)
        if end_ms < BEFORE_MS or not (soon or calm) or (ranges and end_ms - ranges[-1].end_ms < APART_MS):
            continue
        ranges.append(TimeRange(start_ms=end_ms - BEFORE_MS, end_ms=end_ms))
        reacted.append(soon)
    return ReactionSample(ranges=ranges, reacted=reacted)


def sample_inside(speech: MarkedSpeech, reactions_ms: Sequence[int]) -> ReactionSample:
    """The whole text in windows of whole sentences, and whether listeners react in or right behind each."""
    ranges: list[TimeRange] = []
    lengths = itertools.cycle(LAYOUT_MS)
    start_ms, least_ms = -1, next(lengths)
    for sentence in split_sentences(speech.words, analysis_of(speech).duration_ms):
        start_ms = sentence.start_ms if start_ms < 0 else start_ms
        if sentence.end_ms - start_ms < least_ms:
            continue
        if sentence.end_ms - start_ms <= MAX_WINDOW_MS:
            ranges.append(TimeRange(start_ms=start_ms, end_ms=sentence.end_ms))
        start_ms, least_ms = -1, next(lengths)
    reacted = [any(part.start_ms + EARLY_MS <= at <= part.end_ms + LATE_MS for at in reactions_ms) for part in ranges]
    return ReactionSample(ranges=ranges, reacted=reacted)


class MeasuredReactions(msgspec.Struct, frozen=True, kw_only=True):
    """One text's ranges with their features: first those of ``before``, then those of ``inside``."""

    text: ReactionText
    before: ReactionSample
    inside: ReactionSample
    measured: MeasuredText


def measure_speech(text: ReactionText, reactions_ms: Sequence[int]) -> MeasuredReactions:
    """Measure one text, or take it from the cache where it was measured before."""
    folder = cache_dir(os.environ) / "reactions"
    folder.mkdir(parents=True, exist_ok=True)
    before, inside = sample_before(text.speech, reactions_ms), sample_inside(text.speech, reactions_ms)
    key = msgspec.json.encode([MEASURE_NAME, text.speech, before, inside])
    path = folder / f"{hashlib.sha256(key).hexdigest()[:32]}.npz"
    if path.exists():
        stored = np.load(path)
        measured = MeasuredText(
            name=text.name,
            features={name[2:]: stored[name] for name in stored.files if name.startswith("r.")},
            candidates={name[2:]: stored[name] for name in stored.files if name.startswith("c.")},
        )
    else:
        measured = measure_text(text.name, embed([analysis_of(text.speech)])[0], [*before.ranges, *inside.ranges])
        partial = path.with_suffix(".partial.npz")
        of_ranges = {f"r.{name}": values for name, values in measured.features.items()}
        np.savez(partial, **of_ranges, **{f"c.{name}": values for name, values in measured.candidates.items()})
        partial.rename(path)
    return MeasuredReactions(text=text, before=before, inside=inside, measured=measured)


def measure_reactions(texts: Sequence[ReactionText]) -> Iterator[MeasuredReactions]:
    """Measure texts one after the other; one run of the model gives the vectors of all their sentences."""
    embed([analysis_of(text.speech) for text in texts])
    for text in texts:
        yield measure_speech(text, list_reactions_ms(text.speech))
