"""Voice and sentence embeddings on NVIDIA Triton.

models/triton_repo/README.md describes the tensors on the wire.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tritonclient.grpc.aio import InferInput

from core.infra.triton.client import output, response_info, tensor, texts_tensor
from core.infra.triton.model import TritonModel
from core.ports.models import Int16, Vectors
from schemas.common import TimeRange

RATE_HZ = 16_000
TIMEOUT_S = 120.0
VOICE, SENTENCE = 256, 384
"""Numbers of one vector."""
MAX_REQUEST_TEXTS = 512


class _Embedder(TritonModel):
    """One model that answers VECTORS and ABOUT."""

    async def _embed(self, inputs: Sequence[InferInput]) -> Vectors:
        result = await self.ask_or_mend(inputs)
        info = response_info(result)
        return Vectors(values=output(result, "VECTORS"), model=info.model, compute_ms=info.compute_ms)


class TritonVoices(_Embedder):
    """GE2E on Triton."""

    def __init__(self, url: str, model: str = "voices") -> None:
        """``url`` is ``host:grpc port``; nothing is opened yet."""
        super().__init__(url, model, TIMEOUT_S)

    async def embed(self, audio: Int16, windows: Sequence[TimeRange]) -> Vectors:
        """One row per window of 16 kHz mono audio; a window that overhangs the audio is cut to it."""
        if not windows:
            return Vectors(values=np.zeros((0, VOICE), dtype=np.float32))
        return await self._embed(_voice_inputs(audio, windows))

    async def check(self) -> None:
        """Embed half a second of next to nothing."""
        await self.ask(_voice_inputs(np.ones(RATE_HZ, dtype=np.int16), [TimeRange(start_ms=0, end_ms=500)]))


def _voice_inputs(audio: Int16, windows: Sequence[TimeRange]) -> list[InferInput]:
    samples = [[window.start_ms * RATE_HZ // 1000, window.end_ms * RATE_HZ // 1000] for window in windows]
    marks = np.clip(np.array(samples, dtype=np.int32), 0, audio.size)
    return [tensor("AUDIO", audio, "INT16"), tensor("WINDOWS", marks, "INT32")]


class TritonSentences(_Embedder):
    """all-MiniLM-L6-v2 on Triton."""

    def __init__(self, url: str, model: str = "sentences") -> None:
        """``url`` is ``host:grpc port``; nothing is opened yet."""
        super().__init__(url, model, TIMEOUT_S)

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text."""
        parts = [
            await self._embed([texts_tensor("TEXTS", texts[at : at + MAX_REQUEST_TEXTS])])
            for at in range(0, len(texts), MAX_REQUEST_TEXTS)
        ]
        if not parts:
            return Vectors(values=np.zeros((0, SENTENCE), dtype=np.float32))
        return Vectors(
            values=np.concatenate([part.values for part in parts]),
            model=parts[-1].model,
            compute_ms=sum(part.compute_ms for part in parts),
        )

    async def check(self) -> None:
        """Embed one sentence."""
        await self.ask([texts_tensor("TEXTS", ["A sentence."])])
