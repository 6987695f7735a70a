"""Known words put on the sound, on NVIDIA Triton. English only; never recognises a word.

models/triton_repo/README.md describes the JSON on the wire.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from core.infra.triton.client import output, response_info, tensor, text_tensor
from core.infra.triton.model import TritonModel
from core.ports.models import Aligned, AlignmentPiece, Int16
from schemas.common import TimeRange

RATE_HZ = 16_000
TIMEOUT_S = 300.0


class _Placed(msgspec.Struct, frozen=True, kw_only=True):
    words: list[tuple[int, int] | None]
    score: float | None


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    pieces: list[_Placed]


class TritonAlignment(TritonModel):
    """PocketSphinx on Triton."""

    def __init__(self, url: str, model: str = "align") -> None:
        """``url`` is ``host:grpc port``; nothing is opened yet."""
        super().__init__(url, model, TIMEOUT_S)

    async def align(self, audio: Int16, pieces: Sequence[AlignmentPiece]) -> Aligned:
        """Times of each piece's words in ms from the start of the audio. Sends only what the pieces span."""
        borders = [at_ms for piece in pieces for at_ms in (piece.range.start_ms, piece.range.end_ms)]
        from_ms, to_ms = min(borders, default=0), max(borders, default=0)
        samples = audio[from_ms * RATE_HZ // 1000 : to_ms * RATE_HZ // 1000]
        if not samples.size:
            return Aligned(pieces=[[None] * len(piece.words) for piece in pieces], scores=[None] * len(pieces))
        requests = [
            {"start_ms": piece.range.start_ms - from_ms, "end_ms": piece.range.end_ms - from_ms, "words": piece.words}
            for piece in pieces
        ]
        payload = msgspec.json.encode({"pieces": requests}).decode()
        result = await self.ask_or_mend([tensor("AUDIO", samples, "INT16"), text_tensor("PIECES", payload)])
        answer, info = msgspec.json.decode(output(result, "ALIGNED")[0], type=_Answer), response_info(result)
        return Aligned(
            pieces=[[_range(times, from_ms) for times in aligned.words] for aligned in answer.pieces],
            scores=[aligned.score for aligned in answer.pieces],
            model=info.model,
            compute_ms=info.compute_ms,
        )

    async def check(self) -> None:
        """Put a word on a second of silence."""
        payload = '{"pieces":[{"start_ms":0,"end_ms":1000,"words":["hello"]}]}'
        await self.ask([tensor("AUDIO", np.zeros(RATE_HZ, dtype=np.int16), "INT16"), text_tensor("PIECES", payload)])


def _range(times: tuple[int, int] | None, from_ms: int) -> TimeRange | None:
    return TimeRange(start_ms=times[0] + from_ms, end_ms=times[1] + from_ms) if times else None
