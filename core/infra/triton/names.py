"""Recognition of names on NVIDIA Triton, by a model that the operator provides.

models/triton_repo/README.md describes the tensors on the wire.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray
from tritonclient.grpc.aio import InferInput

from core.infra.triton.client import InferenceFailed, output, response_info, texts_tensor
from core.infra.triton.model import TritonModel
from core.ports.models import NamesFound, NameSpan

TIMEOUT_S = 60.0
MAX_REQUEST_TEXTS = 64
"""Texts of one request: a network of 110 million parameters takes some seconds for them on two threads."""


class TritonNames(TritonModel):
    """A recogniser of names on Triton."""

    def __init__(self, url: str, model: str) -> None:
        """``url`` is ``host:grpc port``, ``model`` its name on Triton; nothing is opened yet."""
        super().__init__(url, model, TIMEOUT_S)

    async def find_names(self, texts: Sequence[str]) -> NamesFound:
        """One list of names a text. Raises Unavailable; InferenceFailed where the answer is not as documented."""
        parts = [
            await self._find_batch(texts[at : at + MAX_REQUEST_TEXTS]) for at in range(0, len(texts), MAX_REQUEST_TEXTS)
        ]
        return NamesFound(
            names=[names for part in parts for names in part.names],
            model=parts[-1].model if parts else "",
            compute_ms=sum(part.compute_ms for part in parts),
        )

    async def _find_batch(self, texts: Sequence[str]) -> NamesFound:
        result = await self.ask_or_mend(_inputs(texts))
        info = response_info(result)
        names = read_names(output(result, "NAMES"), texts)
        return NamesFound(names=names, model=info.model, compute_ms=info.compute_ms)

    async def check(self) -> None:
        """Find the names of one sentence."""
        await self.ask(_inputs(["A sentence."]))


def _inputs(texts: Sequence[str]) -> list[InferInput]:
    return [texts_tensor("TEXTS", texts)]


def read_names(rows: NDArray[np.object_], texts: Sequence[str]) -> list[list[NameSpan]]:
    """Decode NAMES, one JSON list a text. Raises InferenceFailed for anything else."""
    if len(rows) != len(texts):
        raise InferenceFailed(f"NAMES holds {len(rows)} lists for {len(texts)} texts")
    try:
        names = [msgspec.json.decode(row, type=list[NameSpan]) for row in rows]
    except msgspec.DecodeError as error:
        raise InferenceFailed(f"NAMES is not as documented: {error}") from error
    for text, spans in zip(texts, names, strict=True):
        outside = [span for span in spans if not span.begin < span.end <= len(text)]
        if outside:
            raise InferenceFailed(f"NAMES holds {outside[0]} for a text of {len(text)} characters")
    return names
