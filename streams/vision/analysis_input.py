"""What a look at pictures of a source needs, whoever looks. Looks at nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from core.media.sandbox.source_handle import SourceHandle
from core.ports.models import Faces, Landmarks
from core.progress import Report
from schemas.documents.source import SourceIndex


class Eyes(msgspec.Struct, frozen=True, kw_only=True):
    """A source, who finds faces and persons in it, room for its pictures, and who is told."""

    index: SourceIndex
    source: SourceHandle
    faces: Faces
    landmarks: Landmarks
    scratch: Path
    report: Report
    """Takes a counter that only grows."""
    warn: Callable[[str], None]
    """Takes a sentence on what had to be left out."""
