"""Where the tests' real media lie. Fails, never skips, when they are absent."""

from __future__ import annotations

import os
from pathlib import Path

REPO = Path(__file__).resolve().parents[3]
LECTURE = REPO / "demo" / "physicsworks_lecture.webm"


def media(name: str) -> Path:
    """A file of the shared media, by its path there."""
    root = Path(os.environ.get("CLIPSTREAM_MEDIA", REPO.parent / "shared" / "media"))
    path = root / name
    assert path.exists(), f"{path} is missing: set CLIPSTREAM_MEDIA to the folder of the test media"
    return path
