"""Features from what sentences mean and who says them: promise, substance, turns. Pure; absent where unknown."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from schemas.common import TimeRange
from schemas.documents.moments import Evidence
from streams.detect.features.base import Measured, number, quote, rounded
from streams.detect.semantics import HOUSEKEEPING, Meaning
from streams.detect.sentences import Sentence
from streams.detect.timeline import Timeline
from streams.detect.window import Window

LEAST_NEAR, NEAR = 0.05, 0.45
"""Cosine between a sentence and an example: below the first it is about something else, at the second it is alike."""
WISHED_FAR, WISHED_NEAR = 0.10, 0.50
"""The same between a sentence and what was asked for."""
OWN = 0.3
"""What the window's own nearest sentences count for what was asked for, beside what is said around it."""
AROUND, AROUND_SHARE = 15, 16
"""So many sentences before and behind a window are around it, but no more than a sixteenth of all."""
LIVELY_TURNS_PER_MIN = 8.0
TOGETHER = 0.7
"""Mean cosine between sentences and the rest of their window that only one subject has."""
FAR = 0.6
"""Distance (1 - cosine) from what the video is about on the whole at which a stretch is something else altogether."""


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A window's sentences, as indices among all of the video's."""

    first: int
    end: int

    def only(self, count: int) -> Placed:
        """The first so many of them."""
        return Placed(first=self.first, end=min(self.end, self.first + count))


def substance(window: Window, meaning: Meaning | None, at: Placed, courtesy: Callable[[Sentence], bool]) -> Measured:
    """How little of the sentences is greeting, thanks and housekeeping, by their words and by examples of it."""
    run = window.sentences[: at.end - at.first]
    lengths = np.array([s.end_word - s.first_word for s in run], dtype=np.float64)
    idle = np.array([1.0 if courtesy(s) else 0.0 for s in run])
    if meaning is not None and meaning.near:
        near = meaning.near[HOUSEKEEPING][at.first : at.end]
        idle = np.maximum(idle, np.clip((near - LEAST_NEAR) / (NEAR - LEAST_NEAR), 0.0, 1.0))
    share = float((idle * lengths).sum() / max(1.0, lengths.sum()))
    worst = run[int(idle.argmax())]
    part = TimeRange(start_ms=run[0].start_ms, end_ms=run[-1].end_ms)
    evidence: list[Evidence] = [number("housekeeping", part, share, "mean nearness, of 1")]
    if idle.max() > 0:
        evidence.append(quote("most_like_it", worst.start_ms, worst.end_ms, worst.text, round(float(idle.max()), 3)))
    return Measured(value=rounded(1.0 - share), evidence=evidence)


def holds_together(window: Window, meaning: Meaning | None, at: Placed) -> Measured | None:
    """How near each sentence is to all the others of the window, mean cosine; needs three of them."""
    if meaning is None or at.end - at.first < 3:
        return None
    near = meaning.to_others(at.first, at.end)
    odd = window.sentences[int(near.argmin())]
    evidence = [
        number("near_the_others", window.range, float(near.mean()), "mean cosine"),
        quote("least_near", odd.start_ms, odd.end_ms, odd.text, round(float(near.min()), 3), "cosine"),
    ]
    return Measured(value=rounded(float(near.mean()) / TOGETHER), evidence=evidence)


def distance(window: Window, meaning: Meaning | None, at: Placed) -> Measured | None:
    """How far the window is from what the video is about on the whole."""
    if meaning is None:
        return None
    cosine = float(meaning.of(at.first, at.end) @ meaning.centre)
    return Measured(
        value=rounded((1.0 - cosine) / FAR), evidence=[number("near_the_video", window.range, cosine, "cosine")]
    )


def turns(window: Window, timeline: Timeline) -> Measured | None:
    """Changes of speaker in a minute; absent where the video has not two known speakers."""
    if len(timeline.speakers) < 2:
        return None
    words = timeline.words[window.sentences[0].first_word : window.sentences[-1].end_word]
    who = [word.speaker for word in words if word.speaker is not None]
    if not who:
        return None
    changes = sum(one != other for one, other in itertools.pairwise(who))
    per_min = changes * 60_000 / window.range.length_ms
    evidence = [number("turns", window.range, per_min, "per minute", f"{len(set(who))} speakers")]
    return Measured(value=rounded(per_min / LIVELY_TURNS_PER_MIN), evidence=evidence)


def match(window: Window, meaning: Meaning | None, at: Placed) -> Measured | None:
    """How near the window comes to what was asked for: by its nearest sentences, and by what is talked of around it.

    Talk stays on a subject without naming it again: what lies around a window tells more than the window does.
    """
    if meaning is None or not len(meaning.wishes):
        return None
    table = meaning.rows[at.first : at.end] @ meaning.wished.T
    place, wish = (int(value) for value in np.unravel_index(int(table.argmax()), table.shape))
    best = np.sort(table[:, wish])[::-1]
    own = 0.6 * float(best[0]) + 0.4 * float(best[:3].mean())
    count = meaning.rows.shape[0]
    reach = min(AROUND, count // AROUND_SHARE)
    around = float(meaning.of(max(0, at.first - reach), min(count, at.end + reach)) @ meaning.wished[wish])
    cosine = OWN * own + (1.0 - OWN) * around
    found = window.sentences[place]
    evidence = [
        quote("asked_for", found.start_ms, found.end_ms, meaning.wishes[wish]),
        quote("nearest", found.start_ms, found.end_ms, found.text, round(float(best[0]), 3), "cosine"),
        number("around", window.range, around, "cosine", f"with {reach} sentences before and behind"),
    ]
    return Measured(value=rounded((cosine - WISHED_FAR) / (WISHED_NEAR - WISHED_FAR)), evidence=evidence)


def pieces(placed: Mapping[int, int], window: Window) -> Placed:
    """Where a window lies; ``placed``: first word of a sentence → its index."""
    return Placed(first=placed[window.sentences[0].first_word], end=placed[window.sentences[-1].first_word] + 1)
