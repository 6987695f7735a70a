"""Runs the person detector over canvas frames that show no face, in batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.errors import Unavailable
from core.infra import telemetry
from core.ports.models import Landmarks, PersonsFound
from core.progress import Report
from schemas.common import Box, Face
from schemas.documents.scene import Person
from streams.runtime.stage import timed_in_thread
from streams.vision.canvas import Canvas

INPUT_SIDE_PX = 224
"""The side of the model's square input."""
MIN_CONFIRMED_SCORE = 0.68
"""Minimum mean score for a distant person to count as found: set on made halls (``benchmarks.vision.halls``)."""
BATCH_FRAMES = 32
"""Frames of one request."""
NO_PERSONS_WARNING = "Persons without a visible face were not looked for (the model did not answer)."


class PersonsByFrame(msgspec.Struct, frozen=True, kw_only=True):
    """Persons by frame number, in display pixels, and what finding them cost."""

    by_place: dict[int, list[Person]]
    model: str = ""
    compute_ms: int = 0


def faceless(faces: Sequence[Sequence[Face]]) -> list[int]:
    """Return the numbers of the frames that show no face."""
    return [place for place, frame_faces in enumerate(faces) if not frame_faces]


async def find_persons(
    landmarks: Landmarks,
    path: Path,
    canvas: Canvas,
    places: Sequence[int],
    *,
    report: Report,
    counted: int,
    warn: Callable[[str], None],
) -> PersonsByFrame:
    """Find persons in the frames of ``path`` with these numbers; without the model warn instead.

    ``report`` gets ``counted`` plus the frames that are done. Raises nothing: faces are worth keeping without persons.
    """
    by_place: dict[int, list[Person]] = {}
    model, compute_ms = "", 0
    try:
        for start in range(0, len(places), BATCH_FRAMES):
            batch = places[start : start + BATCH_FRAMES]
            squares, cpu_ms = await timed_in_thread(_squares, path, canvas, batch)
            answer = await _ask_twice(landmarks, squares)
            model, compute_ms = answer.model, compute_ms + answer.compute_ms + cpu_ms
            by_place |= {
                place: [_in_display(person, canvas) for person in persons]
                for place, persons in zip(batch, answer.persons, strict=True)
            }
            report(counted + len(by_place))
    except Exception as error:  # noqa: BLE001 - neither a model that is away nor a bug may take the pictures with it
        if not isinstance(error, Unavailable):
            telemetry.report_bug(error, "look")
        warn(NO_PERSONS_WARNING)
    return PersonsByFrame(by_place=by_place, model=model, compute_ms=compute_ms)


async def _ask_twice(landmarks: Landmarks, squares: NDArray[np.uint8]) -> PersonsFound:
    """Ask the model; once more if it was unavailable, because the first request loads a dead model again."""
    try:
        return await landmarks.find_persons(squares)
    except Unavailable:
        return await landmarks.find_persons(squares)


def _squares(path: Path, canvas: Canvas, places: Sequence[int]) -> NDArray[np.uint8]:
    """Return the frames, downscaled to fit (n, 224, 224, 3), padded with black."""
    shape = (max(places) + 1, canvas.height, canvas.width, 3)
    pictures = np.memmap(path, np.uint8, "r", shape=shape)
    squares = np.zeros((len(places), INPUT_SIDE_PX, INPUT_SIDE_PX, 3), np.uint8)
    scale = _scale(canvas)
    wide, high = round(canvas.inner_width * scale), round(canvas.inner_height * scale)
    for number, place in enumerate(places):
        frame = Image.fromarray(pictures[place, : canvas.inner_height, : canvas.inner_width])
        squares[number, :high, :wide] = np.asarray(frame.resize((wide, high), Image.Resampling.BILINEAR))
    return squares


def _scale(canvas: Canvas) -> float:
    return INPUT_SIDE_PX / max(canvas.inner_width, canvas.inner_height)


def _in_display(person: Person, canvas: Canvas) -> Person:
    scale, box = _scale(canvas) * canvas.scale, person.box
    inside = Box(
        x=round(box.x / scale, 1), y=round(box.y / scale, 1), width=round(box.width / scale, 1),
        height=round(box.height / scale, 1),
    )  # fmt: skip
    return Person(box=inside, score=round(person.score, 3))
