"""Runs the face detector over a file of canvas frames, in batches."""

from __future__ import annotations

import asyncio
from pathlib import Path

from core.ports.models import Faces, FacesFound
from core.progress import Report
from schemas.common import Face
from streams.vision.canvas import Canvas, read_batches, to_display

BATCH_FRAMES = 16
"""Frames of one request."""


async def find_faces(
    faces: Faces,
    path: Path,
    canvas: Canvas,
    count: int,
    *,
    least_score: float,
    report: Report | None = None,
    counted: int = 0,
) -> FacesFound:
    """Find faces with at least ``least_score`` in each of the ``count`` frames of ``path``.

    They are in display pixels. The cost is the detector's own, summed. ``report`` gets ``counted`` plus the frames that
    are done. Raises Unavailable if the detector does not answer.
    """
    batches = read_batches(path, canvas, count, BATCH_FRAMES)
    frame_faces: list[list[Face]] = []
    model, compute_ms = "", 0
    while (batch := await asyncio.to_thread(next, batches, None)) is not None:
        answer = await faces.detect(batch)
        model, compute_ms = answer.model, compute_ms + answer.compute_ms
        for picture in answer.faces:
            frame_faces.append(to_display([face for face in picture if face.score >= least_score], canvas))
        if report is not None:
            report(counted + len(frame_faces))
    return FacesFound(faces=frame_faces, model=model, compute_ms=compute_ms)


def model_names(*names: str) -> str:
    """Join the names of the detectors and models of an analysis; empty names are left out."""
    return ", ".join(name for name in names if name)
