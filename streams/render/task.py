"""What the render child is told and what it tells; clock, look and cues, which follow from that. Opens nothing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import msgspec

from schemas.chunks import Chunk
from schemas.documents import CaptionCue, Certificate, FramePlan, SourceIndex
from schemas.edit import CaptionStyle, Piece
from schemas.edit_clock import takes
from schemas.edited import ranges_out, words_out
from schemas.export_options import ExportOptions
from schemas.media import TimeRange, Value, Word
from schemas.phrases import phrased
from schemas.presets import PresetName, presets
from schemas.templates import CaptionTemplate
from schemas.thumbnails import Sprite, ThumbnailScores
from streams.render.both_ways import kept_together
from streams.render.captions import fitting, rules_for
from streams.render.codecs import Encoding
from streams.render.cues import make_cues
from streams.render.dress import Dress
from streams.render.earlier import EarlierFile
from streams.render.edl import OUTPUT_SIZES, Timeline, timeline_of
from streams.render.layout import CaptionLook, look_for
from streams.render.rates import LEAST
from streams.render.typeface import drawable, form_of, lacks

VIDEO_FILE, THUMBNAIL_FILE = "clip.mp4", "thumbnail.jpg"
"""Names in the scratch folder; another kind of file has another suffix (`clip_file`)."""


class RenderTask(Value, frozen=True, kw_only=True):
    """Everything the child is told; the same task gives the same bytes."""

    plan: FramePlan
    index: SourceIndex
    pieces: list[Piece] = []
    """What is played, in order; none: the plan's range as it is."""
    words: list[Word] = []
    """Of the source, as the doubtful stretches."""
    doubtful: list[TimeRange] = []
    """Stretches whose words are not trusted."""
    captions: bool = True
    template: CaptionTemplate | None = None
    """How the captions look; None: the default."""
    language: str | None = None
    """Of what is said."""
    encoding: Encoding = Encoding()
    options: ExportOptions = ExportOptions()
    brand: Dress | None = None
    """What a brand kit lays over the clip and plays around it; its files lie where the child may read."""
    title: str = ""
    """Written on the thumbnails, where that was asked for."""
    earlier: list[EarlierFile] = []
    """Finished files of the clip whose chunks may be taken, the newest first."""


class Rendered(Value, frozen=True, kw_only=True):
    """What the child found; its files are `clip_file` and ``THUMBNAIL_FILE`` in its scratch folder."""

    certificate: Certificate
    thumbnails: list[ThumbnailScores] = []
    """Of the candidates, best first; their files are `candidate_file`."""
    storyboard: Sprite | None = None
    """Of ``STORYBOARD_FILE``."""
    stems: list[str] = []
    """Names of those that lie in the folder too."""
    looked_cpu_ms: int = 0
    """Processor time of the look at the finished file."""
    chunks: list[Chunk] = []
    """What a later export may take of the file."""
    threads: int = 1
    """Of the encoder."""


def clip_file(encoding: Encoding) -> str:
    """Name of the clip's file in the scratch folder."""
    return Path(VIDEO_FILE).stem + encoding.file.suffix


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
