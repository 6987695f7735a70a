"""The progress of a cue's or word's entrance, in steps: each step is one drawn state. Pure."""

from __future__ import annotations

import math
from typing import NamedTuple

from core.domain.text.graphemes import clusters
from schemas.documents.export import CaptionCue
from schemas.options.caption_template import CaptionTemplate

ANIMATION_STEP_MS = 20
"""Shorter than a frame at 30 fps, so that two consecutive frames never show the same step."""
FILL_STEPS = 16
"""Steps in which a karaoke fill moves over a word."""
MAX_LETTER_MS = 45
"""Slowest typing speed of the typewriter; words spoken faster are typed faster."""


class AnimationPhase(NamedTuple):
    """Steps done of the entrance, and of the spoken word's highlight."""

    enter: int = 0
    spoken: int = 0


def enter_steps(template: CaptionTemplate) -> int:
    """Steps that the entrance takes; 0 without motion."""
    return math.ceil(template.motion.duration_ms / ANIMATION_STEP_MS) if template.motion.enter != "none" else 0


def spoken_steps(template: CaptionTemplate, text: str) -> int:
    """Steps of a word's highlight; 0 where it changes at once."""
    if template.highlight.how == "fill":
        return FILL_STEPS
    return len(clusters(text)) if template.highlight.how == "type" else 0


def phase_at(template: CaptionTemplate, cue: CaptionCue, word: int, at_ms: float) -> AnimationPhase:
    """The phase of a cue whose word ``word`` is spoken at ``at_ms``. The first step shows from the start."""
    lit_word = cue.words[word]
    since_ms = max(0.0, at_ms - lit_word.start_ms)
    moved_ms = since_ms if template.motion.per == "word" else max(0.0, at_ms - cue.start_ms)
    enter = min(enter_steps(template), int(moved_ms // ANIMATION_STEP_MS))
    steps = spoken_steps(template, lit_word.text)
    if not steps:
        return AnimationPhase(enter=enter)
    length_ms = max(1, lit_word.end_ms - lit_word.start_ms)
    if template.highlight.how == "type":
        length_ms = min(length_ms, steps * MAX_LETTER_MS)
    return AnimationPhase(enter=enter, spoken=min(steps, 1 + int(since_ms / length_ms * steps)))


def entrance_ratio(template: CaptionTemplate, phase: AnimationPhase) -> float:
    """Share of the entrance that is done, above 0 and up to 1."""
    return (phase.enter + 1) / (enter_steps(template) + 1)


def pop_scale(share: float) -> float:
    """Scale of the pop entrance: from two thirds, slightly above 1 on the way, 1 at the end (back easing)."""
    back = share - 1
    return 1 - (1 - 0.66) * (1 - (1 + 2.2 * back**3 + 1.2 * back**2))
