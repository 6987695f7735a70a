"""Asks the face detector about a file of small pictures, in batches. Never opens media, never weighs faces."""

from __future__ import annotations

import asyncio
from pathlib import Path

from schemas.media import Face
from streams.adapters.ports import Faces, Report
from streams.sight.canvas import Canvas, read_batches, to_display

BATCH = 16


async def find_faces(
    faces: Faces,
    path: Path,
    canvas: Canvas,
    count: int,
    *,
    least_score: float,
    report: Report | None = None,
    seen: int = 0,
) -> list[list[Face]]:
    """Faces of each of the ``count`` pictures in ``path`` that score ``least_score`` or more, in display pixels.

    ``report`` is told ``seen`` plus the pictures answered so far. Raises Unavailable when the detector does not answer.
    """
    batches = read_batches(path, canvas, count, BATCH)
    found: list[list[Face]] = []
    while (batch := await asyncio.to_thread(next, batches, None)) is not None:
        for picture in await faces.detect(batch):
            found.append(to_display([face for face in picture if face.score >= least_score], canvas))
        if report is not None:
            report(seen + len(found))
    return found
