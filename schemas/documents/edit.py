"""The edit of a clip: which ranges of the source play, in which order and how. Pure data.

Two clocks: *source* ms are project time, *output* ms count from the first frame of the edited clip.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import Aspect, CropBox, TimeRange, Value
from schemas.options.caption_template import CaptionTemplate, template_named
from schemas.options.caption_template_overrides import TemplateOverrides, overridden
from schemas.options.clip_look import ClipLook

MAX_SEGMENTS = 200
MAX_TEXTS = 200
MAX_CROP_KEYS = 200
MIN_SPEED, MAX_SPEED = 0.25, 4.0
MIN_GAIN_DB, MAX_GAIN_DB = -24.0, 12.0
MAX_TEXT_CHARACTERS = 500
MIN_SEGMENT_MS = 100
"""Shortest output of a segment: the slowest exports show a frame every 100 ms."""
SegmentId = Annotated[str, Meta(pattern="^s[1-9][0-9]{0,5}$", description="s1, s2 …")]


class CropKey(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A crop that the export shows instead of its plan, from ``at_ms`` (source ms) to the next key."""

    at_ms: Annotated[int, Meta(ge=0, le=2**42)]
    crop: CropBox
    """Part of the source frame to show."""
    ease: Literal["linear", "smooth", "cut"] = "cut"
    """How the crop moves here from the previous key: at once, evenly, or with slow start and end."""


class CaptionText(Value, frozen=True, kw_only=True):
    """A text shown instead of the words in a source range; an empty text hides them."""

    range: TimeRange
    text: str
    """Text to show; empty hides the words."""


class CaptionStyle(Value, frozen=True, kw_only=True):
    """The look of a segment's captions, if it differs from the clip's."""

    template: str
    template_version: int
    """The template's version, fixed when the segment got it."""
    overrides: TemplateOverrides = TemplateOverrides()

    def resolved(self) -> CaptionTemplate:
        """The template with its overrides. Raises KeyError if this release does not have it."""
        return overridden(template_named(self.template, self.template_version), self.overrides)


class EditSegment(Value, frozen=True, kw_only=True):
    """Plays a range of the source once. Its id stays the same in all versions."""

    segment_id: str
    range: TimeRange
    """Source ms; its ends lie in gaps between words."""
    speed: float = 1.0
    """2 is twice as fast; voices keep their pitch."""
    muted: bool = False
    gain_db: float = 0.0
    style: CaptionStyle | None = None
    """Look of its captions; null: the export's."""


class EditList(Value, frozen=True, kw_only=True):
    """One version of a clip's edit. The order of the segments is the order of playing."""

    version: int
    """1 is the automatic version: the clip's range in one segment."""
    base_version: int | None = None
    """The version it was made from."""
    transcript_version: int = 1
    """The transcript version whose words the operations refer to."""
    segments: list[EditSegment]
    crops: dict[Aspect, list[CropKey]] = {}
    """By aspect; without keys the framing is automatic."""
    captions: list[CaptionText] = []
    """In order of time, not overlapping."""
    look: ClipLook | None = None
    """Look of exports that name none; null: as the project's options say."""


class PlacedSegment(Value, frozen=True, kw_only=True):
    """A segment on both clocks, source and output."""

    segment_id: str
    source: TimeRange
    output_start_ms: float
    speed: float = 1.0
    muted: bool = False
    gain_db: float = 0.0
    style: CaptionStyle | None = None
    texts: list[TimeRange] = []
    """Ranges of a muted segment that have a written text: words that are not audible get no caption."""

    @property
    def output_ms(self) -> float:
        """Duration in the output."""
        return self.source.length_ms / self.speed

    @property
    def output_end_ms(self) -> float:
        """Output time at which the next one begins."""
        return self.output_start_ms + self.output_ms


def machine_edit(clip: TimeRange, transcript_version: int = 1) -> EditList:
    """The first version: the clip's whole range in one segment."""
    return EditList(
        version=1, transcript_version=transcript_version, segments=[EditSegment(segment_id="s1", range=clip)]
    )


def is_single_unchanged_range(edit: EditList) -> bool:
    """Whether it plays one unchanged range, so that only the ends are cut."""
    first, *more = edit.segments
    unchanged = (first.speed, first.muted, first.gain_db, first.style) == (1.0, False, 0.0, None)
    return not more and not edit.captions and unchanged
