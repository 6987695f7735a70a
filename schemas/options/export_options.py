"""Options of an export's files: encoding, sound, captions, brand, thumbnails. Pure data.

They are stored with each export, carried by its events and listed in its certificate.
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
    """Options of the thumbnails."""

    count: Annotated[int, Meta(ge=1, le=6)] = 3
    """Number of candidates."""
    title: bool = False
    """Whether they show the clip's title."""


Quality = Literal["draft", "good", "best"]
"""``draft``: fastest, for review; ``good``: for posting; ``best``: smallest and cleanest, slow."""


class VideoWish(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Options of the video encoding."""

    quality: Quality = "good"
    """`draft`: fastest; `good`: for posting; `best`: smallest and cleanest, slow."""


class BrandPin(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The brand kit of the files; its version is fixed when the request is accepted."""

    kit_id: UUID
    version: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    """Version of the kit; null: the newest."""


class ExportOptions(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """All options of an export; an omitted one keeps its default."""

    video: VideoWish = VideoWish()
    """Video encoding."""
    sound: SoundWish = SoundWish()
    """Sound."""
    captions: CaptionWish = CaptionWish()
    """Further options of captions and subtitles."""
    brand: BrandPin | None = None
    """Brand kit to apply."""
    file: FileWish = FileWish()
    """Container and codecs."""
    stems: bool = False
    """Whether two sound files are added: the voice alone, and the final mix."""
    preset: PresetName | None = None
    """Platform preset: it fills in omitted options, and the finished file is checked against its limits."""
    thumbnails: ThumbnailWish = ThumbnailWish()
    """Thumbnail candidates."""
    storyboard: bool = True
    """Whether a sprite for scrubbing is added."""


def as_draft(options: ExportOptions) -> ExportOptions:
    """The options with the fastest encoding: what a test key makes is for looking at."""
    return msgspec.structs.replace(options, video=msgspec.structs.replace(options.video, quality="draft"))


def broken_export_rules(options: ExportOptions, template_id: str) -> Mapping[str, str]:
    """Map the path of each invalid or conflicting option to its rule; empty if all are valid.

    ``template_id``: template of the captions.
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
    """The requested kind of file, completed by the preset."""
    return file_of(filled(options.file, options.preset))


def words_suffix(transcript_version: int | None) -> str:
    """The part of an export's name for corrected words; empty for the automatic transcript."""
    return f"/transcript-{transcript_version}" if transcript_version and transcript_version > 1 else ""


def watermark_suffix(*, watermark: bool) -> str:
    """The part of an export's name for the plan's mark: a marked file is another one."""
    return "/watermark" if watermark else ""


def export_suffix(options: ExportOptions) -> str:
    """The part of an export's name, from which its id is made, for these options; empty for none."""
    if options == ExportOptions():
        return ""
    return f"/options-{hashlib.sha256(msgspec.json.encode(options, order='sorted')).hexdigest()[:12]}"
