"""Compares how clips begin and end with fixed and random windows of the same texts.

Judges borders only, not taste.

Whether a clip reaches its hook is decided by detect's own word lists: it says that the opening was looked for, not that
it works on people.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from benchmarks.ranking.ranking import borders
from benchmarks.ranking.score_rig import Labelled
from schemas.common import TimeRange, Word
from schemas.options.project import ProjectOptions
from streams.detect.features.text import find_hints
from streams.detect.lexicon import ENGLISH, normalise_lexicon_word
from streams.detect.pipeline import find_moments

SEED = 20_261_121
HOOK_MS = 3_000
FIXED_MS = 30_000
RANDOM_MS = (15_000, 60_000)
RANDOM_ROUNDS = 50


def fixed(duration_ms: int) -> list[TimeRange]:
    """Windows of 30 s, one after the other."""
    starts = range(0, max(1, duration_ms - FIXED_MS // 2), FIXED_MS)
    return [TimeRange(start_ms=at, end_ms=min(at + FIXED_MS, duration_ms)) for at in starts]


def anywhere(duration_ms: int) -> list[TimeRange]:
    """Windows of 15 to 60 s wherever."""
    rng = random.Random(SEED)
    lengths = [rng.randint(*RANDOM_MS) for _ in range(RANDOM_ROUNDS)]
    starts = [rng.randint(0, max(0, duration_ms - length)) for length in lengths]
    return [TimeRange(start_ms=a, end_ms=min(duration_ms, a + b)) for a, b in zip(starts, lengths, strict=True)]


def reaches_hook(part: TimeRange, words: Sequence[Word]) -> bool:
    """Whether a question, a number, a contrast, a strong word or the listener comes within 3 s."""
    opening = [word for word in words if part.start_ms <= word.start_ms < part.start_ms + HOOK_MS]
    text = " ".join(word.text.strip() for word in opening)
    return bool(find_hints([normalise_lexicon_word(word.text) for word in opening], text, ENGLISH))


def shares(texts: Sequence[Labelled]) -> Iterator[str]:
    """The table, over the clips of all texts."""
    totals: dict[str, dict[str, list[float]]] = {}
    counts: dict[str, list[int]] = {}
    for text in texts:
        assert text.material.transcript is not None
        words, duration_ms = text.material.transcript.words, text.material.duration_ms
        ours = [
            moment.range for moment in find_moments(text.material, ProjectOptions(), str).moments if moment.selected
        ]
        ways = {"clipstream": ours, "fixed 30 s": fixed(duration_ms), "random": anywhere(duration_ms)}
        for way, parts in ways.items():
            counts.setdefault(way, []).append(len(parts))
            measured = borders(parts, words, duration_ms) if parts else {}
            if parts:
                hooked = [reaches_hook(part, words) for part in parts]
                measured = measured | {"a hook within 3 s": sum(hooked) / len(hooked)}
            for name, value in measured.items():
                totals.setdefault(way, {}).setdefault(name, []).append(value)
    yield "how clips begin and end (mean over the texts)"
    for way, rows in totals.items():
        yield f"  {way} ({', '.join(str(count) for count in counts[way])} clips)"
        yield from (f"    {name:<28} {100 * sum(values) / len(values):5.0f} %" for name, values in rows.items())
