"""The operations that a person may request on a clip's edit, as values; `apply_edit` carries them out."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from schemas.common import Aspect, Value
from schemas.documents.edit import (
    MAX_CROP_KEYS,
    MAX_GAIN_DB,
    MAX_SPEED,
    MAX_TEXT_CHARACTERS,
    MIN_GAIN_DB,
    MIN_SPEED,
    CropKey,
    SegmentId,
)
from schemas.options.caption_template_overrides import TemplateOverrides
from schemas.options.clip_look import ClipLook

Ms = Annotated[int, Meta(ge=0, le=2**42)]
Index = Annotated[int, Meta(ge=0, le=2**31)]


class _Operation(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="op"):
    """Base of all: told apart by ``op``."""


class Trim(_Operation, frozen=True, kw_only=True, tag="trim"):
    """Begin or end a segment elsewhere in the source: later or earlier, so it may also become longer."""

    segment_id: SegmentId
    start_ms: Ms | None = None
    end_ms: Ms | None = None


class DeleteWords(_Operation, frozen=True, kw_only=True, tag="delete_words"):
    """Take out ``words[first_word:end_word]`` of the transcript, wherever they are played."""

    first_word: Index
    end_word: Index


class DropFillers(_Operation, frozen=True, kw_only=True, tag="drop_fillers"):
    """Take out the sounds of hesitation."""


class DropPauses(_Operation, frozen=True, kw_only=True, tag="drop_pauses"):
    """Shorten each pause between words that lasts longer than ``longer_than_ms`` to ``leave_ms``."""

    longer_than_ms: Annotated[int, Meta(ge=200, le=10_000)] = 700
    """Pauses longer than this are shortened."""
    leave_ms: Annotated[int, Meta(ge=120, le=5_000)] = 250
    """Length of a pause afterwards."""


class Split(_Operation, frozen=True, kw_only=True, tag="split"):
    """Make two of a segment, at a moment of the source; the first keeps the id."""

    segment_id: SegmentId
    at_ms: Ms
    """Moment of the source, in ms of the project's time line."""


class Join(_Operation, frozen=True, kw_only=True, tag="join"):
    """Make one of a segment and the one played after it; what lies between them in the source comes back."""

    segment_id: SegmentId


class Move(_Operation, frozen=True, kw_only=True, tag="move"):
    """Play a segment before another; without ``before`` at the end."""

    segment_id: SegmentId
    before: SegmentId | None = None
    """Segment to play it before; null: at the end."""


class Insert(_Operation, frozen=True, kw_only=True, tag="insert"):
    """Add a range of the source before a segment; without ``before`` at the end."""

    start_ms: Ms
    end_ms: Ms
    before: SegmentId | None = None
    """Segment to play it before; null: at the end."""


class Remove(_Operation, frozen=True, kw_only=True, tag="remove"):
    """Play a segment no more."""

    segment_id: SegmentId


class Speed(_Operation, frozen=True, kw_only=True, tag="speed"):
    """Play a segment faster or slower; voices keep their pitch."""

    segment_id: SegmentId
    speed: Annotated[float, Meta(ge=MIN_SPEED, le=MAX_SPEED)]


class Mute(_Operation, frozen=True, kw_only=True, tag="mute"):
    """Mute a segment and hide its captions, or undo that; a text of your own stays."""

    segment_id: SegmentId
    muted: bool = True


class Gain(_Operation, frozen=True, kw_only=True, tag="gain"):
    """Play a segment louder or softer than the others."""

    segment_id: SegmentId
    gain_db: Annotated[float, Meta(ge=MIN_GAIN_DB, le=MAX_GAIN_DB)]


class Style(_Operation, frozen=True, kw_only=True, tag="style"):
    """Show a segment's captions by a template of its own; without ``template`` as the export's again."""

    segment_id: SegmentId
    template: Annotated[str, Meta(max_length=40)] | None = None
    overrides: TemplateOverrides = TemplateOverrides()
    """What is other than in that template."""


class Crop(_Operation, frozen=True, kw_only=True, tag="crop"):
    """Frame one aspect by hand: replaces all its crop keys; no keys restore the automatic framing."""

    aspect: Aspect
    keys: Annotated[list[CropKey], Meta(max_length=MAX_CROP_KEYS)]
    """Key frames in order of time; empty: the automatic framing."""


class Text(_Operation, frozen=True, kw_only=True, tag="text"):
    """Replace the words of a source range: an empty text hides them, null restores them."""

    start_ms: Ms
    end_ms: Ms
    text: Annotated[str, Meta(max_length=MAX_TEXT_CHARACTERS)] | None
    """Text to show; empty hides the words, null shows them again."""


class Look(_Operation, frozen=True, kw_only=True, tag="look"):
    """Change the look of the clip's exports: the parts that are named; null takes the whole look away."""

    look: ClipLook | None
    """Parts to change; null: exports look as the project's options say."""


class Restore(_Operation, frozen=True, kw_only=True, tag="restore"):
    """All as it was in an earlier version: undo, and redo."""

    version: Annotated[int, Meta(ge=1, le=2**31)]
    """Version of the edit to restore."""


Operation = (
    Trim
    | DeleteWords
    | DropFillers
    | DropPauses
    | Split
    | Join
    | Move
    | Insert
    | Remove
    | Speed
    | Mute
    | Gain
    | Style
    | Crop
    | Text
    | Look
    | Restore
)
