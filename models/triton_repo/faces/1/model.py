"""Triton's Python backend for CenterFace on onnxruntime: pictures in, boxes out, maps decoded and doubles removed here."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path

import centerface
import numpy as np
import onnxruntime
import triton_python_backend_utils as pb_utils

ENVIRONMENT = {
    "weights": "CLIPSTREAM_FACES_MODEL",
    "device": "CLIPSTREAM_FACES_DEVICE",
    "threads": "CLIPSTREAM_FACES_THREADS",
    "threshold": "CLIPSTREAM_FACES_THRESHOLD",
    "batch_size": "CLIPSTREAM_FACES_BATCH",
    "max_pixels": "CLIPSTREAM_FACES_MAX_PIXELS",
}


class BadRequestError(ValueError):
    """The request cannot be served as it is; the message says why."""


class TritonPythonModel:
    """One instance: one onnxruntime session."""

    def initialize(self, args) -> None:
        """Load the graph named by the parameters or the environment; look at one black picture."""
        if int(np.__version__.split(".", 1)[0]) >= 2:
            raise RuntimeError(f"numpy {np.__version__}: Triton's stub needs numpy < 2, else tensors arrive empty")
        given = {name: item["string_value"] for name, item in json.loads(args["model_config"])["parameters"].items()}
        settings = given | {name: os.environ[key] for name, key in ENVIRONMENT.items() if os.environ.get(key)}
        on_gpu = args["model_instance_kind"] == "GPU"
        device = settings["device"] or ("cuda" if on_gpu else "cpu")
        self._threshold = float(settings["threshold"])
        self._batch = int(settings["batch_size"])
        self._max_pixels = int(settings["max_pixels"])
        device_index = int(args["model_instance_device_id"]) if on_gpu else 0
        weights = Path(settings["weights"])
        self._session = _open(weights, device, device_index, int(settings["threads"]))
        self._name = f"{weights.stem}-{hashlib.sha256(weights.read_bytes()).hexdigest()[:12]}"
        self._input = self._session.get_inputs()[0].name
        self._outputs = [output.name for output in self._session.get_outputs()][:3]
        self._look(np.zeros((1, 64, 64, 3), dtype=np.uint8))

    def execute(self, requests) -> list:
        """One response a request, in order."""
        return [self._answer(request) for request in requests]

    def _answer(self, request):
        if request.is_cancelled():
            return pb_utils.InferenceResponse(error=pb_utils.TritonError("cancelled", pb_utils.TritonError.CANCELLED))
        started = time.process_time()
        try:
            pictures = pb_utils.get_input_tensor_by_name(request, "PICTURES").as_numpy()
            self._check(pictures)
            found = self._look(pictures)
        except BadRequestError as error:
            return pb_utils.InferenceResponse(error=pb_utils.TritonError(str(error), pb_utils.TritonError.INVALID_ARG))
        except Exception as error:  # whatever a request causes must not end the instance
            text = f"{type(error).__name__}: {error}"
            return pb_utils.InferenceResponse(error=pb_utils.TritonError(text, pb_utils.TritonError.INTERNAL))
        about = {"model": self._name, "compute_ms": round((time.process_time() - started) * 1000)}
        told = np.array([json.dumps(about).encode()], dtype=np.object_)
        return pb_utils.InferenceResponse([pb_utils.Tensor("FACES", found), pb_utils.Tensor("ABOUT", told)])

    def _check(self, pictures: np.ndarray) -> None:
        if pictures.ndim != 4 or pictures.shape[3] != 3 or 0 in pictures.shape:
            raise BadRequestError(f"PICTURES has shape {pictures.shape}: (n, height, width, 3) with nothing empty")
        if pictures.size // 3 > self._max_pixels:
            raise BadRequestError(f"PICTURES holds {pictures.size // 3} pixels: at most {self._max_pixels} a request")

    def _look(self, pictures: np.ndarray) -> np.ndarray:
        count, height, width, _ = pictures.shape
        found = []
        for at in range(0, count, self._batch):
            fed = {self._input: centerface.to_input(pictures[at : at + self._batch])}
            heat, scale, offset = self._session.run(self._outputs, fed)
            for maps in zip(heat[:, 0], scale, offset, strict=True):
                found.append(centerface.decode(*maps, threshold=self._threshold, width=width, height=height))
        return centerface.stack(found)

    def finalize(self) -> None:
        """Let the session go."""
        del self._session


def _open(weights: Path, device: str, device_index: int, threads: int) -> onnxruntime.InferenceSession:
    if not weights.is_file():
        raise FileNotFoundError(f"{weights} is not there: set CLIPSTREAM_FACES_MODEL to the dynamic centerface.onnx")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # two cores are shared with others
    cuda = [("CUDAExecutionProvider", {"device_id": device_index})] if device == "cuda" else []
    if cuda and "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise RuntimeError("device is cuda and this onnxruntime has no CUDA provider: install onnxruntime-gpu")
    return onnxruntime.InferenceSession(str(weights), options, providers=[*cuda, "CPUExecutionProvider"])
