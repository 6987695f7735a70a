"""Triton's Python backend for CenterFace on onnxruntime: frames in, boxes of faces out."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3] / "shared"))

import centerface
import numpy as np
from serving import BadRequestError, Setup, name_of, open_session, respond, tensor_of

ENVIRONMENT = {
    "weights": "CLIPSTREAM_FACES_MODEL",
    "device": "CLIPSTREAM_FACES_DEVICE",
    "threads": "CLIPSTREAM_FACES_THREADS",
    "threshold": "CLIPSTREAM_FACES_THRESHOLD",
    "batch_size": "CLIPSTREAM_FACES_BATCH",
    "max_pixels": "CLIPSTREAM_FACES_MAX_PIXELS",
}


class TritonPythonModel:
    """One instance: one onnxruntime session."""

    def initialize(self, args) -> None:
        """Load the graph named by the parameters or the environment; detect in one black frame."""
        setup = Setup(args, ENVIRONMENT)
        self._device = setup.device
        self._threshold = float(setup["threshold"])
        self._batch = setup.integer("batch_size")
        self._max_pixels = setup.integer("max_pixels")
        weights = setup.weights("the dynamic centerface.onnx")
        self._session = open_session(setup, weights)
        self._name = name_of(weights)
        self._input = self._session.get_inputs()[0].name
        self._outputs = [output.name for output in self._session.get_outputs()][:3]
        self._detect(np.zeros((1, 64, 64, 3), dtype=np.uint8))

    def execute(self, requests) -> list:
        """One response a request, in order."""
        return [respond(request, self._name, self._serve, self._device) for request in requests]

    def _serve(self, request) -> dict[str, np.ndarray]:
        pictures = tensor_of(request, "PICTURES")
        self._check(pictures)
        return {"FACES": self._detect(pictures)}

    def _check(self, pictures: np.ndarray) -> None:
        if pictures.ndim != 4 or pictures.shape[3] != 3 or 0 in pictures.shape:
            raise BadRequestError(f"PICTURES has shape {pictures.shape}: (n, height, width, 3) with nothing empty")
        if pictures.size // 3 > self._max_pixels:
            raise BadRequestError(f"PICTURES holds {pictures.size // 3} pixels: at most {self._max_pixels} a request")

    def _detect(self, pictures: np.ndarray) -> np.ndarray:
        count, height, width, _ = pictures.shape
        boxes_by_frame = []
        for at in range(0, count, self._batch):
            inputs = {self._input: centerface.to_input(pictures[at : at + self._batch])}
            heat, scale, offset = self._session.run(self._outputs, inputs)
            for maps in zip(heat[:, 0], scale, offset, strict=True):
                boxes_by_frame.append(centerface.decode(*maps, threshold=self._threshold, width=width, height=height))
        return centerface.stack_boxes(boxes_by_frame)

    def finalize(self) -> None:
        """Release the session."""
        del self._session
