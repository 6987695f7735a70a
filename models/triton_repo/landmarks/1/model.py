"""Triton's Python backend for two of MediaPipe's networks on LiteRT: points of faces, and persons. Opens no media.

Crops of faces in, 468 points and a score each out; or small pictures in, persons out. The second network is loaded
when it is first asked for: it costs the start nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3] / "shared"))

import numpy as np
import persons
import triton_python_backend_utils as pb_utils
from ai_edge_litert.interpreter import Interpreter
from serving import BadRequestError, Setup, answered, name_of, tensor_of

ENVIRONMENT = {
    "weights": "CLIPSTREAM_LANDMARKS_MODEL",
    "threads": "CLIPSTREAM_LANDMARKS_THREADS",
    "max_crops": "CLIPSTREAM_LANDMARKS_MAX_CROPS",
    "persons": "CLIPSTREAM_PERSONS_MODEL",
    "persons_threshold": "CLIPSTREAM_PERSONS_THRESHOLD",
}
SIDE, POINTS = 192, 468


class TritonPythonModel:
    """One instance. The graphs take one crop, one picture at a time: their last layers fix the size of a batch."""

    def initialize(self, args) -> None:
        """Load the graph named by the parameters or the environment; look at one grey crop."""
        setup = Setup(args, ENVIRONMENT)
        self._max_crops = setup.whole("max_crops")
        weights = setup.weights("face_landmark.tflite")
        self._threads, self._threshold = setup.whole("threads"), float(setup["persons_threshold"])
        self._persons_weights, self._persons_name, self._finder = Path(setup["persons"]), "", None
        self._net = Interpreter(str(weights), num_threads=self._threads)
        self._net.allocate_tensors()
        self._name = name_of(weights)
        self._input = self._net.get_input_details()[0]["index"]
        outputs = sorted(self._net.get_output_details(), key=lambda one: -int(np.prod(one["shape"])))
        self._points, self._score = (one["index"] for one in outputs[:2])
        self._look(np.full((1, SIDE, SIDE, 3), 128, dtype=np.uint8))

    def execute(self, requests) -> list:
        """One response a request, in order."""
        return [self._answer(request) for request in requests]

    def _answer(self, request):
        pictures = pb_utils.get_input_tensor_by_name(request, "PICTURES")
        if pictures is None:
            return answered(request, self._name, self._mark)
        if not self._persons_name and self._persons_weights.exists():
            self._persons_name = name_of(self._persons_weights)
        return answered(request, self._persons_name, lambda _: self._find(pictures.as_numpy()))

    def _mark(self, request) -> dict[str, np.ndarray]:
        crops = tensor_of(request, "CROPS")
        if crops.ndim != 4 or crops.shape[1:] != (SIDE, SIDE, 3) or len(crops) > self._max_crops:
            raise BadRequestError(f"CROPS has shape {crops.shape}: (n, {SIDE}, {SIDE}, 3), n at most {self._max_crops}")
        return self._look(crops) | {"PERSONS": persons.stack([])}

    def _look(self, crops: np.ndarray) -> dict[str, np.ndarray]:
        points = np.zeros((len(crops), POINTS, 3), dtype=np.float32)
        scores = np.zeros(len(crops), dtype=np.float32)
        for number, crop in enumerate(crops):
            self._net.set_tensor(self._input, crop[None].astype(np.float32) / 255.0)
            self._net.invoke()
            points[number] = self._net.get_tensor(self._points).reshape(POINTS, 3)
            scores[number] = 1.0 / (1.0 + np.exp(-float(self._net.get_tensor(self._score).ravel()[0])))
        return {"POINTS": points, "SCORES": scores}

    def _find(self, pictures: np.ndarray) -> dict[str, np.ndarray]:
        side = persons.SIDE
        if pictures.ndim != 4 or pictures.shape[1:] != (side, side, 3) or len(pictures) > self._max_crops:
            limit = f"(n, {side}, {side}, 3), n at most {self._max_crops}"
            raise BadRequestError(f"PICTURES has shape {pictures.shape}: {limit}")
        if self._finder is None:
            self._finder = Finder(self._persons_weights, self._threads, self._threshold)
        nothing = {"POINTS": np.zeros((0, POINTS, 3), np.float32), "SCORES": np.zeros(0, np.float32)}
        return nothing | {"PERSONS": persons.stack([self._finder.find(picture) for picture in pictures])}

    def finalize(self) -> None:
        """Let the interpreters go."""
        del self._net
        self._finder = None


class Finder:
    """The person detector."""

    def __init__(self, weights: Path, threads: int, threshold: float) -> None:
        """Load the graph."""
        if not weights.exists():
            raise FileNotFoundError(f"{weights} is not there: set CLIPSTREAM_PERSONS_MODEL to pose_detection.tflite")
        self._net = Interpreter(str(weights), num_threads=threads)
        self._net.allocate_tensors()
        self._input = self._net.get_input_details()[0]["index"]
        outputs = sorted(self._net.get_output_details(), key=lambda one: -int(np.prod(one["shape"])))
        self._rows, self._logits = (one["index"] for one in outputs[:2])
        self._places, self._threshold = persons.anchors(), threshold

    def find(self, picture: np.ndarray) -> np.ndarray:
        """Persons (k, 5) of one picture."""
        self._net.set_tensor(self._input, persons.to_input(picture))
        self._net.invoke()
        rows, logits = self._net.get_tensor(self._rows)[0], self._net.get_tensor(self._logits)[0]
        return persons.decode(rows, logits, self._places, self._threshold)
