"""Alignment during recognition: the same times as afterwards, each piece aligned once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from core.errors import Unavailable
from core.ports.models import Aligned, AlignmentPiece, Int16, Recognition
from schemas.common import TimeRange, Word
from schemas.documents.span import HeardWindow
from streams.listen.concurrent_alignment import ConcurrentAligner
from streams.speech.forced_alignment import RefinedWords, refine_word_times

SAMPLES = np.zeros(80 * 16_000, dtype=np.int16)


def window(number: int, language: str = "en") -> HeardWindow:
    start_ms = number * 20_000
    return HeardWindow(
        start_ms=start_ms,
        end_ms=start_ms + 19_900,
        log_probability=-0.2,
        compression=1.5,
        no_speech=0.0,
        language=language,
    )


def words(number: int) -> list[Word]:
    """One word each half second of a window, without a pause that would part them."""
    return [
        Word(text=f"w{number}.{at}", start_ms=start_ms, end_ms=start_ms + 450, probability=0.9)
        for at, start_ms in enumerate(range(number * 20_000, number * 20_000 + 39 * 500, 500))
    ]


def recognition_of(count: int, language: str = "en") -> Recognition:
    spoken = [word for number in range(count) for word in words(number)]
    return Recognition(
        words=spoken, speech=[TimeRange(start_ms=0, end_ms=80_000)], language=language, language_probability=1.0,
        model="m", compute_ms=1, windows=[window(number, language) for number in range(count)],
    )  # fmt: skip


class Steady:
    """Finds each word 30 ms after its piece begins, one after the other; a piece costs 2 ms."""

    def __init__(self, failures: int = 0) -> None:
        self.asked: list[AlignmentPiece] = []
        self._failures = failures

    async def align(self, audio: Int16, pieces: Sequence[AlignmentPiece]) -> Aligned:
        await asyncio.sleep(0)
        if self._failures:
            self._failures -= 1
            raise Unavailable("triton", "away")
        self.asked += pieces
        times: list[list[TimeRange | None]] = [
            [
                TimeRange(start_ms=piece.range.start_ms + 30 + at * 500, end_ms=piece.range.start_ms + 400 + at * 500)
                for at in range(len(piece.words))
            ]
            for piece in pieces
        ]
        return Aligned(pieces=times, scores=[-2.0] * len(pieces), model="steady-1", compute_ms=2 * len(pieces))


async def refined(aligner: Steady, count: int, *, told: int, language: str = "en") -> RefinedWords:
    async with ConcurrentAligner(aligner, SAMPLES) as early:
        for number in range(told):
            early.add_window(words(number), window(number, language))
            for _ in range(5):
                await asyncio.sleep(0)
    return await refine_word_times(recognition_of(count, language), SAMPLES, early)


@pytest.mark.parametrize("told", [0, 1, 3, 4])
async def test_early_windows_change_only_the_time_of_requests(told: int) -> None:
    plain = Steady()
    after = await refine_word_times(recognition_of(4), SAMPLES, plain)
    aligner = Steady()
    assert await refined(aligner, 4, told=told) == after
    asked = [repr(piece) for piece in aligner.asked]
    assert sorted(asked) == sorted(repr(piece) for piece in plain.asked), "each piece once, the same ones"
    assert after.compute_ms == 2 * len(asked)


async def test_stable_pieces_are_aligned_early() -> None:
    aligner = Steady()
    async with ConcurrentAligner(aligner, SAMPLES) as early:
        early.add_window(words(0), window(0))
        for _ in range(5):
            await asyncio.sleep(0)
        asked = [word for piece in aligner.asked for word in piece.words]
        assert "w0.0" in asked
        assert "w0.38" not in asked, "the last run may go on"


async def test_an_unavailable_aligner_is_called_again_at_the_end() -> None:
    aligner = Steady(failures=1)
    found = await refined(aligner, 4, told=4)
    assert (found.failure, len(found.words), found.model) == ("", 4 * 39, "steady-1")


async def test_other_languages_are_not_aligned() -> None:
    aligner = Steady()
    found = await refined(aligner, 2, told=2, language="nl")
    assert (aligner.asked, found.fits) == ([], [])


async def test_a_failed_recognition_leaves_no_task() -> None:
    before = asyncio.all_tasks()

    async def hearing() -> None:
        async with ConcurrentAligner(Steady(), SAMPLES) as early:
            early.add_window(words(0), window(0))
            raise Unavailable("triton", "whisper: away")

    with pytest.raises(Unavailable):
        await hearing()
    assert asyncio.all_tasks() == before
