"""Triton's Python backend for MediaPipe's face landmarks on LiteRT: crops of faces in, 468 points and a score each out."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3] / "shared"))

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from serving import BadRequestError, Setup, answered, name_of, tensor_of

ENVIRONMENT = {
    "weights": "CLIPSTREAM_LANDMARKS_MODEL",
    "threads": "CLIPSTREAM_LANDMARKS_THREADS",
    "max_crops": "CLIPSTREAM_LANDMARKS_MAX_CROPS",
}
SIDE, POINTS = 192, 468


class TritonPythonModel:
    """One instance: one interpreter, whose graph takes one crop at a time (its last layers fix the size of a batch)."""

    def initialize(self, args) -> None:
        """Load the graph named by the parameters or the environment; look at one grey crop."""
        setup = Setup(args, ENVIRONMENT)
        self._max_crops = setup.whole("max_crops")
        weights = setup.weights("face_landmark.tflite")
        self._net = Interpreter(str(weights), num_threads=setup.whole("threads"))
        self._net.allocate_tensors()
        self._name = name_of(weights)
        self._input = self._net.get_input_details()[0]["index"]
        outputs = sorted(self._net.get_output_details(), key=lambda one: -int(np.prod(one["shape"])))
        self._points, self._score = (one["index"] for one in outputs[:2])
        self._look(np.full((1, SIDE, SIDE, 3), 128, dtype=np.uint8))

    def execute(self, requests) -> list:
        """One response a request, in order."""
        return [answered(request, self._name, self._serve) for request in requests]

    def _serve(self, request) -> dict[str, np.ndarray]:
        crops = tensor_of(request, "CROPS")
        if crops.ndim != 4 or crops.shape[1:] != (SIDE, SIDE, 3) or len(crops) > self._max_crops:
            raise BadRequestError(f"CROPS has shape {crops.shape}: (n, {SIDE}, {SIDE}, 3), n at most {self._max_crops}")
        return self._look(crops)

    def _look(self, crops: np.ndarray) -> dict[str, np.ndarray]:
        points = np.zeros((len(crops), POINTS, 3), dtype=np.float32)
        scores = np.zeros(len(crops), dtype=np.float32)
        for number, crop in enumerate(crops):
            self._net.set_tensor(self._input, crop[None].astype(np.float32) / 255.0)
            self._net.invoke()
            points[number] = self._net.get_tensor(self._points).reshape(POINTS, 3)
            scores[number] = 1.0 / (1.0 + np.exp(-float(self._net.get_tensor(self._score).ravel()[0])))
        return {"POINTS": points, "SCORES": scores}

    def finalize(self) -> None:
        """Let the interpreter go."""
        del self._net
