"""Speech recognition on NVIDIA Triton."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import suppress

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.errors import Unavailable
from core.infra.triton.client import PART, ModelDead, TritonWire, tensor, text_tensor
from core.infra.usage_meter import meter_call
from core.ports.models import Int16, Recognition, SpeechTask, WindowListener
from core.progress import Report
from schemas.common import TimeRange, Word
from schemas.documents.span import HeardWindow

RATE_HZ = 16_000
QUEUE_S = 300.0
"""Longest wait for the model to begin: its own queue policy refuses at the same time."""
MAX_WORK_RATIO = 4.0
"""Seconds of work for a second of sound beyond which something is wrong (two busy cores need 0.1)."""
SIGN_S = 5.0
"""How often the server is asked whether its queue moves, while nothing came back yet."""
SILENCE_S = 60.0
"""Longest silence of a model at work, which sends something every two seconds: beyond, it hangs."""
Options = Mapping[str, str | None]


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """One JSON text of the whisper model; which fields are there depends on ``kind``."""

    kind: str
    words: list[tuple[str, int, int, float]] = []
    window: HeardWindow | None = None
    language: str | None = None
    language_probability: float = 0.0
    speech: list[tuple[int, int]] = []
    voiced: list[tuple[int, int]] = []
    model: str = ""
    compute_ms: int = 0
    gpu_ms: int = 0


class TritonSpeech:
    """Whisper on Triton. ``mode``: ``batched``, ``sequential`` or ``auto`` (what the server is set to)."""

    def __init__(self, url: str, model: str = "whisper", mode: str = "auto") -> None:
        """``url`` is ``host:grpc port``; nothing is opened yet."""
        self._wire = TritonWire(url)
        self._model = model
        self._mode = mode

    async def close(self) -> None:
        """Close the channel."""
        await self._wire.close()

    async def probe(self) -> None:
        """Decode a second of silence, after loading a dead model again. Raises Unavailable if it stays dead."""
        await self._wire.probe(self._model, self._check)

    async def transcribe(
        self,
        audio: Int16,
        *,
        language: str | None,
        report: Report,
        hint: str | None = None,
        glossary: Sequence[str] = (),
        task: SpeechTask = "transcribe",
        on_window: WindowListener | None = None,
    ) -> Recognition:
        """Words of 16 kHz mono audio, shape (n,); times in ms from its start. ``report`` counts signs of work."""
        if not audio.size:
            return _recognition([], _Said(kind="final"))
        try:
            terms = ", ".join(glossary) or None
            options = {"mode": self._mode, "language": language, "hint": hint, "glossary": terms, "task": task}
            return await self._collect(audio, options, report, on_window)
        except ModelDead:
            await self._wire.mend(self._model, self._check)
            raise

    async def _collect(
        self, audio: Int16, options: Options, report: Report, on_window: WindowListener | None
    ) -> Recognition:
        words: list[Word] = []
        windows: list[HeardWindow] = []
        final: _Said | None = None
        signs = 0
        message: _Said | None
        with meter_call(self._model) as call:
            async for message in self._listen(audio, options):
                signs += 1
                report(signs)
                if message is None:
                    continue
                new_words = [_word(*word) for word in message.words]
                words += new_words
                if message.window:
                    windows.append(message.window)
                    if on_window:
                        on_window(new_words, message.window)
                final = message if message.kind == "final" else final
            if final is None:
                raise Unavailable(PART, f"{self._model} ended its answer early")
            call.weights, call.compute_ms, call.gpu_ms = final.model, final.compute_ms, final.gpu_ms
        return _recognition(words, final, windows)

    async def _listen(self, audio: Int16, options: Options) -> AsyncIterator[_Said | None]:
        """The model's messages; None for each sign that its queue moves before its first message."""
        inputs = [tensor("AUDIO", audio, "INT16"), text_tensor("OPTIONS", msgspec.json.encode(options).decode())]
        stream = self._wire.stream(self._model, inputs, QUEUE_S + SILENCE_S + MAX_WORK_RATIO * audio.size / RATE_HZ)
        begun = False
        before = await self._wire.signs(self._model)
        pending = asyncio.create_task(_next(stream))
        try:
            while True:
                done, _ = await asyncio.wait([pending], timeout=SILENCE_S if begun else SIGN_S)
                if not done and begun:
                    raise ModelDead(PART, f"{self._model} fell silent for {SILENCE_S:.0f} s")
                if not done:
                    now = await self._wire.signs(self._model)
                    if now != before:
                        yield None
                    before = now
                    continue
                body = pending.result()
                if body is None:
                    return
                begun = True
                pending = asyncio.create_task(_next(stream))
                yield msgspec.json.decode(body, type=_Said)
        finally:
            await _leave(stream, pending)

    async def _check(self) -> None:
        silence = np.zeros(RATE_HZ, dtype=np.int16)
        inputs = [tensor("AUDIO", silence, "INT16"), text_tensor("OPTIONS", '{"check":true}')]
        async for _ in self._wire.stream(self._model, inputs, QUEUE_S):
            pass


async def _next(stream: AsyncGenerator[NDArray[np.object_]]) -> bytes | None:
    """The next text of a stream, None at its end."""
    async for texts in stream:
        return bytes(texts[0])
    return None


async def _leave(stream: AsyncGenerator[NDArray[np.object_]], pending: asyncio.Task[bytes | None]) -> None:
    """End a stream whatever state it is in, so that the server does not wait for us."""
    pending.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await pending
    await stream.aclose()


def _word(text: str, start_ms: int, end_ms: int, probability: float) -> Word:
    return Word(text=text, start_ms=start_ms, end_ms=end_ms, probability=probability)


def _recognition(words: list[Word], final: _Said, windows: Sequence[HeardWindow] = ()) -> Recognition:
    return Recognition(
        words=words,
        speech=[TimeRange(start_ms=start, end_ms=end) for start, end in final.speech],
        voiced=[TimeRange(start_ms=start, end_ms=end) for start, end in final.voiced],
        language=final.language,
        language_probability=final.language_probability,
        model=final.model,
        compute_ms=final.compute_ms,
        windows=windows,
    )
