"""Triton's Python backend for GE2E on onnxruntime: windows of sound in, a voice embedding each out."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3] / "shared"))

import mel_spectrogram
import numpy as np
from serving import BadRequestError, Setup, name_of, open_session, respond, tensor_of

ENVIRONMENT = {
    "weights": "CLIPSTREAM_VOICES_MODEL",
    "device": "CLIPSTREAM_VOICES_DEVICE",
    "threads": "CLIPSTREAM_VOICES_THREADS",
    "batch_size": "CLIPSTREAM_VOICES_BATCH",
    "max_audio_s": "CLIPSTREAM_VOICES_MAX_AUDIO_S",
    "max_windows": "CLIPSTREAM_VOICES_MAX_WINDOWS",
}
DIMENSIONS = 256
MIN_WINDOW_SAMPLES, MAX_WINDOW_SAMPLES = mel_spectrogram.RATE_HZ // 4, 10 * mel_spectrogram.RATE_HZ
"""Length of a window: a quarter of a second (less says little about a voice) to ten seconds."""


class TritonPythonModel:
    """One instance: one onnxruntime session."""

    def initialize(self, args) -> None:
        """Load the graph named by the parameters or the environment; embed a second of noise."""
        setup = Setup(args, ENVIRONMENT)
        self._device = setup.device
        self._batch = setup.integer("batch_size")
        self._max_samples = setup.integer("max_audio_s") * mel_spectrogram.RATE_HZ
        self._max_windows = setup.integer("max_windows")
        weights = setup.weights("ge2e.onnx")
        self._session = open_session(setup, weights)
        self._name = name_of(weights)
        noise = np.random.default_rng(0).integers(-1000, 1000, mel_spectrogram.RATE_HZ).astype(np.int16)
        self._embed(noise, np.array([[0, noise.size]], dtype=np.int32))

    def execute(self, requests) -> list:
        """One response a request, in order."""
        return [respond(request, self._name, self._serve, self._device) for request in requests]

    def _serve(self, request) -> dict[str, np.ndarray]:
        audio, windows = tensor_of(request, "AUDIO"), tensor_of(request, "WINDOWS")
        self._check(audio, windows)
        return {"VECTORS": self._embed(audio, windows)}

    def _check(self, audio: np.ndarray, windows: np.ndarray) -> None:
        if audio.ndim != 1 or audio.size > self._max_samples:
            raise BadRequestError(f"AUDIO has shape {audio.shape}: one channel of at most {self._max_samples} samples")
        if windows.ndim != 2 or windows.shape[1] != 2 or len(windows) > self._max_windows:
            raise BadRequestError(f"WINDOWS has shape {windows.shape}: (n, 2), n at most {self._max_windows}")
        lengths = windows[:, 1] - windows[:, 0]
        inside = (windows[:, 0] >= 0) & (windows[:, 1] <= audio.size)
        if not (inside & (lengths >= MIN_WINDOW_SAMPLES) & (lengths <= MAX_WINDOW_SAMPLES)).all():
            raise BadRequestError(
                f"WINDOWS must lie in AUDIO and be {MIN_WINDOW_SAMPLES} to {MAX_WINDOW_SAMPLES} samples long"
            )

    def _embed(self, audio: np.ndarray, windows: np.ndarray) -> np.ndarray:
        """Embeddings of all windows, batched by length; a silent window has a zero vector."""
        vectors = np.zeros((len(windows), DIMENSIONS), dtype=np.float32)
        lengths = windows[:, 1] - windows[:, 0]
        for length in np.unique(lengths):
            same = np.flatnonzero(lengths == length)
            for at in range(0, len(same), self._batch):
                these = same[at : at + self._batch]
                sound = np.stack([audio[first:end] for first, end in windows[these]])
                audible = sound.any(axis=1)
                if audible.any():
                    (embeddings,) = self._session.run(None, {"mels": mel_spectrogram.mel_spectrograms(sound[audible])})
                    vectors[these[audible]] = embeddings
        return vectors

    def finalize(self) -> None:
        """Release the session."""
        del self._session
