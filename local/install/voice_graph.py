"""Write the speaker network (GE2E) as ONNX from resemblyzer's checkpoint, without PyTorch.

Run by Triton's own Python (the app environment has no onnx): ``python voice_graph.py pretrained.pt TARGET``. The
checkpoint is a pickle: an unpickler that knows five names reads it, and refuses any other.
"""

from __future__ import annotations

import collections
import pickle
import sys
from typing import IO, Any, NamedTuple

import numpy as np
import onnx  # type: ignore[import-not-found]
from onnx import TensorProto, helper, numpy_helper

MAGIC_CODE = 0x1950A86A20F9469CFC6C
LAYERS, HIDDEN, MELS = 3, 256, 40
_TYPES = {"FloatStorage": np.float32, "LongStorage": np.int64, "IntStorage": np.int32, "DoubleStorage": np.float64}


class _Tensor(NamedTuple):
    """A tensor as the pickle has it: a view of a storage whose bytes come later."""

    storage: tuple[str, str]
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


class _Reader(pickle.Unpickler):
    """Knows the names that a checkpoint of plain tensors needs, and no other."""

    def find_class(self, module: str, name: str) -> Any:
        """One of five, or an error."""
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, size, stride, *_: _Tensor(storage, offset, size, stride)
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return lambda data, *_: data
        if module == "torch" and name in _TYPES:
            return name
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        raise pickle.UnpicklingError(f"refused {module}.{name}")

    def persistent_load(self, pid: Any) -> tuple[str, str]:
        """A storage, by its type and key."""
        return str(pid[1]), str(pid[2])


def read_checkpoint(file: IO[bytes]) -> dict[str, Any]:
    """The tensors of PyTorch's stream format: magic, protocol, system, object, keys, storages."""
    if _Reader(file).load() != MAGIC_CODE:
        raise ValueError("not a PyTorch checkpoint")
    _Reader(file).load()
    _Reader(file).load()
    state = _Reader(file).load()["model_state"]
    types = {tensor.storage[1]: _TYPES[tensor.storage[0]] for tensor in state.values()}
    raw: dict[str, Any] = {}
    for key in _Reader(file).load():
        count = int(np.frombuffer(file.read(8), np.int64)[0])
        kind = np.dtype(types.get(key, np.float32))
        raw[key] = np.frombuffer(file.read(count * kind.itemsize), kind)
    return {name: _view(raw[tensor.storage[1]], tensor) for name, tensor in state.items()}


def _view(storage: Any, tensor: _Tensor) -> Any:
    strides = [step * storage.itemsize for step in tensor.stride]
    return np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.size, strides).copy()


def _iofc(weights: Any) -> Any:
    """PyTorch keeps an LSTM's gates as input, forget, cell, output; ONNX as input, output, forget, cell."""
    into, forget, cell, out = np.split(weights, 4)
    return np.concatenate([into, out, forget, cell])


def build(state: dict[str, Any]) -> Any:
    """``mels`` float32 (batch, frames, 40) → ``emb`` float32 (batch, 256), of unit length."""
    nodes = [helper.make_node("Transpose", ["mels"], ["x0"], perm=[1, 0, 2])]
    constants = {"one": np.array([1], np.int64), "zero": np.array([0], np.int64)}
    for layer in range(LAYERS):
        part = {
            name: _iofc(state[f"lstm.{name}_l{layer}"]) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        }
        constants |= {f"w{layer}": part["weight_ih"][None], f"r{layer}": part["weight_hh"][None]}
        constants[f"b{layer}"] = np.concatenate([part["bias_ih"], part["bias_hh"]])[None]
        inputs = [f"x{layer}", f"w{layer}", f"r{layer}", f"b{layer}"]
        nodes.append(helper.make_node("LSTM", inputs, [f"y{layer}", f"h{layer}"], hidden_size=HIDDEN))
        nodes.append(helper.make_node("Squeeze", [f"y{layer}", "one"], [f"x{layer + 1}"]))
    constants |= {"lw": state["linear.weight"], "lb": state["linear.bias"]}
    nodes += [
        helper.make_node("Squeeze", [f"h{LAYERS - 1}", "zero"], ["last"]),
        helper.make_node("Gemm", ["last", "lw", "lb"], ["g"], transB=1),
        helper.make_node("Relu", ["g"], ["r"]),
        helper.make_node("LpNormalization", ["r"], ["emb"], axis=1, p=2),
    ]
    mels = helper.make_tensor_value_info("mels", TensorProto.FLOAT, ["batch", "frames", MELS])
    emb = helper.make_tensor_value_info("emb", TensorProto.FLOAT, ["batch", HIDDEN])
    tensors = [numpy_helper.from_array(np.ascontiguousarray(values), name) for name, values in constants.items()]
    graph = helper.make_graph(nodes, "ge2e", [mels], [emb], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as checkpoint:  # noqa: PTH123 - the reader wants one open file
        onnx.save(build(read_checkpoint(checkpoint)), sys.argv[2])
