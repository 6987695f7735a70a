"""Everything the checks may look at: the file, and what it was meant to be. Data only."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.common import Value, Word
from schemas.documents.export import CaptionCue
from schemas.documents.frame_plan import FramePlan
from schemas.documents.quality import Limits
from schemas.options.caption_template import CaptionTemplate
from schemas.options.file_formats import FileKind
from schemas.options.presets import PresetName
from streams.render.quality.probe import Film
from streams.render.quality.reference_frames import Witness
from streams.renderer.audio.loudness import Sound
from streams.renderer.timeline.slots import OutputTimeline

FIRST_LETTERS_MS = 160
NO_PICTURES = "the file is sound alone"
NO_CAPTIONS = "there are no captions"


class Meant(Value, frozen=True, kw_only=True):
    """What the file was meant to be."""

    plan: FramePlan
    timeline: OutputTimeline
    size_px: tuple[int, int]
    sound: Sound
    """As it was given to the encoder."""
    witness: Witness
    cues: Sequence[CaptionCue] = ()
    """On the output's clock, as the words."""
    words: Sequence[Word] = ()
    comes_in_ms: int = 0
    """How long a caption takes to come in: its letters need not all be there before."""
    limits: Limits = Limits()
    file: FileKind = FileKind()
    preset: PresetName | None = None
    count: int | None = None
    """Pictures that the file has, where not every slot is one; None: all of them."""
    looked_at: frozenset[int] | None = None
    """Slots that can be compared with what was painted, where not all can."""
    source_lost: bool = False
    """Whether some of its pictures could not be read: what stands still there is no choice of the source's."""


class Case(Value, frozen=True, kw_only=True):
    """A file beside what it was meant to be."""

    film: Film
    meant: Meant


def not_there(case: Case, otherwise: str) -> str:
    """Why pictures were not measured: the kind of file has none, or none to measure, or else ``otherwise``."""
    if case.meant.file.video is None:
        return NO_PICTURES
    return f"a preview as {case.meant.file.container}: not measured" if case.meant.file.is_preview else otherwise


def comes_in_ms(*templates: CaptionTemplate | None) -> int:
    """How long the captions of the slowest template take until enough of them is there to be seen in a few points."""
    return max(_comes_in_ms(one) for one in templates)


def _comes_in_ms(template: CaptionTemplate | None) -> int:
    if template is None:
        return 0
    bit_by_bit = template.highlight.how in ("reveal", "type")
    return max(template.motion.duration_ms, FIRST_LETTERS_MS if bit_by_bit else 0)
