"""Probes of the models: each folder of the repository has one that fits its inputs. The real server: tests/contract."""

from __future__ import annotations

import re

import pytest

from local.services.model_probe import REPOSITORY, ProbeInput, input_array, model_names, read_probe
from local.services.triton import instances, thread_settings

INPUT = re.compile(r'\{ name: "(\w+)" data_type: TYPE_(\w+) dims: \[ ([^\]]+) \](?: optional: (true))? \}')
MODELS = [path.name for path in REPOSITORY.iterdir() if (path / "1" / "model.py").exists()]


def test_every_model_of_the_repository_is_probed() -> None:
    assert model_names() == sorted(MODELS)
    assert instances() >= len(MODELS)


@pytest.mark.parametrize("model", MODELS)
def test_a_probe_sends_the_inputs_of_the_model(model: str) -> None:
    config = (REPOSITORY / model / "config.pbtxt").read_text()
    taken = {name: (kind, dims) for name, kind, dims, _ in INPUT.findall(config.partition("\noutput")[0])}
    required = {name for name, _, _, optional in INPUT.findall(config.partition("\noutput")[0]) if not optional}
    shapes = {name: [int(size) for size in dims.split(",")] for name, (_, dims) in taken.items()}
    probe = read_probe(model, shapes)
    assert required <= set(probe) <= set(taken)
    for name, wanted in probe.items():
        kind, _ = taken[name]
        given = input_array(wanted, "BYTES" if kind == "STRING" else kind)
        assert len(given.shape) == len(shapes[name])
        assert all(size in (-1, actual) for size, actual in zip(shapes[name], given.shape, strict=True))


def test_an_input_is_an_array_of_one_number_or_values_or_a_text() -> None:
    assert input_array(ProbeInput(shape=[2, 1], fill=3), "INT16").tolist() == [[3], [3]]
    assert input_array(ProbeInput(values=[[0, 5]]), "INT32").dtype.name == "int32"
    assert input_array(ProbeInput(text="hello"), "BYTES").tolist() == [b"hello"]


def test_a_model_that_is_slower_with_threads_keeps_one() -> None:
    settings = thread_settings("4")
    assert settings == {f"CLIPSTREAM_{name}_THREADS": "4" for name in ("WHISPER", "FACES", "VOICES", "SENTENCES")}
