"""Recognised words → words at better times, by the aligner where it knows the language. Never loses a word."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from core.errors import Unavailable
from core.infra.triton.client import InferenceFailed
from core.ports.models import Aligned, Alignment, Heard, Int16, Piece
from schemas.common import Word
from schemas.documents.span import Fit, HeardWindow
from streams.speech.languages import of_windows
from streams.speech.word_times import Run, borders, in_order, pieces, placed, runs, unbiased, widest

ALIGNED = frozenset({"en"})
"""Languages the aligner knows."""
RATE_KHZ = 16
HALVINGS = 3
"""So often a run that does not fit is parted."""
PATIENCE_S = 45.0
"""A span of 150 s takes the aligner a second or two; long before the lease is in danger the words go without it."""


class Refined(msgspec.Struct, frozen=True, kw_only=True):
    """Words at their final times (ms from the recording's start) and how they fit; what it cost, and who did it.

    ``failure`` says why the aligner was not heard; the words then have the recogniser's times without their bias.
    """

    words: list[Word]
    fits: list[Fit]
    compute_ms: int = 0
    model: str = ""
    failure: str = ""


async def refine(heard: Heard, samples: Int16, alignment: Alignment | None) -> Refined:
    """Better times for what was heard in 16 kHz mono audio, shape (n,). Raises nothing that an aligner may cause.

    Words of windows in other languages than the aligner's keep the recogniser's times.
    """
    words, known = _alignable(heard.words, heard.windows, heard.language)
    if alignment is None or not any(known):
        return Refined(words=words, fits=[])
    mine = [word for word, here in zip(words, known, strict=True) if here]
    try:
        async with asyncio.timeout(PATIENCE_S):
            parts, aligned = await _aligned(mine, borders(heard.windows), samples, alignment)
    except (Unavailable, InferenceFailed) as error:
        return Refined(words=words, fits=[], failure=str(error))
    except TimeoutError:
        return Refined(words=words, fits=[], failure=f"the aligner did not answer within {PATIENCE_S:.0f} s")
    moved, fits = placed(mine, parts, aligned, heard.speech)
    better = iter(moved)
    all_words = in_order([next(better) if here else word for word, here in zip(words, known, strict=True)])
    return Refined(words=all_words, fits=fits, compute_ms=aligned.compute_ms, model=aligned.model)


def to_align(words: Sequence[Word], windows: Sequence[HeardWindow], length_ms: int) -> list[Piece]:
    """What `refine` will ask of the aligner once all is heard, as far as what is still to be heard cannot change it.

    The last run may still go on, and the sound around it ends where the next word begins.
    """
    tidied, known = _alignable(words, windows, None)
    mine = [word for word, here in zip(tidied, known, strict=True) if here]
    return pieces(mine, runs(mine, borders(windows)), length_ms)[:-1]


def _alignable(
    words: Sequence[Word], windows: Sequence[HeardWindow], language: str | None
) -> tuple[list[Word], list[bool]]:
    """Words in order without their bias, and whether the aligner knows the language of each."""
    tidied = in_order(unbiased(in_order([word for word in words if word.text.strip()])))
    return tidied, [tongue in ALIGNED for tongue in of_windows(tidied, windows, language)]


async def _aligned(
    words: Sequence[Word], parted_at: Sequence[int], samples: Int16, alignment: Alignment
) -> tuple[list[Run], Aligned]:
    """Runs of words and what the aligner says of them; a run that does not fit is asked for again in two parts.

    So one wrong word does not cost its neighbours the time that they have.
    """
    length_ms = samples.size // RATE_KHZ
    parts = runs(words, parted_at)
    found = await alignment.align(samples, pieces(words, parts, length_ms))
    for _ in range(HALVINGS):
        failed = [at for at, score in enumerate(found.scores) if score is None and parts[at][1] - parts[at][0] > 1]
        if not failed:
            break
        halves = [half for at in failed for half in _halves(words, parts[at])]
        again = await alignment.align(samples, pieces(words, halves, length_ms))
        parts, found = _merged(parts, found, set(failed), halves, again)
    return parts, found


def _halves(words: Sequence[Word], run: Run) -> list[Run]:
    at = widest(words, *run)
    return [(run[0], at), (at, run[1])]


def _merged(
    parts: list[Run], found: Aligned, failed: set[int], halves: Sequence[Run], again: Aligned
) -> tuple[list[Run], Aligned]:
    rows = [row for at, row in enumerate(zip(parts, found.pieces, found.scores, strict=True)) if at not in failed]
    rows = sorted([*rows, *zip(halves, again.pieces, again.scores, strict=True)], key=lambda row: row[0])
    spent = found.compute_ms + again.compute_ms
    told = [list(column) for column in zip(*rows, strict=True)]
    return told[0], Aligned(pieces=told[1], scores=told[2], model=found.model, compute_ms=spent)
