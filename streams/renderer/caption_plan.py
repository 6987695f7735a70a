"""Which cues an export shows, in which template, on which clock: follows from the job. Opens nothing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction

import msgspec

from core.domain.editing.clock import takes
from core.domain.editing.output_words import ranges_out, words_out
from core.domain.text.unspaced_scripts import phrased
from schemas.common import TimeRange
from schemas.documents.edit import CaptionStyle, Piece
from schemas.documents.export import CaptionCue
from schemas.options.caption_template import CaptionTemplate
from schemas.options.presets import PresetName, presets
from streams.renderer.captions.burn_in import fitting, rules_for
from streams.renderer.captions.cue_builder import make_cues
from streams.renderer.captions.look import CaptionLook, look_for
from streams.renderer.job import RenderTask
from streams.renderer.timeline.frame_rate import LEAST
from streams.renderer.timeline.slots import OUTPUT_SIZES, Timeline, timeline_of
from streams.renderer.typography.bidi_words import kept_together
from streams.renderer.typography.font_fallback import drawable, form_of, lacks


def least_rate(preset: PresetName | None) -> Fraction:
    """Pictures a second that a platform wants at least."""
    return max(LEAST, Fraction(presets()[preset].rate[0])) if preset else LEAST


def clock_of(task: RenderTask, played: Sequence[Piece]) -> Timeline:
    """The output's clock until the clip ends. Raises as `timeline_of`."""
    return timeline_of(played, task.index, least_rate(task.options.preset))


def templates_of(task: RenderTask) -> list[CaptionTemplate | None]:
    """All that the task's captions are shown by, the clip's first."""
    return [task.template, *(piece.style.resolved() for piece in task.pieces if piece.style)]


def look_of(task: RenderTask, style: CaptionStyle | None = None) -> CaptionLook:
    """How the task's captions look, or those of a piece that has a style of its own."""
    language = form_of(task.language, "".join(word.text for word in task.words))
    template = style.resolved() if style else task.template
    look = look_for(*OUTPUT_SIZES[task.plan.aspect], template, language)
    return msgspec.structs.replace(look, own_fonts=task.brand.fonts if task.brand else {})


def looks_of(task: RenderTask, cues: Sequence[CaptionCue], played: Sequence[Piece]) -> list[CaptionLook]:
    """How each cue looks: as the piece it is shown in."""
    if not any(piece.style for piece in played):
        return [look_of(task)] * len(cues)
    ends = [piece.output_end_ms for piece in played]
    numbers = [bisect_right(ends, (cue.start_ms + cue.end_ms) / 2) for cue in cues]
    return [look_of(task, played[min(number, len(played) - 1)].style) for number in numbers]


def cues_of(task: RenderTask, played: Sequence[Piece]) -> tuple[list[CaptionCue], list[str]]:
    """The cues to burn, on the output's clock, in letters that the shipped fonts have."""
    if not task.captions or task.encoding.file.video is None:
        return [], []
    known = [msgspec.structs.replace(word, text=drawable(word.text)) for word in task.words]
    cues: list[CaptionCue] = []
    for take in takes(played):  # no cue goes on from one to the next
        look = look_of(task, take[0].style)
        time = TimeRange(start_ms=round(take[0].output_start_ms), end_ms=round(take[-1].output_end_ms))
        doubtful = ranges_out(task.doubtful, take)
        words = kept_together(phrased(words_out(known, take), task.language), task.language)
        cues += make_cues(words, time, fitting(look), rules_for(look), doubtful=doubtful)
    lost = sum(lacks(word.text) for word in words_out(task.words, played))
    return cues, [f"captions.letters: {lost} words have letters that the shipped fonts lack"] if lost else []
