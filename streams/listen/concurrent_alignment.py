"""Words are put on the sound while later ones are still being recognised. Asks for nothing twice; decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from core.errors import Unavailable
from core.infra.triton.client import InferenceFailed
from core.ports.models import Aligned, Alignment, Int16, Piece
from schemas.common import TimeRange, Word
from schemas.documents.span import HeardWindow
from streams.speech.forced_alignment import PATIENCE_S, RATE_KHZ, to_align

Answer = tuple[list[TimeRange | None], float | None]
"""What the aligner says of one piece: the times of its words, and how well it fits."""


class Alongside:
    """An aligner for one recording that begins before all of it is heard. Inside `async with` it takes what is heard.

    Whoever asks it afterwards gets what is known already, and waits for the rest alone. A piece that came out otherwise
    than it looked at first is asked for again: what it answers never depends on when it was told what.
    """

    def __init__(self, alignment: Alignment, samples: Int16) -> None:
        """``samples``: the recording, 16 kHz mono, shape (n,)."""
        self._alignment = alignment
        self._samples = samples
        self._words: list[Word] = []
        self._windows: list[HeardWindow] = []
        self._news = asyncio.Event()
        self._ended = False
        self._known: dict[str, Answer] = {}
        self._model = ""
        self._unpaid_ms = 0

    async def __aenter__(self) -> Self:
        """Begin to wait for windows."""
        self._task = asyncio.create_task(self._work())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the question at hand be answered, unless the hearing failed."""
        self._ended = True
        self._news.set()
        if kind is None:
            await asyncio.wait([self._task], timeout=PATIENCE_S)
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    def take(self, words: Sequence[Word], window: HeardWindow) -> None:
        """The words of the next window."""
        self._words += words
        self._windows.append(window)
        self._news.set()

    async def align(self, audio: Int16, pieces: Sequence[Piece]) -> Aligned:
        """Times of the words of each piece, as the aligner says; its cost is told once."""
        keys = [_key(piece) for piece in pieces]
        asked = [piece for piece, key in zip(pieces, keys, strict=True) if key not in self._known]
        if asked:
            found = await self._alignment.align(audio, asked)
            answers = zip(found.pieces, found.scores, strict=True)
            self._known |= {_key(piece): answer for piece, answer in zip(asked, answers, strict=True)}
            self._model, self._unpaid_ms = found.model, self._unpaid_ms + found.compute_ms
        spent_ms, self._unpaid_ms = self._unpaid_ms, 0
        answered = [self._known[key] for key in keys]
        return Aligned(
            pieces=[times for times, _ in answered],
            scores=[score for _, score in answered],
            model=self._model,
            compute_ms=spent_ms,
        )

    async def _work(self) -> None:
        """Ask for what is new until the recording ends. An aligner that fails is asked again by whoever needs it."""
        while True:
            await self._news.wait()
            self._news.clear()
            if self._ended:
                return
            wanted = to_align(self._words, self._windows, self._samples.size // RATE_KHZ)
            try:
                found = await self.align(self._samples, wanted)
            except (Unavailable, InferenceFailed):
                return
            self._unpaid_ms += found.compute_ms


def _key(piece: Piece) -> str:
    return repr(piece)
