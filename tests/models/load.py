"""Loads a model's pure modules as Triton's stub would; the glue runs only inside the server."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

REPOSITORY = Path(__file__).resolve().parents[2] / "models" / "triton_repo"


def load(model: str, name: str) -> ModuleType:
    """The file ``<model>/1/<name>.py`` as a module of its own."""
    spec = importlib.util.spec_from_file_location(f"{model}_{name}", REPOSITORY / model / "1" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module
