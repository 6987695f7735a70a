"""Base of the models on Triton that give one response per request: channel, probe, revival."""

from __future__ import annotations

from collections.abc import Sequence

import tritonclient.grpc.aio as triton
from tritonclient.grpc.aio import InferInput

from core.infra.triton.client import ModelDead, TritonWire


class TritonModel:
    """One model. ``url`` is ``host:grpc port``."""

    def __init__(self, url: str, model: str, timeout_s: float) -> None:
        """Nothing is opened yet."""
        self._wire = TritonWire(url)
        self._model = model
        self._timeout_s = timeout_s

    async def close(self) -> None:
        """Close the channel."""
        await self._wire.close()

    async def probe(self) -> None:
        """Infer something small. A dead model is loaded again first; raises Unavailable if it still is dead."""
        await self._wire.probe(self._model, self.check)

    async def check(self) -> None:
        """One small inference. Raises ModelDead, Unavailable."""
        raise NotImplementedError

    async def ask(self, inputs: Sequence[InferInput]) -> triton.InferResult:
        """One request, one answer. Raises Unavailable or InferenceFailed."""
        return await self._wire.infer(self._model, inputs, self._timeout_s)

    async def ask_or_mend(self, inputs: Sequence[InferInput]) -> triton.InferResult:
        """Request as ``ask`` does; a model that is found dead is loaded again before the error is raised."""
        try:
            return await self.ask(inputs)
        except ModelDead:
            await self._wire.mend(self._model, self.check)
            raise
