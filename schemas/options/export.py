"""What a caller may ask of the files of a clip beside its shape and its captions: one tree, each part with defaults.

Stored with each export, carried by its events, written out in its certificate. Never encodes anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from schemas.common import Value
from schemas.options.audio import SoundWish, broken_sound_rules
from schemas.options.captions import CaptionWish, broken_caption_rules
from schemas.options.file_formats import FileKind, FileWish, broken_file_rules, file_of
from schemas.options.presets import PresetName, broken_preset_rules, filled


class ThumbnailWish(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How many candidates are wanted, and whether the clip's title stands on them."""

    count: Annotated[int, Meta(ge=1, le=6)] = 3
    """Number of candidates."""
    title: bool = False
    """Whether the clip's title stands on them."""


Quality = Literal["draft", "good", "best"]
"""``draft``: quickest, for a look; ``good``: to be posted; ``best``: small and clean, slow."""


class VideoWish(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How the pictures are encoded."""

    quality: Quality = "good"
    """`draft`: quickest; `good`: to be posted; `best`: small and clean, slow."""


class BrandPin(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Whose look the files have; the version is written out when the request is taken."""

    kit_id: UUID
    version: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    """None: the newest."""


class ExportOptions(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """All of them; what is left out is as it always was."""

    video: VideoWish = VideoWish()
    """How the picture is encoded."""
    sound: SoundWish = SoundWish()
    """How the sound is made."""
    captions: CaptionWish = CaptionWish()
    """Further options of captions and subtitles."""
    brand: BrandPin | None = None
    """Brand kit to apply."""
    file: FileWish = FileWish()
    """Container and codecs."""
    stems: bool = False
    """Whether sound comes beside the file too: the voice before anything is laid under it, and the final mix."""
    preset: PresetName | None = None
    """For which platform: it settles what is left open, and the finished file is held against its limits."""
    thumbnails: ThumbnailWish = ThumbnailWish()
    """Thumbnail candidates."""
    storyboard: bool = True
    """Whether a sprite for scrubbing comes beside the file."""


def broken_export_rules(options: ExportOptions, template_id: str) -> Mapping[str, str]:
    """Path of each option that is out of its range or does not go with another → what it must be; empty: all well.

    ``template_id``: of the captions.
    """
    broken = {f"sound/{name}": rule for name, rule in broken_sound_rules(options.sound)}
    broken |= {f"file/{name}": rule for name, rule in broken_file_rules(filled(options.file, options.preset)).items()}
    broken |= {f"file/{name}": rule for name, rule in broken_preset_rules(options.file, options.preset).items()}
    captions = broken_caption_rules(options.captions, template_id)
    broken |= {f"captions/{name}": rule for name, rule in captions.items()}
    if options.stems and not broken and file_for(options).audio is None:
        broken["stems"] = "false: a moving preview has no sound"
    return broken


def file_for(options: ExportOptions) -> FileKind:
    """The kind of file that is asked for, with what the preset settles."""
    return file_of(filled(options.file, options.preset))


def words_suffix(transcript_version: int | None) -> str:
    """What tells an export with corrected words from one with the machine's own, in the same name."""
    return f"/transcript-{transcript_version}" if transcript_version and transcript_version > 1 else ""


def export_suffix(options: ExportOptions) -> str:
    """What tells an export with these options from one without any, in the name that its id is made of."""
    if options == ExportOptions():
        return ""
    return f"/options-{hashlib.sha256(msgspec.json.encode(options, order='sorted')).hexdigest()[:12]}"
