"""In-memory twins of the embedders, the names and the aligner: pitch, bags of words, brackets, even steps."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import numpy as np

from core.ports.models import Aligned, AlignmentPiece, Float32, Int16, NamesFound, NameSpan, Vectors
from schemas.common import TimeRange


class PitchVoices:
    """A voice vector is the sound's spectrum; reports 3 ms a window."""

    async def embed(self, audio: Int16, windows: Sequence[TimeRange]) -> Vectors:
        rows = [self._one(audio[window.start_ms * 16 : window.end_ms * 16].astype(np.float64)) for window in windows]
        values = np.array(rows, dtype=np.float32).reshape(len(windows), 256)
        return Vectors(values=values, model="pitch-1", compute_ms=3 * len(windows))

    def _one(self, sound: np.ndarray) -> Float32:
        power = np.abs(np.fft.rfft(sound, 2048))[:1024].reshape(256, 4).sum(axis=1)
        return unit(power)


class WordSentences:
    """A sentence vector is its bag of words; reports 4 ms a text."""

    async def embed(self, texts: Sequence[str]) -> Vectors:
        values = np.array([self._one(text) for text in texts], dtype=np.float32).reshape(len(texts), 384)
        return Vectors(values=values, model="words-1", compute_ms=4 * len(texts))

    def _one(self, text: str) -> Float32:
        row = np.zeros(384)
        for word in text.lower().split() or [""]:
            row[zlib.crc32(word.strip(".,?!").encode()) % 384] += 1
        return unit(row)


class BracketNames:
    """Whatever stands in ⟨angle brackets⟩ is an organisation; reports 2 ms a text."""

    async def find_names(self, texts: Sequence[str]) -> NamesFound:
        names = [
            [
                NameSpan(begin=match.start(1), end=match.end(1), kind="organisation", probability=0.9)
                for match in re.finditer("⟨([^⟩]+)⟩", text)
            ]
            for text in texts
        ]
        return NamesFound(names=names, model="brackets-1", compute_ms=2 * len(texts))


class EvenAlignment:
    """Spreads the words of a piece evenly over it; reports 5 ms a piece."""

    async def align(self, audio: Int16, pieces: Sequence[AlignmentPiece]) -> Aligned:
        placed = [self._one(piece) for piece in pieces]
        scores = [-1.0 if piece.words else None for piece in pieces]
        return Aligned(pieces=placed, scores=scores, model="even-1", compute_ms=5 * len(pieces))

    def _one(self, piece: AlignmentPiece) -> list[TimeRange | None]:
        step = piece.range.length_ms / max(1, len(piece.words))
        marks = [piece.range.start_ms + round(at * step) for at in range(len(piece.words) + 1)]
        return [TimeRange(start_ms=marks[at], end_ms=marks[at + 1]) for at in range(len(piece.words))]


def unit(row: np.ndarray) -> Float32:
    """A vector of length one; zero stays zero."""
    length = float(np.linalg.norm(row))
    return np.asarray(row / length if length else row, dtype=np.float32)
