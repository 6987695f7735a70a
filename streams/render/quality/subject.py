"""The subject of the checks: the probed file, and the properties that it should have."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.common import Box, Value, Word
from schemas.documents.export import CaptionCue
from schemas.documents.frame_plan import FramePlan
from schemas.documents.quality import Limits
from schemas.options.caption_template import CaptionTemplate
from schemas.options.file_formats import FileKind
from schemas.options.presets import PresetName
from streams.render.quality.probe import ProbedFile
from streams.render.quality.reference_frames import ReferenceFrames
from streams.renderer.audio.loudness import Sound
from streams.renderer.timeline.slots import OutputTimeline

MIN_LETTERS_VISIBLE_MS = 160
"""Time until enough letters of a revealed or typed caption are visible."""
NO_VIDEO_REASON = "the file is sound alone"
NO_CAPTIONS_REASON = "there are no captions"


class Expectation(Value, frozen=True, kw_only=True):
    """The properties that the file should have."""

    plan: FramePlan
    timeline: OutputTimeline
    size_px: tuple[int, int]
    sound: Sound
    """The audio given to the encoder."""
    reference: ReferenceFrames
    cues: Sequence[CaptionCue] = ()
    """Cues and ``words`` are on the output clock."""
    words: Sequence[Word] = ()
    plates: Sequence[tuple[float, float, Box]] = ()
    """Start, end and box on the output of each caption with a plate behind it."""
    caption_entry_ms: int = 0
    """Time that a caption takes to enter: its letters need not be complete before."""
    limits: Limits = Limits()
    file: FileKind = FileKind()
    preset: PresetName | None = None
    frame_count: int | None = None
    """Frames in the file, where not every slot has one; None: one per slot."""
    comparable_slots: frozenset[int] | None = None
    """Slots with a reference frame, where not all have one."""
    is_source_lost: bool = False
    """Whether parts of the source could not be decoded: a still range there is a fault."""


class CheckSubject(Value, frozen=True, kw_only=True):
    """A file, and the properties that it should have."""

    probed: ProbedFile
    expected: Expectation


def unmeasured_reason(subject: CheckSubject, fallback: str) -> str:
    """Why frames were not measured: no video, an animated preview, or else ``fallback``."""
    if subject.expected.file.video is None:
        return NO_VIDEO_REASON
    return (
        f"a preview as {subject.expected.file.container}: not measured"
        if subject.expected.file.is_preview
        else fallback
    )


def caption_entry_ms(*templates: CaptionTemplate | None) -> int:
    """Time until enough of a caption is visible to be found, in the slowest template."""
    return max(_template_entry_ms(template) for template in templates)


def _template_entry_ms(template: CaptionTemplate | None) -> int:
    if template is None:
        return 0
    is_gradual = template.highlight.how in ("reveal", "type")
    return max(template.motion.duration_ms, MIN_LETTERS_VISIBLE_MS if is_gradual else 0)
