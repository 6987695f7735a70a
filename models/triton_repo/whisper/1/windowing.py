"""Packs speech ranges into windows for the recogniser, and maps its times back to the recording. Pure."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

RATE_HZ = 16_000
BORDER_SEARCH_S = 1.5
"""Largest distance at which a quieter place is searched for a language border that is not at a pause."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Samples ``[start, end)`` of the recording, which start at ``packed`` in the packed audio."""

    start: int
    end: int
    packed: int


@dataclass(frozen=True, kw_only=True)
class Window:
    """Samples ``[start, end)`` of the packed audio: whole pieces, at most the recogniser's window long."""

    start: int
    end: int


def pack(speech: Sequence[tuple[int, int]]) -> list[Piece]:
    """Lay speech ranges (samples of the recording, in order, disjoint) end to end."""
    pieces: list[Piece] = []
    packed = 0
    for start, end in speech:
        pieces.append(Piece(start=start, end=end, packed=packed))
        packed += end - start
    return pieces


def windows(pieces: Sequence[Piece], longest: int) -> list[Window]:
    """Fill windows of at most ``longest`` samples with whole pieces (a longer piece is cut), in order."""
    filled: list[Window] = []
    for piece in pieces:
        start, end = piece.packed, piece.packed + piece.end - piece.start
        if filled and end - filled[-1].start <= longest:
            filled[-1] = Window(start=filled[-1].start, end=end)
            continue
        while end - start > longest:
            filled.append(Window(start=start, end=start + longest))
            start += longest
        filled.append(Window(start=start, end=end))
    return filled


def units(pieces: Sequence[Piece], window: Window, longest: int, unit: int) -> list[tuple[int, int]]:
    """The pieces of ``window`` as ranges from its start, in units of ``unit`` samples.

    A piece of more than ``longest`` samples is divided evenly.
    """
    ranges: list[tuple[int, int]] = []
    for piece in pieces:
        start = max(piece.packed, window.start)
        end = min(piece.packed + piece.end - piece.start, window.end)
        if start >= end:
            continue
        count = -(-(end - start) // longest)
        borders = [(start + (end - start) * at // count - window.start) // unit for at in range(count + 1)]
        ranges += [(left, right) for left, right in pairwise(borders) if right > left]
    return ranges


def cut(
    sound: np.ndarray, window: Window, pieces: Sequence[Piece], runs: Sequence[tuple[int, int, str]], unit: int
) -> list[tuple[int, int, str]]:
    """``runs`` of a window (in units) as samples of the packed ``sound``.

    A border that is not at a pause moves to the quietest place nearby.
    """
    pauses = {(piece.packed - window.start) // unit for piece in pieces}
    cuts: list[tuple[int, int, str]] = []
    start = window.start
    for number, (_, end, language) in enumerate(runs, 1):
        border = window.end if number == len(runs) else window.start + end * unit
        if number < len(runs) and end not in pauses:
            border = max(start + 1, _quietest(sound[: window.end], border))
        cuts.append((start, border, language))
        start = border
    return cuts


def _quietest(sound: np.ndarray, near: int) -> int:
    """The middle of the quietest tenth of a second within ``BORDER_SEARCH_S`` of ``near``."""
    step, first = RATE_HZ // 20, max(0, near - round(BORDER_SEARCH_S * RATE_HZ))
    nearby = sound[first : near + round(BORDER_SEARCH_S * RATE_HZ)]
    power = np.square(nearby[: len(nearby) // step * step].reshape(-1, step)).mean(axis=1)
    return first + (int(np.argmin(power[:-1] + power[1:])) + 1) * step


def restore_ms(pieces: Sequence[Piece], start_s: float, end_s: float) -> tuple[int, int]:
    """Start and end in ms of the recording, of a word at ``[start_s, end_s]`` of the packed audio.

    The piece under the word's middle decides, so a word never spans a silence that was left out.
    """
    middle = int((start_s + end_s) / 2 * RATE_HZ)
    at = max(0, bisect.bisect_right([piece.packed for piece in pieces], middle) - 1)
    piece = pieces[at]
    shift = piece.start - piece.packed
    start = min(max(round(start_s * RATE_HZ) + shift, piece.start), piece.end)
    end = min(max(round(end_s * RATE_HZ) + shift, start), piece.end)
    return start * 1000 // RATE_HZ, end * 1000 // RATE_HZ


def speech_ms(speech: Sequence[tuple[int, int]], pad: int) -> list[tuple[int, int]]:
    """Speech ranges in ms without the voice detector's padding; touching ranges are joined."""
    merged: list[tuple[int, int]] = []
    for start, end in speech:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    trimmed = ((start + (pad if start else 0), end - pad) for start, end in merged)
    return [(start * 1000 // RATE_HZ, end * 1000 // RATE_HZ) for start, end in trimmed if end > start]
