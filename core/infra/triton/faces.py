"""Face detection on NVIDIA Triton."""

from __future__ import annotations

import numpy as np

from core.infra.triton.client import ModelDead, TritonWire, output, response_info, tensor
from core.ports.models import FacesFound, UInt8
from schemas.common import Box, Face

FACES_TIMEOUT_S = 60.0
FACES_REQUEST_BYTES = 48 * 2**20
SHARE_FROM_BYTES = 2**20
"""Below this the two calls for shared memory cost more than they save."""


class TritonFaces:
    """CenterFace on Triton."""

    def __init__(self, url: str, model: str = "faces") -> None:
        """``url`` is ``host:grpc port``; nothing is opened yet."""
        self._wire = TritonWire(url)
        self._model = model

    async def close(self) -> None:
        """Close the channel."""
        await self._wire.close()

    async def probe(self) -> None:
        """Detect in one black picture, after loading a dead model again. Raises Unavailable if it stays dead."""
        await self._wire.probe(self._model, self._check)

    async def detect(self, pictures: UInt8) -> FacesFound:
        """Faces of RGB pictures, shape (n, height, width, 3); best first; boxes in pixels of the pictures."""
        if pictures.ndim != 4 or pictures.shape[3] != 3:
            raise ValueError(f"pictures have shape {pictures.shape}, not (n, height, width, 3)")
        if not pictures.size:
            return FacesFound(faces=[[] for _ in pictures])
        step = max(1, FACES_REQUEST_BYTES // pictures[0].nbytes)
        try:
            parts = [await self._look(pictures[at : at + step]) for at in range(0, len(pictures), step)]
        except ModelDead:
            await self._wire.mend(self._model, self._check)
            raise
        return FacesFound(
            faces=[faces for part in parts for faces in part.faces],
            model=parts[-1].model,
            compute_ms=sum(part.compute_ms for part in parts),
        )

    async def _look(self, pictures: UInt8) -> FacesFound:
        values = np.ascontiguousarray(pictures)
        if values.nbytes < SHARE_FROM_BYTES:
            result = await self._wire.infer(self._model, [tensor("PICTURES", values, "UINT8")], FACES_TIMEOUT_S)
        else:
            async with self._wire.shared_input("PICTURES", values, "UINT8") as shared:
                result = await self._wire.infer(self._model, [shared], FACES_TIMEOUT_S)
        info = response_info(result)
        faces = [[_face(*row) for row in rows if row[4] > 0] for rows in output(result, "FACES").tolist()]
        return FacesFound(faces=faces, model=info.model, compute_ms=info.compute_ms)

    async def _check(self) -> None:
        await self._look(np.zeros((1, 64, 64, 3), dtype=np.uint8))


def _face(x: float, y: float, width: float, height: float, score: float) -> Face:
    return Face(box=Box(x=x, y=y, width=width, height=height), score=score)
