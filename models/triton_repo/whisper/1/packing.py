"""Speech ranges to windows for the recogniser, and its times back to the recording. Pure; never touches a sample."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

RATE_HZ = 16_000


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Samples ``[start, end)`` of the recording that lie at ``[packed, packed + end - start)`` of the packed audio."""

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
    found: list[Window] = []
    for piece in pieces:
        start, end = piece.packed, piece.packed + piece.end - piece.start
        if found and end - found[-1].start <= longest:
            found[-1] = Window(start=found[-1].start, end=end)
            continue
        while end - start > longest:
            found.append(Window(start=start, end=start + longest))
            start += longest
        found.append(Window(start=start, end=end))
    return found


def restore_ms(pieces: Sequence[Piece], start_s: float, end_s: float) -> tuple[int, int]:
    """Start and end in ms of the recording, of a word at ``[start_s, end_s]`` of the packed audio.

    The piece under the word's middle decides, so a word never stretches over a silence that was left out.
    """
    middle = int((start_s + end_s) / 2 * RATE_HZ)
    at = max(0, bisect.bisect_right([piece.packed for piece in pieces], middle) - 1)
    piece = pieces[at]
    shift = piece.start - piece.packed
    start = min(max(round(start_s * RATE_HZ) + shift, piece.start), piece.end)
    end = min(max(round(end_s * RATE_HZ) + shift, start), piece.end)
    return start * 1000 // RATE_HZ, end * 1000 // RATE_HZ


def speech_ms(speech: Sequence[tuple[int, int]], pad: int) -> list[tuple[int, int]]:
    """Speech ranges in ms with the padding of the voice detector taken off again; touching ranges are joined."""
    found: list[tuple[int, int]] = []
    for start, end in speech:
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    trimmed = ((start + (pad if start else 0), end - pad) for start, end in found)
    return [(start * 1000 // RATE_HZ, end * 1000 // RATE_HZ) for start, end in trimmed if end > start]
