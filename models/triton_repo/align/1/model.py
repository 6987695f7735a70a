"""Triton's Python backend for forced alignment: sound and pieces of known words in, word times out."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3] / "shared"))

import numpy as np
from aligner import RATE_HZ, Aligner
from serving import BadRequestError, Setup, respond, tensor_of

ENVIRONMENT = {"max_audio_s": "CLIPSTREAM_ALIGN_MAX_AUDIO_S", "max_piece_s": "CLIPSTREAM_ALIGN_MAX_PIECE_S"}


class TritonPythonModel:
    """One instance: one decoder."""

    def initialize(self, args) -> None:
        """Load the dictionary and the model; align a word with silence."""
        setup = Setup(args, ENVIRONMENT)
        self._max_samples = setup.integer("max_audio_s") * RATE_HZ
        self._max_piece_ms = setup.integer("max_piece_s") * 1000
        self._name = f"pocketsphinx-{version('pocketsphinx')}-en-us"
        self._aligner = Aligner()
        self._aligner.align(np.zeros(RATE_HZ, dtype=np.int16), ["hello"])

    def execute(self, requests) -> list:
        """One response a request, in order."""
        return [respond(request, self._name, self._serve) for request in requests]

    def _serve(self, request) -> dict[str, np.ndarray]:
        audio = tensor_of(request, "AUDIO")
        if audio.ndim != 1 or audio.size > self._max_samples:
            raise BadRequestError(f"AUDIO has shape {audio.shape}: one channel of at most {self._max_samples} samples")
        aligned = json.dumps({"pieces": [self._piece(audio, piece) for piece in self._pieces(request)]})
        return {"ALIGNED": np.array([aligned.encode()], dtype=np.object_)}

    def _pieces(self, request) -> list[tuple[int, int, list[str]]]:
        try:
            requested = json.loads(tensor_of(request, "PIECES").reshape(-1)[0])["pieces"]
            pieces = [
                (int(piece["start_ms"]), int(piece["end_ms"]), [str(word) for word in piece["words"]])
                for piece in requested
            ]
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise BadRequestError(f"PIECES is not what README.md says: {type(error).__name__}: {error}") from None
        if any(not 0 <= start < end <= start + self._max_piece_ms for start, end, _ in pieces):
            raise BadRequestError(f"a piece lasts from 1 to {self._max_piece_ms} ms")
        return pieces

    def _piece(self, audio: np.ndarray, piece: tuple[int, int, list[str]]) -> dict:
        start_ms, end_ms, words = piece
        sound = audio[start_ms * RATE_HZ // 1000 : end_ms * RATE_HZ // 1000]
        times, score = self._aligner.align(sound, words) if sound.size else ([None] * len(words), None)
        placed_times = [
            (word_time[0] + start_ms, min(word_time[1] + start_ms, end_ms)) if word_time else None
            for word_time in times
        ]
        return {"words": placed_times, "score": score}

    def finalize(self) -> None:
        """Release the decoder."""
        del self._aligner
