"""Probe each model of the repository with one small inference: of ones, or as its ``probe.json`` says.

That file, in a model's folder, names the inputs to send, each with one of ``{"shape": […], "fill": n}`` (an array of
one number), ``{"values": […]}`` or ``{"text": "…"}``. An input that it leaves out is not sent: persons, for one, are
loaded only when they are first asked for. Without the file each size that varies is 1, numbers are 1, and a text is
"hello".
"""

from __future__ import annotations

import queue
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from local.config.paths import REPO
from local.services.readiness import TIMEOUT_S, NotReadyError

REPOSITORY = REPO / "models" / "triton_repo"
PROBE_FILE = "probe.json"
INFERENCE_TIMEOUT_S = 60.0
"""Longest wait for one answer: Whisper on two busy cores takes seconds for its first."""


class ProbeInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One input of a probe: an array filled with a number, values as they are, or a text."""

    shape: list[int] = []
    fill: int = 0
    values: list[Any] = []
    text: str | None = None


def model_names(repository: Path = REPOSITORY) -> list[str]:
    """Names of all models of a repository."""
    return sorted(path.parent.name for path in repository.glob("*/config.pbtxt"))


def read_probe(model: str, inputs: Mapping[str, Sequence[int]], repository: Path = REPOSITORY) -> dict[str, ProbeInput]:
    """Read the inputs of a model's probe. ``inputs``: shape of each of its inputs, -1 where it varies."""
    path = repository / model / PROBE_FILE
    if path.exists():
        return msgspec.json.decode(path.read_bytes(), type=dict[str, ProbeInput])
    return {name: ProbeInput(shape=[max(1, size) for size in shape], fill=1) for name, shape in inputs.items()}


def probe_models(endpoint: str) -> None:
    """Ask each model for one inference. Raises NotReadyError, or the client's errors if no server answers."""
    from tritonclient.grpc import InferenceServerClient  # noqa: PLC0415

    client: Any = InferenceServerClient(endpoint)
    try:
        if not client.is_server_ready(client_timeout=TIMEOUT_S):
            raise NotReadyError("Triton loads its models")
        for model in model_names():
            _infer(client, model)
    finally:
        client.close()


def _infer(client: Any, model: str) -> None:
    """Over a stream: the recogniser answers in several pieces."""
    answers: queue.Queue[tuple[Any, Any]] = queue.Queue()
    tensors = _tensors(client, model)
    client.start_stream(lambda result, error: answers.put((result, error)))
    try:
        client.async_stream_infer(model, tensors, enable_empty_final_response=True)
        while True:  # read to the end: a client that leaves a stream early makes the server's stop hang
            result, error = answers.get(timeout=INFERENCE_TIMEOUT_S)
            if error is not None:
                raise NotReadyError(f"Triton's {model}: {error}")
            if result.get_response().parameters["triton_final_response"].bool_param:
                return
    finally:
        client.stop_stream()


def _tensors(client: Any, model: str) -> list[Any]:
    from tritonclient.grpc import InferInput  # noqa: PLC0415

    inputs = {tensor.name: tensor for tensor in client.get_model_metadata(model, client_timeout=TIMEOUT_S).inputs}
    tensors = []
    for name, probe_input in read_probe(
        model, {name: tensor_input.shape for name, tensor_input in inputs.items()}
    ).items():
        value = input_array(probe_input, inputs[name].datatype)
        tensor = InferInput(name, list(value.shape), inputs[name].datatype)
        tensor.set_data_from_numpy(value)
        tensors.append(tensor)
    return tensors


def input_array(probe_input: ProbeInput, datatype: str) -> Any:
    """The array of one input of a probe, by Triton's name of its type."""
    import numpy as np  # noqa: PLC0415
    from tritonclient.utils import triton_to_np_dtype  # noqa: PLC0415

    if datatype == "BYTES":
        return np.array([(probe_input.text or "hello").encode()], dtype=np.object_)
    dtype = triton_to_np_dtype(datatype)
    return (
        np.array(probe_input.values, dtype=dtype)
        if probe_input.values
        else np.full(probe_input.shape, probe_input.fill, dtype=dtype)
    )
