"""Face landmarks and person detection on NVIDIA Triton. Takes crops of faces that are found already.

models/triton_repo/README.md describes the tensors on the wire.
"""

from __future__ import annotations

import numpy as np

from core.infra.triton.client import output, response_info, tensor
from core.infra.triton.model import TritonModel
from core.ports.models import LandmarksFound, PersonsFound, UInt8
from schemas.common import Box
from schemas.documents.scene import Person

TIMEOUT_S = 60.0
SIDE, POINTS = 192, 468
MAX_REQUEST_CROPS = 128
PERSON_SIDE_PX = 224


class TritonLandmarks(TritonModel):
    """MediaPipe's face landmarks and its person detector on Triton: one model, two questions."""

    def __init__(self, url: str, model: str = "landmarks") -> None:
        """``url`` is ``host:grpc port``; nothing is opened yet."""
        super().__init__(url, model, TIMEOUT_S)

    async def mark(self, crops: UInt8) -> LandmarksFound:
        """Points and score of each crop, shape (n, 192, 192, 3)."""
        if crops.ndim != 4 or crops.shape[1:] != (SIDE, SIDE, 3):
            raise ValueError(f"crops have shape {crops.shape}, not (n, {SIDE}, {SIDE}, 3)")
        parts = [await self._mark(crops[at : at + MAX_REQUEST_CROPS]) for at in range(0, len(crops), MAX_REQUEST_CROPS)]
        if not parts:
            return LandmarksFound(points=np.zeros((0, POINTS, 3), np.float32), scores=np.zeros(0, np.float32))
        return LandmarksFound(
            points=np.concatenate([part.points for part in parts]),
            scores=np.concatenate([part.scores for part in parts]),
            model=parts[-1].model,
            compute_ms=sum(part.compute_ms for part in parts),
        )

    async def _mark(self, crops: UInt8) -> LandmarksFound:
        result = await self.ask_or_mend([tensor("CROPS", np.ascontiguousarray(crops), "UINT8")])
        info = response_info(result)
        return LandmarksFound(
            points=output(result, "POINTS"),
            scores=output(result, "SCORES"),
            model=info.model,
            compute_ms=info.compute_ms,
        )

    async def find_persons(self, pictures: UInt8) -> PersonsFound:
        """Persons of pictures, shape (n, 224, 224, 3)."""
        if pictures.ndim != 4 or pictures.shape[1:] != (PERSON_SIDE_PX, PERSON_SIDE_PX, 3):
            raise ValueError(f"pictures have shape {pictures.shape}, not (n, {PERSON_SIDE_PX}, {PERSON_SIDE_PX}, 3)")
        if not len(pictures):
            return PersonsFound(persons=[])
        result = await self.ask_or_mend([tensor("PICTURES", np.ascontiguousarray(pictures), "UINT8")])
        info = response_info(result)
        rows = output(result, "PERSONS").astype(float).tolist()
        persons = [[_person(row) for row in picture if row[4] > 0] for picture in rows]
        return PersonsFound(persons=persons, model=info.model, compute_ms=info.compute_ms)

    async def check(self) -> None:
        """Look at one grey crop."""
        await self.ask([tensor("CROPS", np.full((1, SIDE, SIDE, 3), 128, np.uint8), "UINT8")])


def _person(row: list[float]) -> Person:
    x, y, width, height, score = row
    return Person(box=Box(x=x, y=y, width=width, height=height), score=score)
