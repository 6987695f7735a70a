"""What the render child is told and what it tells; clock, look and cues, which follow from that. Opens nothing."""

from __future__ import annotations

from pathlib import Path

from schemas.common import TimeRange, Value, Word
from schemas.documents.edit import Piece
from schemas.documents.export import Certificate, Chunk, Sprite, ThumbnailScores
from schemas.documents.frame_plan import FramePlan
from schemas.documents.source import SourceIndex
from schemas.options.caption_template import CaptionTemplate
from schemas.options.export import ExportOptions
from streams.renderer.branding.brand_assets import BrandAssets
from streams.renderer.codecs import Encoding
from streams.renderer.segments.packets import EarlierFile

VIDEO_FILE, THUMBNAIL_FILE = "clip.mp4", "thumbnail.jpg"
"""Names in the scratch folder; another kind of file has another suffix (`clip_file`)."""


class RenderJob(Value, frozen=True, kw_only=True):
    """Everything the child is told; the same task gives the same bytes."""

    plan: FramePlan
    index: SourceIndex
    pieces: list[Piece] = []
    """What is played, in order; none: the plan's range as it is."""
    words: list[Word] = []
    """Of the source, as the doubtful stretches."""
    doubtful_ranges: list[TimeRange] = []
    """Stretches whose words are not trusted."""
    captions: bool = True
    template: CaptionTemplate | None = None
    """How the captions look; None: the default."""
    language: str | None = None
    """Of what is said."""
    encoding: Encoding = Encoding()
    options: ExportOptions = ExportOptions()
    brand: BrandAssets | None = None
    """What a brand kit lays over the clip and plays around it; its files lie where the child may read."""
    title: str = ""
    """Written on the thumbnails, where that was asked for."""
    earlier_files: list[EarlierFile] = []
    """Finished files of the clip whose chunks may be taken, the newest first."""


class RenderResult(Value, frozen=True, kw_only=True):
    """What the child found; its files are `clip_file` and ``THUMBNAIL_FILE`` in its scratch folder."""

    certificate: Certificate
    thumbnails: list[ThumbnailScores] = []
    """Of the candidates, best first; their files are `candidate_file`."""
    storyboard: Sprite | None = None
    """Of ``STORYBOARD_FILE``."""
    stems: list[str] = []
    """Names of those that lie in the folder too."""
    check_cpu_ms: int = 0
    """Processor time of the look at the finished file."""
    chunks: list[Chunk] = []
    """What a later export may take of the file."""
    threads: int = 1
    """Of the encoder."""


def clip_file_name(encoding: Encoding) -> str:
    """Name of the clip's file in the scratch folder."""
    return Path(VIDEO_FILE).stem + encoding.file.suffix
