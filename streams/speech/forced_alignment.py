"""Refine recognised word times by forced alignment where the aligner knows the language.

Loses no word.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from core.errors import Unavailable
from core.infra.triton.client import InferenceFailed
from core.ports.models import Aligned, Alignment, AlignmentPiece, Int16, Recognition
from schemas.common import Word
from schemas.documents.span import Fit, HeardWindow
from streams.speech.languages import languages_by_window
from streams.speech.word_times import (
    WordRun,
    build_pieces,
    find_borders,
    find_widest_gap,
    order_words,
    place_words,
    remove_bias,
    split_runs,
)

ALIGNER_LANGUAGES = frozenset({"en"})
"""Languages that the aligner (models/triton_repo/align) has a pronunciation model for."""
SAMPLES_PER_MS = 16
"""Samples of 16 kHz audio a millisecond."""
MAX_HALVINGS = 3
"""Number of times that a run that does not fit is split in two and aligned again."""
ALIGNMENT_TIMEOUT_S = 45.0
"""Time limit of one alignment.

A span of 150 s takes a second or two; the words go on unaligned long before the lease is in danger.
"""


class RefinedWords(msgspec.Struct, frozen=True, kw_only=True):
    """Words at their final times (ms from the recording's start), their fit and the alignment's cost.

    ``failure`` says why the aligner did not answer; the words then have the recogniser's times without their
    bias.
    """

    words: list[Word]
    fits: list[Fit]
    compute_ms: int = 0
    model: str = ""
    failure: str = ""


async def refine_word_times(recognised: Recognition, samples: Int16, alignment: Alignment | None) -> RefinedWords:
    """Return better times for what was heard in 16 kHz mono audio, shape (n,).

    Words of windows in other languages than the aligner's keep the recogniser's times. A failing aligner is
    reported in ``failure``, never raised.
    """
    words, alignable = _select_alignable(recognised.words, recognised.windows, recognised.language)
    if alignment is None or not any(alignable):
        return RefinedWords(words=words, fits=[])
    aligner_words = [word for word, is_alignable in zip(words, alignable, strict=True) if is_alignable]
    try:
        async with asyncio.timeout(ALIGNMENT_TIMEOUT_S):
            aligned_runs, aligned = await _align_runs(
                aligner_words, find_borders(recognised.windows), samples, alignment
            )
    except (Unavailable, InferenceFailed) as error:
        return RefinedWords(words=words, fits=[], failure=str(error))
    except TimeoutError:
        return RefinedWords(
            words=words, fits=[], failure=f"the aligner did not answer within {ALIGNMENT_TIMEOUT_S:.0f} s"
        )
    placed_words, fits = place_words(aligner_words, aligned_runs, aligned, recognised.speech)
    placed_in_order = iter(placed_words)
    all_words = order_words(
        [next(placed_in_order) if is_alignable else word for word, is_alignable in zip(words, alignable, strict=True)]
    )
    return RefinedWords(words=all_words, fits=fits, compute_ms=aligned.compute_ms, model=aligned.model)


def select_stable_pieces(words: Sequence[Word], windows: Sequence[HeardWindow], length_ms: int) -> list[AlignmentPiece]:
    """Return the pieces ``refine_word_times`` will align whatever is still to be recognised.

    The last run is left out: it may still grow, and the audio around it ends where the next word begins.
    """
    tidy_words, alignable = _select_alignable(words, windows, None)
    aligner_words = [word for word, is_alignable in zip(tidy_words, alignable, strict=True) if is_alignable]
    return build_pieces(aligner_words, split_runs(aligner_words, find_borders(windows)), length_ms)[:-1]


def _select_alignable(
    words: Sequence[Word], windows: Sequence[HeardWindow], language: str | None
) -> tuple[list[Word], list[bool]]:
    """Return words in order without their bias, and whether the aligner knows the language of each."""
    tidy_words = order_words(remove_bias(order_words([word for word in words if word.text.strip()])))
    return tidy_words, [
        word_language in ALIGNER_LANGUAGES for word_language in languages_by_window(tidy_words, windows, language)
    ]


async def _align_runs(
    words: Sequence[Word], border_times_ms: Sequence[int], samples: Int16, alignment: Alignment
) -> tuple[list[WordRun], Aligned]:
    """Align runs of words; split a run that does not fit in two and try again.

    So one wrong word does not cost its neighbours their aligned times.
    """
    length_ms = samples.size // SAMPLES_PER_MS
    aligned_runs = split_runs(words, border_times_ms)
    alignment_result = await alignment.align(samples, build_pieces(words, aligned_runs, length_ms))
    for _ in range(MAX_HALVINGS):
        failed = [
            at
            for at, score in enumerate(alignment_result.scores)
            if score is None and aligned_runs[at][1] - aligned_runs[at][0] > 1
        ]
        if not failed:
            break
        halves = [half for at in failed for half in _split_run(words, aligned_runs[at])]
        retry_result = await alignment.align(samples, build_pieces(words, halves, length_ms))
        aligned_runs, alignment_result = _merge_halves(
            aligned_runs, alignment_result, set(failed), halves, retry_result
        )
    return aligned_runs, alignment_result


def _split_run(words: Sequence[Word], run: WordRun) -> list[WordRun]:
    """Split a run at its widest gap."""
    at = find_widest_gap(words, *run)
    return [(run[0], at), (at, run[1])]


def _merge_halves(
    aligned_runs: list[WordRun],
    alignment_result: Aligned,
    failed: set[int],
    halves: Sequence[WordRun],
    retry_result: Aligned,
) -> tuple[list[WordRun], Aligned]:
    """Replace the failed runs by their halves with the new answers, in order."""
    rows = [
        row
        for at, row in enumerate(zip(aligned_runs, alignment_result.pieces, alignment_result.scores, strict=True))
        if at not in failed
    ]
    rows = sorted([*rows, *zip(halves, retry_result.pieces, retry_result.scores, strict=True)], key=lambda row: row[0])
    compute_ms = alignment_result.compute_ms + retry_result.compute_ms
    columns = [list(column) for column in zip(*rows, strict=True)]
    return columns[0], Aligned(
        pieces=columns[1], scores=columns[2], model=alignment_result.model, compute_ms=compute_ms
    )
