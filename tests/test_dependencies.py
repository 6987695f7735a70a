"""Every imported package is named in pyproject.toml: one that only comes along with others may disappear."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
OWN = {"schemas", "core", "streams", "api", "cli", "local", "tests", "benchmarks"}
GROUPS = {
    "schemas": [],
    "core": [],
    "streams": [],
    "api": [],
    "cli": ["local"],
    "local": ["local"],
    "tests": ["local", "dev"],
}
"""The dependency groups that a folder may use beside the product's own."""
TYPES_ALONE = {"mypy_boto3_s3", "_typeshed"}
"""Imported for a type checker only."""
ELSEWHERE = {"local": {"onnx"}, "tests": {"clipstream_client", "httpx", "serving"}}
"""What runs in other environments: that of the models and their tests, and that of the generated client."""


def named(groups: list[str]) -> set[str]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    found = [*project["project"]["dependencies"]]
    for extra in project["project"]["optional-dependencies"].values():
        found += extra
    for group in groups:
        found += project["dependency-groups"][group]
    return {_plain(re.split(r"[\[<>=; ]", one)[0]) for one in found}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(folder: str) -> Iterator[tuple[Path, str]]:
    """Every module of others that a folder's files import, by its first name."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from ((path, alias.name.partition(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield path, node.module.partition(".")[0]


@pytest.mark.parametrize("folder", GROUPS)
def test_every_import_is_a_declared_dependency(folder: str) -> None:
    wanted, carriers = named(GROUPS[folder]), packages_distributions()
    skipped = OWN | set(sys.stdlib_module_names) | TYPES_ALONE | ELSEWHERE.get(folder, set())
    unnamed = {
        f"{module} ({path.relative_to(ROOT)})"
        for path, module in imported(folder)
        if module not in skipped and not {_plain(one) for one in carriers.get(module, [module])} & wanted
    }
    assert not unnamed
