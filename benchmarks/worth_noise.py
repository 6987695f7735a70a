"""How far small errors move the ranking: every feature of every window up to 5 % off. Judges no taste."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from benchmarks.worth_measures import FIRST, picks
from benchmarks.worth_rig import Labelled, window_of
from schemas.events import ProjectOptions
from schemas.worth import SubScoreName, default_weights
from streams.detect.measured import Measured
from streams.detect.signals import FEATURES, Raw, Scale, measure, read_whole, scales, score_of, weighted
from streams.detect.timeline import gather
from streams.detect.windows import spoken_windows

NOISE = 0.05
ROUNDS = 200
SEED = 20_261_121


def shaken(raw: Raw, rng: np.random.Generator) -> Raw:
    """The same sub-scores, each feature multiplied by 0.95 to 1.05."""
    found: dict[SubScoreName, Measured] = {}
    for name, one in raw.items():
        strengths = {each.part: each.strength or 0.0 for each in one.evidence}
        total = sum(FEATURES[name][part] for part in strengths)
        value = sum(
            FEATURES[name][part] * min(1.0, strength * rng.uniform(1 - NOISE, 1 + NOISE))
            for part, strength in strengths.items()
        )
        found[name] = Measured(value=value / total, evidence=[], measured=one.measured)
    return found


def first_five(raws: Sequence[Raw], scale: Mapping[SubScoreName, Scale], text: Labelled) -> set[int]:
    """The five best windows of a text."""
    table = default_weights().of("none", spoken=True)
    scores = np.array([score_of(weighted(raw, scale, table)) for raw in raws])
    return set(picks(scores, text.apart))


def changes(text: Labelled) -> list[int]:
    """How many of the first five are others, in each round."""
    timeline = gather(text.material)
    whole = read_whole(timeline, text.material.embedded)
    options = ProjectOptions()
    every = spoken_windows(timeline, min_ms=options.min_clip_ms, max_ms=options.max_clip_ms)
    scale = scales([measure(window, timeline, whole) for window in every])
    raws = [measure(window_of(timeline, part), timeline, whole) for part in text.ranges]
    kept = first_five(raws, scale, text)
    rng = np.random.default_rng(SEED)
    return [len(kept - first_five([shaken(raw, rng) for raw in raws], scale, text)) for _ in range(ROUNDS)]


def stability(texts: Sequence[Labelled]) -> Iterator[str]:
    """The table."""
    yield f"{100 * NOISE:.0f} % noise on every feature: how many of the first {FIRST} change ({ROUNDS} rounds)"
    for text in texts:
        found = np.array(changes(text))
        yield (
            f"  {text.name:<22} mean {found.mean():.2f}, at most 1 in {100 * (found <= 1).mean():.0f} % of the rounds, "
            f"most {found.max()}"
        )
