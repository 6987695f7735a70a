"""Align words while later ones are still being recognised, without aligning any piece twice."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from core.errors import Unavailable
from core.infra.triton.client import InferenceFailed
from core.ports.models import Aligned, Alignment, AlignmentPiece, Int16
from schemas.common import TimeRange, Word
from schemas.documents.span import HeardWindow
from streams.speech.forced_alignment import ALIGNMENT_TIMEOUT_S, SAMPLES_PER_MS, select_stable_pieces

PieceTimes = tuple[list[TimeRange | None], float | None]
"""The aligner's answer for one piece: the times of its words, and how well it fits."""


class ConcurrentAligner:
    """An aligner for one recording that starts before the recognition ends. Used by ``async with``.

    Each recognised window is added as it comes. A later ``align`` returns the pieces known by then and asks only
    for the rest. A piece that changed since is aligned again, so the answer never depends on the timing.
    """

    def __init__(self, alignment: Alignment, samples: Int16) -> None:
        """Wrap ``alignment`` for ``samples``: the recording, 16 kHz mono, shape (n,)."""
        self._alignment = alignment
        self._samples = samples
        self._words: list[Word] = []
        self._windows: list[HeardWindow] = []
        self._new_words = asyncio.Event()
        self._ended = False
        self._known_times: dict[str, PieceTimes] = {}
        self._model = ""
        self._unreported_ms = 0

    async def __aenter__(self) -> Self:
        """Start the task that waits for windows."""
        self._task = asyncio.create_task(self._work())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the request in flight finish, unless the recognition failed."""
        self._ended = True
        self._new_words.set()
        if kind is None:
            await asyncio.wait([self._task], timeout=ALIGNMENT_TIMEOUT_S)
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    def add_window(self, words: Sequence[Word], window: HeardWindow) -> None:
        """The words of the next window."""
        self._words += words
        self._windows.append(window)
        self._new_words.set()

    async def align(self, audio: Int16, pieces: Sequence[AlignmentPiece]) -> Aligned:
        """Return the times of the words of each piece; compute time is reported once."""
        keys = [_piece_key(piece) for piece in pieces]
        unknown_pieces = [piece for piece, key in zip(pieces, keys, strict=True) if key not in self._known_times]
        if unknown_pieces:
            alignment_result = await self._alignment.align(audio, unknown_pieces)
            answers = zip(alignment_result.pieces, alignment_result.scores, strict=True)
            self._known_times |= {
                _piece_key(piece): answer for piece, answer in zip(unknown_pieces, answers, strict=True)
            }
            self._model, self._unreported_ms = alignment_result.model, self._unreported_ms + alignment_result.compute_ms
        compute_ms, self._unreported_ms = self._unreported_ms, 0
        piece_times = [self._known_times[key] for key in keys]
        return Aligned(
            pieces=[times for times, _ in piece_times],
            scores=[score for _, score in piece_times],
            model=self._model,
            compute_ms=compute_ms,
        )

    async def _work(self) -> None:
        """Align what is new until the recording ends. After a failure ``align`` asks again."""
        while True:
            await self._new_words.wait()
            self._new_words.clear()
            if self._ended:
                return
            stable_pieces = select_stable_pieces(self._words, self._windows, self._samples.size // SAMPLES_PER_MS)
            try:
                alignment_result = await self.align(self._samples, stable_pieces)
            # The early pass is an optimisation: the next call of align() meets the failure and handles it.
            except (Unavailable, InferenceFailed):
                return
            self._unreported_ms += alignment_result.compute_ms


def _piece_key(piece: AlignmentPiece) -> str:
    return repr(piece)
