"""In-memory twins of the ports the picture stages use."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.ports.models import FacesFound, LandmarksFound, PersonsFound
from schemas.common import Box, Face, ObjectRef
from schemas.documents.scene import Person


class BrightestFaces:
    """Detects white rectangles (all channels over 225) as faces; reports 10 ms a picture."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    async def detect(self, pictures: NDArray[np.uint8]) -> FacesFound:
        self.batches.append(len(pictures))
        found = [self._one(picture) for picture in pictures]
        return FacesFound(faces=found, model="brightest-1", compute_ms=10 * len(pictures))

    def _one(self, picture: NDArray[np.uint8]) -> list[Face]:
        rows, columns = np.nonzero((picture > 225).all(axis=2))
        if len(rows) < 9:
            return []
        x, y = float(columns.min()), float(rows.min())
        box = Box(x=x, y=y, width=float(columns.max() + 1 - x), height=float(rows.max() + 1 - y))
        return [Face(box=box, score=0.9)]


class DarkLipped:
    """Landmarks of a white face with a dark stripe as its mouth; reports 1 ms a crop and 5 ms a picture.

    A red rectangle is a person.
    """

    async def mark(self, crops: NDArray[np.uint8]) -> LandmarksFound:
        points = np.stack([self._one(crop) for crop in crops]) if len(crops) else np.zeros((0, 468, 3), np.float32)
        scores = np.array([float((crop > 225).any()) for crop in crops], np.float32)
        return LandmarksFound(points=points, scores=scores, model="dark-lipped-1", compute_ms=len(crops))

    async def find_persons(self, pictures: NDArray[np.uint8]) -> PersonsFound:
        persons = [self._person(picture) for picture in pictures]
        return PersonsFound(persons=persons, model="red-1", compute_ms=5 * len(pictures))

    def _person(self, picture: NDArray[np.uint8]) -> list[Person]:
        rows, columns = np.nonzero((picture[..., 0] > 180) & (picture[..., 1:].max(axis=2) < 80))
        if len(rows) < 9:
            return []
        x, y = float(columns.min()), float(rows.min())
        box = Box(x=x, y=y, width=float(columns.max() + 1 - x), height=float(rows.max() + 1 - y))
        return [Person(box=box, score=0.9)]

    def _one(self, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
        points = np.zeros((468, 3), np.float32)
        spread = np.random.default_rng(1).uniform(40, 150, (468, 2))
        points[:, :2] = spread
        points[10, :2], points[152, :2] = (96, 30), (96, 160)
        points[234], points[454] = (40, 96, 0), (150, 96, 0)
        dark = int((crop[60:150, 96].max(axis=1) < 60).sum())
        for place in (0, 13, 37, 267, 82, 312):
            points[place, :2] = (96, 120 - dark / 2)
        for place in (17, 14, 84, 314, 87, 317):
            points[place, :2] = (96, 120 + dark / 2)
        return points


class FileObjects:
    """Stores objects in memory, by key."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}

    async def put_file(self, prefix: str, path: Path, content_type: str, suffix: str = "") -> ObjectRef:
        assert content_type == "image/jpeg"
        body = path.read_bytes()
        digest = hashlib.sha256(body).hexdigest()
        self.bodies[f"{prefix}/{digest}{suffix}"] = body
        return ObjectRef(key=f"{prefix}/{digest}{suffix}", sha256=digest, size=len(body))
