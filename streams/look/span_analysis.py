"""Analyses one span: sparse frames from the child, faces and persons, stored thumbnails."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from core.media.sandbox.parent import run_child
from core.ports.stores import Objects
from schemas.common import Face
from schemas.documents.scene import Person
from schemas.documents.span import SeenPicture, SeenSpan, ShotChange, Thumbnail
from schemas.events import SpanPlanned
from streams.look.shot_changes import unrefined_ranges
from streams.vision.analysis_input import AnalysisInput
from streams.vision.canvas import Canvas
from streams.vision.face_detection import find_faces, model_names
from streams.vision.person_detection import faceless, find_persons

MODEL = "luma-shots-2"
MIN_FACE_SCORE = 0.5
"""Minimum score of a face: a sparse frame has no neighbours to confirm a doubtful one."""


async def analyse_span(span: SpanPlanned, inputs: AnalysisInput, *, objects: Objects, prefix: str) -> SeenSpan:
    """Analyse a span; the result is empty where the source has no video. Thumbnails go under ``prefix``.

    Raises InputRejected (the video cannot be decoded) and Unavailable (store, face detector).
    """
    if inputs.index.video is None or not span.has_video:
        return SeenSpan(
            ordinal=span.ordinal, range=span.range, pictures=[], shots=[], thumbnails=[], model=MODEL, compute_ms=0
        )
    answer = await _decode_sparsely(span, inputs)
    count, pictures, report = len(answer["pictures"]), inputs.scratch / "faces.raw", inputs.report
    canvas = msgspec.convert(answer["canvas"], Canvas)
    face_detections = await find_faces(
        inputs.faces, pictures, canvas, count, least_score=MIN_FACE_SCORE, report=report, counted=count
    )
    persons = await find_persons(
        inputs.landmarks,
        pictures,
        canvas,
        faceless(face_detections.faces),
        report=report,
        counted=2 * count,
        warn=inputs.warn,
    )
    shots = msgspec.convert(answer["shots"], list[ShotChange])
    return SeenSpan(
        ordinal=span.ordinal,
        range=span.range,
        pictures=_seen_pictures(answer, face_detections.faces, persons.by_place),
        shots=shots,
        not_looked_at=unrefined_ranges(shots),
        thumbnails=await _store_thumbnails(
            msgspec.convert(answer["thumbnails"], list[int]), inputs.scratch, objects, prefix
        ),
        model=model_names(MODEL, face_detections.model, persons.model),
        compute_ms=answer["cpu_ms"] + face_detections.compute_ms + persons.compute_ms,
    )


def _seen_pictures(
    answer: Mapping[str, Any], faces: Sequence[list[Face]], persons: Mapping[int, list[Person]]
) -> list[SeenPicture]:
    return [
        SeenPicture(
            at_ms=at_ms, brightness=brightness, difference=difference, faces=picture_faces,
            persons=persons.get(place, []), screen=screen,
        )
        for place, ((at_ms, brightness, difference), picture_faces, screen) in enumerate(
            zip(answer["pictures"], faces, answer["screens"], strict=True)
        )
    ]  # fmt: skip


async def _decode_sparsely(span: SpanPlanned, inputs: AnalysisInput) -> dict[str, Any]:
    index_path = inputs.scratch / "index.json"
    await asyncio.to_thread(index_path.write_bytes, msgspec.json.encode(inputs.index))
    args = {"index": str(index_path), "scratch": str(inputs.scratch)} | msgspec.to_builtins(span.range)
    return await run_child(
        "streams.look.child:main", args, scratch=inputs.scratch, source=inputs.source, report=inputs.report
    )


async def _store_thumbnails(times: list[int], scratch: Path, objects: Objects, prefix: str) -> list[Thumbnail]:
    thumbnails = []
    for at_ms in times:
        image = await objects.put_file(prefix, scratch / f"thumbnail-{at_ms}.jpg", "image/jpeg", ".jpg")
        thumbnails.append(Thumbnail(at_ms=at_ms, image=image))
    return thumbnails
