"""The edit of a clip: what of the source is played, in which order and how. Frozen values; decides and plays nothing.

Two clocks: *source* ms are the project's time line, *output* ms count from the first picture of the edited clip.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import Aspect, CropBox, TimeRange, Value
from schemas.options.caption_template import CaptionTemplate, template_named
from schemas.options.caption_template_overrides import TemplateOverrides, overridden

MOST_SEGMENTS = 200
MOST_TEXTS = 200
MOST_KEYS = 200
SLOWEST, FASTEST = 0.25, 4.0
QUIETEST_DB, LOUDEST_DB = -24.0, 12.0
TEXT_SIGNS = 500
LEAST_MS = 100
"""A segment plays at least so long: the slowest exports show a picture every 100 ms."""
SegmentId = Annotated[str, Meta(pattern="^s[1-9][0-9]{0,5}$", description="s1, s2 …")]


class CropKey(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From ``at_ms`` (source ms) on the picture shows ``crop``, until the next key: a person's word over the plan's."""

    at_ms: Annotated[int, Meta(ge=0, le=2**42)]
    crop: CropBox
    """Part of the source picture to show."""
    ease: Literal["linear", "smooth", "cut"] = "cut"
    """How it comes from the crop of the key before: at once, evenly, or setting out and arriving slowly."""


class CaptionText(Value, frozen=True, kw_only=True):
    """What is shown instead of the words in a stretch of the source; an empty text hides them."""

    range: TimeRange
    text: str
    """Text to show; empty hides the words."""


class CaptionStyle(Value, frozen=True, kw_only=True):
    """How a segment's captions look, where they look otherwise than the clip's."""

    template: str
    template_version: int
    """As which version of itself: written out when the segment was given it."""
    overrides: TemplateOverrides = TemplateOverrides()

    def resolved(self) -> CaptionTemplate:
        """The template itself. Raises KeyError for one that this release does not have."""
        return overridden(template_named(self.template, self.template_version), self.overrides)


class EditSegment(Value, frozen=True, kw_only=True):
    """Plays a stretch of the source once. Its id stays its own over all versions."""

    segment_id: str
    range: TimeRange
    """Source ms; its ends lie in gaps between words."""
    speed: float = 1.0
    """2 is twice as fast; voices keep their pitch."""
    muted: bool = False
    gain_db: float = 0.0
    style: CaptionStyle | None = None
    """Of its captions; None: the export's own."""


class EditList(Value, frozen=True, kw_only=True):
    """One version of a clip's edit. The order of the segments is the order of playing."""

    version: int
    """1 is the machine's: the clip's own range in one segment."""
    base_version: int | None = None
    """The version it was made of."""
    transcript_version: int = 1
    """The transcript whose words the operations counted."""
    segments: list[EditSegment]
    crops: dict[Aspect, list[CropKey]] = {}
    """By shape; where there are none the machine frames."""
    captions: list[CaptionText] = []
    """In order of time, not overlapping."""


class Piece(Value, frozen=True, kw_only=True):
    """A segment on both clocks."""

    segment_id: str
    source: TimeRange
    output_start_ms: float
    speed: float = 1.0
    muted: bool = False
    gain_db: float = 0.0
    style: CaptionStyle | None = None
    texts: list[TimeRange] = []
    """Of a muted one: where a person wrote what is shown. Nothing else is: what is not heard is no caption."""

    @property
    def output_ms(self) -> float:
        """How long it plays."""
        return self.source.length_ms / self.speed

    @property
    def output_end_ms(self) -> float:
        """When the next one begins."""
        return self.output_start_ms + self.output_ms


def machine_edit(clip: TimeRange, transcript_version: int = 1) -> EditList:
    """The first version: the clip as it was found."""
    return EditList(
        version=1, transcript_version=transcript_version, segments=[EditSegment(segment_id="s1", range=clip)]
    )


def plain(edit: EditList) -> bool:
    """Whether it plays one stretch just as it is, so that there is nothing to do but to cut its ends."""
    first, *more = edit.segments
    as_it_is = (first.speed, first.muted, first.gain_db, first.style) == (1.0, False, 0.0, None)
    return not more and not edit.captions and as_it_is
