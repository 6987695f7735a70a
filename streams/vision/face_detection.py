"""Asks the face detector about a file of small pictures, in batches. Never opens media, never weighs faces."""

from __future__ import annotations

import asyncio
from pathlib import Path

from core.ports.models import Faces, FacesFound
from core.progress import Report
from schemas.common import Face
from streams.vision.canvas import Canvas, read_batches, to_display

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
) -> FacesFound:
    """Faces of each of the ``count`` pictures in ``path`` that score ``least_score`` or more, in display pixels.

    The cost is the detector's own, summed. ``report`` is told ``seen`` plus the pictures answered so far. Raises
    Unavailable when the detector does not answer.
    """
    batches = read_batches(path, canvas, count, BATCH)
    found: list[list[Face]] = []
    model, compute_ms = "", 0
    while (batch := await asyncio.to_thread(next, batches, None)) is not None:
        answer = await faces.detect(batch)
        model, compute_ms = answer.model, compute_ms + answer.compute_ms
        for picture in answer.faces:
            found.append(to_display([face for face in picture if face.score >= least_score], canvas))
        if report is not None:
            report(seen + len(found))
    return FacesFound(faces=found, model=model, compute_ms=compute_ms)


def model_names(*names: str) -> str:
    """What looked: the shot finder, and each model that was asked."""
    return ", ".join(name for name in names if name)
