"""Settings, onnxruntime sessions and responses for models of Triton's Python backend.

Each `model.py` adds this folder to its path; it lies outside the repository, where Triton does not look for models.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import triton_python_backend_utils as pb_utils


class BadRequestError(ValueError):
    """The request cannot be served as it is; the message says why."""


class Setup:
    """A model's settings: parameters of config.pbtxt, overridden by the environment."""

    def __init__(self, args: Mapping[str, str], environment: Mapping[str, str]) -> None:
        """``environment`` names the variable that overrides each parameter. Refuses numpy 2."""
        if int(np.__version__.split(".", 1)[0]) >= 2:
            raise RuntimeError(f"numpy {np.__version__}: Triton's stub needs numpy < 2, else tensors arrive empty")
        parameters = {
            name: item["string_value"] for name, item in json.loads(args["model_config"])["parameters"].items()
        }
        self.values = parameters | {name: os.environ[key] for name, key in environment.items() if os.environ.get(key)}
        self._environment = environment
        on_gpu = args["model_instance_kind"] == "GPU"
        self.device = self.values.get("device") or ("cuda" if on_gpu else "cpu")
        self.device_index = int(args["model_instance_device_id"]) if on_gpu else 0

    def __getitem__(self, name: str) -> str:
        """The value of a parameter."""
        return self.values[name]

    def integer(self, name: str) -> int:
        """A parameter as an int."""
        return int(self.values[name])

    def weights(self, description: str) -> Path:
        """The file or folder that ``weights`` names. Raises FileNotFoundError that says which variable to set."""
        path = Path(self.values["weights"])
        if not path.exists():
            raise FileNotFoundError(f"{path} is not there: set {self._environment['weights']} to {description}")
        return path


def name_of(weights: Path) -> str:
    """File name and first 12 digits of its SHA-256, which identify the weights in every result."""
    return f"{weights.stem}-{hashlib.sha256(weights.read_bytes()).hexdigest()[:12]}"


def open_session(setup: Setup, weights: Path):
    """Open an onnxruntime session on the model's device, with the threads of its settings."""
    import onnxruntime  # noqa: PLC0415  # not every model uses onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = setup.integer("threads")
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # two cores are shared with others
    cuda = [("CUDAExecutionProvider", {"device_id": setup.device_index})] if setup.device == "cuda" else []
    if cuda and "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise RuntimeError("device is cuda and this onnxruntime has no CUDA provider: install onnxruntime-gpu")
    return onnxruntime.InferenceSession(str(weights), options, providers=[*cuda, "CPUExecutionProvider"])


def respond(request, model: str, serve: Callable[[object], dict[str, np.ndarray]], device: str = "cpu"):
    """The response to one request: the tensors of ``serve``, and ABOUT (model, CPU and GPU time in ms).

    BadRequestError becomes INVALID_ARGUMENT. Every other exception becomes INTERNAL: it must not end the stub process.
    """
    if request.is_cancelled():
        return pb_utils.InferenceResponse(error=pb_utils.TritonError("cancelled", pb_utils.TritonError.CANCELLED))
    started, began = time.process_time(), time.monotonic()
    try:
        outputs = serve(request)
    except BadRequestError as error:
        return pb_utils.InferenceResponse(error=pb_utils.TritonError(str(error), pb_utils.TritonError.INVALID_ARG))
    except Exception as error:  # noqa: BLE001  # the client gets the reason, the stub lives on
        text = f"{type(error).__name__}: {error}"
        return pb_utils.InferenceResponse(error=pb_utils.TritonError(text, pb_utils.TritonError.INTERNAL))
    held_ms = round((time.monotonic() - began) * 1000) if device == "cuda" else 0
    usage = {"model": model, "compute_ms": round((time.process_time() - started) * 1000), "gpu_ms": held_ms}
    encoded = np.array([json.dumps(usage).encode()], dtype=np.object_)
    tensors = [pb_utils.Tensor(name, values) for name, values in outputs.items()]
    return pb_utils.InferenceResponse([*tensors, pb_utils.Tensor("ABOUT", encoded)])


def tensor_of(request, name: str) -> np.ndarray:
    """The input ``name`` of a request."""
    return pb_utils.get_input_tensor_by_name(request, name).as_numpy()
