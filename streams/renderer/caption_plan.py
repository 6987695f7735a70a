"""Derives cues, their looks and the output timeline from a job. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction

import msgspec

from core.domain.editing.clock import group_takes
from core.domain.editing.output_words import ranges_out, words_out
from core.domain.text.unspaced_scripts import phrased
from schemas.common import TimeRange
from schemas.documents.edit import CaptionStyle, PlacedSegment
from schemas.documents.export import CaptionCue
from schemas.options.caption_template import CaptionTemplate
from schemas.options.presets import PresetName, presets
from streams.renderer.captions.burn_in import cue_rules_for, fits_look
from streams.renderer.captions.cue_builder import build_cues
from streams.renderer.captions.look import CaptionLook, build_look
from streams.renderer.job import RenderJob
from streams.renderer.timeline.frame_rate import MIN_RATE
from streams.renderer.timeline.slots import OUTPUT_SIZES, OutputTimeline, build_timeline
from streams.renderer.typography.bidi_words import group_bidi_words
from streams.renderer.typography.font_fallback import drop_undrawable, font_language, lacks_glyphs


def min_frame_rate(preset: PresetName | None) -> Fraction:
    """Lowest frame rate that a preset's platform accepts, in frames per second."""
    return max(MIN_RATE, Fraction(presets()[preset].rate[0])) if preset else MIN_RATE


def build_job_timeline(job: RenderJob, played: Sequence[PlacedSegment]) -> OutputTimeline:
    """Build the output timeline of the clip, without bumpers. Raises as `build_timeline`."""
    return build_timeline(played, job.index, min_frame_rate(job.options.preset))


def list_templates(job: RenderJob) -> list[CaptionTemplate | None]:
    """Every caption template that the job uses, the clip's first."""
    return [job.template, *(piece.style.resolved() for piece in job.pieces if piece.style)]


def resolve_look(job: RenderJob, style: CaptionStyle | None = None) -> CaptionLook:
    """The look of the job's captions, or of a segment with a style of its own."""
    language = font_language(job.language, "".join(word.text for word in job.words))
    template = style.resolved() if style else job.template
    look = build_look(*OUTPUT_SIZES[job.plan.aspect], template, language)
    return msgspec.structs.replace(look, own_fonts=job.brand.fonts if job.brand else {})


def resolve_cue_looks(job: RenderJob, cues: Sequence[CaptionCue], played: Sequence[PlacedSegment]) -> list[CaptionLook]:
    """The look of each cue: that of the segment in which the cue is shown."""
    if not any(piece.style for piece in played):
        return [resolve_look(job)] * len(cues)
    ends = [piece.output_end_ms for piece in played]
    numbers = [bisect_right(ends, (cue.start_ms + cue.end_ms) / 2) for cue in cues]
    return [resolve_look(job, played[min(number, len(played) - 1)].style) for number in numbers]


def build_job_cues(job: RenderJob, played: Sequence[PlacedSegment]) -> tuple[list[CaptionCue], list[str]]:
    """Build the cues to burn in, on the output clock, from letters that the shipped fonts have.

    Returns the cues and warnings about words that the fonts cannot draw.
    """
    if not job.captions or job.encoding.file.video is None:
        return [], []
    drawable_words = [msgspec.structs.replace(word, text=drop_undrawable(word.text)) for word in job.words]
    cues: list[CaptionCue] = []
    for take in group_takes(played):  # no cue goes on from one to the next
        look = resolve_look(job, take[0].style)
        time = TimeRange(start_ms=round(take[0].output_start_ms), end_ms=round(take[-1].output_end_ms))
        doubtful = ranges_out(job.doubtful_ranges, take)
        words = group_bidi_words(phrased(words_out(drawable_words, take), job.language), job.language)
        cues += build_cues(words, time, fits_look(look), cue_rules_for(look), doubtful=doubtful)
    undrawable_count = sum(lacks_glyphs(word.text) for word in words_out(job.words, played))
    return cues, [
        f"captions.letters: {undrawable_count} words have letters that the shipped fonts lack"
    ] if undrawable_count else []
