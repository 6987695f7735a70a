"""The inputs of every visual analysis: source, models, scratch folder, progress."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from core.media.sandbox.source_handle import SourceHandle
from core.ports.models import Faces, Landmarks
from core.progress import Report
from schemas.documents.source import SourceIndex


class AnalysisInput(msgspec.Struct, frozen=True, kw_only=True):
    """A source with its index, the models that find faces and persons in it, and where to report."""

    index: SourceIndex
    source: SourceHandle
    faces: Faces
    landmarks: Landmarks
    scratch: Path
    report: Report
    """Called with a counter that only grows."""
    warn: Callable[[str], None]
    """Called with a sentence about a part of the analysis that was left out."""
