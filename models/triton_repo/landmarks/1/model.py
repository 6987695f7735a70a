"""Triton's Python backend for two of MediaPipe's networks on LiteRT: face landmarks, and persons.

Crops of faces in, 468 landmarks and a score each out; or small frames in, persons out. The second network is loaded at
its first request.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3] / "shared"))

import numpy as np
import persons
import triton_python_backend_utils as pb_utils
from ai_edge_litert.interpreter import Interpreter
from serving import BadRequestError, Setup, name_of, respond, tensor_of

ENVIRONMENT = {
    "weights": "CLIPSTREAM_LANDMARKS_MODEL",
    "threads": "CLIPSTREAM_LANDMARKS_THREADS",
    "max_crops": "CLIPSTREAM_LANDMARKS_MAX_CROPS",
    "persons": "CLIPSTREAM_PERSONS_MODEL",
    "persons_threshold": "CLIPSTREAM_PERSONS_THRESHOLD",
}
SIDE_PX, POINTS = 192, 468
"""The crops' side, and the landmarks of one face."""


class TritonPythonModel:
    """One instance. The graphs take one crop or frame at a time: their last layers fix the batch size."""

    def initialize(self, args) -> None:
        """Load the graph named by the parameters or the environment; mark one grey crop."""
        setup = Setup(args, ENVIRONMENT)
        self._max_crops = setup.integer("max_crops")
        weights = setup.weights("face_landmark.tflite")
        self._threads, self._threshold = setup.integer("threads"), float(setup["persons_threshold"])
        self._persons_weights, self._persons_name, self._detector = Path(setup["persons"]), "", None
        self._net = Interpreter(str(weights), num_threads=self._threads)
        self._net.allocate_tensors()
        self._name = name_of(weights)
        self._input = self._net.get_input_details()[0]["index"]
        outputs = sorted(self._net.get_output_details(), key=lambda output: -int(np.prod(output["shape"])))
        self._points, self._score = (output["index"] for output in outputs[:2])
        self._mark_crops(np.full((1, SIDE_PX, SIDE_PX, 3), 128, dtype=np.uint8))

    def execute(self, requests) -> list:
        """One response a request, in order."""
        return [self._answer(request) for request in requests]

    def _answer(self, request):
        pictures = pb_utils.get_input_tensor_by_name(request, "PICTURES")
        if pictures is None:
            return respond(request, self._name, self._mark)
        if not self._persons_name and self._persons_weights.exists():
            self._persons_name = name_of(self._persons_weights)
        return respond(request, self._persons_name, lambda _: self._find_persons(pictures.as_numpy()))

    def _mark(self, request) -> dict[str, np.ndarray]:
        crops = tensor_of(request, "CROPS")
        if crops.ndim != 4 or crops.shape[1:] != (SIDE_PX, SIDE_PX, 3) or len(crops) > self._max_crops:
            raise BadRequestError(
                f"CROPS has shape {crops.shape}: (n, {SIDE_PX}, {SIDE_PX}, 3), n at most {self._max_crops}"
            )
        return self._mark_crops(crops) | {"PERSONS": persons.stack_boxes([])}

    def _mark_crops(self, crops: np.ndarray) -> dict[str, np.ndarray]:
        points = np.zeros((len(crops), POINTS, 3), dtype=np.float32)
        scores = np.zeros(len(crops), dtype=np.float32)
        for number, crop in enumerate(crops):
            self._net.set_tensor(self._input, crop[None].astype(np.float32) / 255.0)
            self._net.invoke()
            points[number] = self._net.get_tensor(self._points).reshape(POINTS, 3)
            scores[number] = 1.0 / (1.0 + np.exp(-float(self._net.get_tensor(self._score).ravel()[0])))
        return {"POINTS": points, "SCORES": scores}

    def _find_persons(self, pictures: np.ndarray) -> dict[str, np.ndarray]:
        side = persons.SIDE_PX
        if pictures.ndim != 4 or pictures.shape[1:] != (side, side, 3) or len(pictures) > self._max_crops:
            limit = f"(n, {side}, {side}, 3), n at most {self._max_crops}"
            raise BadRequestError(f"PICTURES has shape {pictures.shape}: {limit}")
        if self._detector is None:
            self._detector = PersonDetector(self._persons_weights, self._threads, self._threshold)
        nothing = {"POINTS": np.zeros((0, POINTS, 3), np.float32), "SCORES": np.zeros(0, np.float32)}
        return nothing | {"PERSONS": persons.stack_boxes([self._detector.detect(picture) for picture in pictures])}

    def finalize(self) -> None:
        """Release the interpreters."""
        del self._net
        self._detector = None


class PersonDetector:
    """MediaPipe's person detector."""

    def __init__(self, weights: Path, threads: int, threshold: float) -> None:
        """Load the graph."""
        if not weights.exists():
            raise FileNotFoundError(f"{weights} is not there: set CLIPSTREAM_PERSONS_MODEL to pose_detection.tflite")
        self._net = Interpreter(str(weights), num_threads=threads)
        self._net.allocate_tensors()
        self._input = self._net.get_input_details()[0]["index"]
        outputs = sorted(self._net.get_output_details(), key=lambda output: -int(np.prod(output["shape"])))
        self._rows, self._logits = (output["index"] for output in outputs[:2])
        self._anchors, self._threshold = persons.anchors(), threshold

    def detect(self, picture: np.ndarray) -> np.ndarray:
        """Persons (k, 5) in one frame."""
        self._net.set_tensor(self._input, persons.to_input(picture))
        self._net.invoke()
        rows, logits = self._net.get_tensor(self._rows)[0], self._net.get_tensor(self._logits)[0]
        return persons.decode(rows, logits, self._anchors, self._threshold)
