"""The message to the render child and its answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from schemas.common import TimeRange, Value, Word
from schemas.documents.edit import PlacedSegment
from schemas.documents.export import Certificate, Chunk, Sprite, ThumbnailScores
from schemas.documents.frame_plan import FramePlan
from schemas.documents.source import SourceIndex
from schemas.options.caption_template import CaptionTemplate
from schemas.options.export_options import ExportOptions
from streams.renderer.branding.brand_assets import BrandAssets
from streams.renderer.codecs import Encoding

VIDEO_FILE, THUMBNAIL_FILE = "clip.mp4", "thumbnail.jpg"
"""Names in the scratch folder; another kind of file has another suffix (`clip_file`)."""


class EarlierFile(Value, frozen=True, kw_only=True):
    """A finished file of the same clip, where the child finds it, with its segments."""

    path: str
    threads: int
    chunks: list[Chunk]


class RenderJob(Value, frozen=True, kw_only=True):
    """Everything that decides an export's bytes: the same job gives the same bytes."""

    plan: FramePlan
    index: SourceIndex
    pieces: list[PlacedSegment] = []
    """Pieces to play, in order; empty: the plan's range, unedited."""
    words: list[Word] = []
    """Words on the source's clock."""
    doubtful_ranges: list[TimeRange] = []
    """Source ranges whose words are doubtful."""
    captions: bool = True
    template: CaptionTemplate | None = None
    """Caption template; None: the default."""
    language: str | None = None
    """Language of the words."""
    encoding: Encoding = Encoding()
    options: ExportOptions = ExportOptions()
    brand: BrandAssets | None = None
    """Brand kit to draw and play; its files lie where the child may read them."""
    test: bool = False
    """Whether the mark of what was made with a test key is drawn."""
    watermark: bool = False
    """Whether the plan's mark is drawn, in place of a test's."""
    title: str = ""
    """Drawn on the thumbnails; empty: no title."""
    earlier_files: list[EarlierFile] = []
    """Finished files of the clip whose segments may be reused, newest first."""


StemName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]+\Z")]
"""Part of a file's name, from a process that read hostile bytes: it names no folder."""


class RenderResult(Value, frozen=True, kw_only=True):
    """The child's result of one job; its files have the names of `clip_file_name` and ``THUMBNAIL_FILE``."""

    certificate: Certificate
    thumbnails: list[ThumbnailScores] = []
    """Scores of the thumbnail candidates, best first; their files are `thumbnail_file_name`."""
    storyboard: Sprite | None = None
    """The sprite in ``STORYBOARD_FILE``; None without one."""
    stems: list[StemName] = []
    """Names of the stems in the folder."""
    check_cpu_ms: int = 0
    """Processor time of the quality checks on the finished file."""
    chunks: list[Chunk] = []
    """Segments that a later export may reuse."""
    threads: int = 1
    """Threads of the encoder."""


def clip_file_name(encoding: Encoding) -> str:
    """Name of the clip's file in the scratch folder."""
    return Path(VIDEO_FILE).stem + encoding.file.suffix
