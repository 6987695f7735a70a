"""Every compose file fits the schema of the Compose specification, and overlays name services that there are."""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from local.config.paths import REPO
from tests.contract.rigs.compose_file import files_of, read_compose

MODULE = "github.com/compose-spec/compose-go/v2@v2.9.1"
"""The reference implementation, which carries the schema."""
OVERLAYS = [path.name for path in files_of() if path.name != "compose.yaml"]


@cache
def schema() -> dict[str, Any]:
    if shutil.which("go") is None:
        pytest.skip("no Go on this machine to fetch the Compose specification with")
    fetched = subprocess.run(
        ["go", "mod", "download", "-json", MODULE], capture_output=True, text=True, check=True, cwd="/"
    )
    whole: dict[str, Any] = json.loads(
        (Path(json.loads(fetched.stdout)["Dir"]) / "schema/compose-spec.json").read_text()
    )
    return whole


@pytest.mark.parametrize("overlay", [None, *OVERLAYS])
def test_compose_fits_the_specification(overlay: str | None) -> None:
    jsonschema.Draft7Validator(schema()).validate(read_compose(*filter(None, [overlay])))


def test_the_schema_refuses_a_misspelt_key() -> None:
    compose = read_compose()
    compose["services"]["kafka"]["volumnes"] = []
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(schema()).validate(compose)


def test_a_worker_of_listen_takes_two_spans_where_a_gpu_hears_them() -> None:
    given = read_compose("compose.gpu.yaml")["services"]["listen"]["environment"]
    alone = read_compose()["services"]["listen"]["environment"]
    assert given == alone | {"CLIPSTREAM_CONCURRENCY": 2}


def test_the_gpu_overlay_names_a_device_that_a_model_reads() -> None:
    models = "\n".join(path.read_text() for path in (REPO / "models").rglob("*.py"))
    environment = read_compose("compose.gpu.yaml")["services"]["triton"]["environment"]
    assert environment
    for name in environment:
        assert f'"{name}"' in models, f"no model reads {name}"
