"""How far a cue or a word has come in, in small steps: each step is one drawn state. Pure; never draws."""

from __future__ import annotations

import math
from typing import NamedTuple

from core.domain.text.graphemes import clusters
from schemas.documents.export import CaptionCue
from schemas.options.caption_template import CaptionTemplate

ANIMATION_STEP_MS = 20
"""Shorter than a picture at 30 a second: no two pictures in a row show the same step of a motion."""
FILL_STEPS = 16
MAX_LETTER_MS = 45
"""The slowest a typewriter types; a word that is said faster is typed faster."""


class AnimationPhase(NamedTuple):
    """Steps done of coming in, and of being said."""

    enter: int = 0
    spoken: int = 0


def enter_steps(template: CaptionTemplate) -> int:
    """How many steps coming in takes; 0 where nothing moves."""
    return math.ceil(template.motion.duration_ms / ANIMATION_STEP_MS) if template.motion.enter != "none" else 0


def spoken_steps(template: CaptionTemplate, text: str) -> int:
    """How many steps a word takes to be said; 0 where its being said is not shown step by step."""
    if template.highlight.how == "fill":
        return FILL_STEPS
    return len(clusters(text)) if template.highlight.how == "type" else 0


def phase_at(template: CaptionTemplate, cue: CaptionCue, word: int, at_ms: float) -> AnimationPhase:
    """The phase of a cue whose word ``word`` is lit at ``at_ms``. The first step is shown from the very start."""
    lit = cue.words[word]
    since_ms = max(0.0, at_ms - lit.start_ms)
    moved_ms = since_ms if template.motion.per == "word" else max(0.0, at_ms - cue.start_ms)
    enter = min(enter_steps(template), int(moved_ms // ANIMATION_STEP_MS))
    steps = spoken_steps(template, lit.text)
    if not steps:
        return AnimationPhase(enter=enter)
    length_ms = max(1, lit.end_ms - lit.start_ms)
    if template.highlight.how == "type":
        length_ms = min(length_ms, steps * MAX_LETTER_MS)
    return AnimationPhase(enter=enter, spoken=min(steps, 1 + int(since_ms / length_ms * steps)))


def entrance_ratio(template: CaptionTemplate, phase: AnimationPhase) -> float:
    """How far something has come in, above 0 and up to 1."""
    return (phase.enter + 1) / (enter_steps(template) + 1)


def pop_scale(share: float) -> float:
    """Size while popping in: from two thirds, a little too large on the way, 1 at the end (the usual back easing)."""
    back = share - 1
    return 1 - (1 - 0.66) * (1 - (1 + 2.2 * back**3 + 1.2 * back**2))
