"""Triton's image, its lock and the imports of the models: each is locked, and can be had for the image's Python."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename

from tests.contract.models.test_image_environment import VERSION

REPO = Path(__file__).resolve().parents[2]
PROJECT = REPO / "deploy" / "compose" / "triton"
DOCKERFILE = (REPO / "deploy" / "compose" / "triton.Dockerfile").read_text()
PYTHON = tuple(int(part) for part in VERSION.split("."))
GLIBC_MINOR = 36
"""Of Debian 12, in which the packages are installed; the image's Ubuntu 24.04 has 2.39."""
PROVIDED = {"triton_python_backend_utils"}
"""By the Python backend itself."""
DISTRIBUTIONS = {"onnxruntime": "onnxruntime-gpu"}
"""Where a package's name is not the module's."""
BUILT = {"pocketsphinx"}
"""From source, with the compiler of the image's first stage: no wheel for Python 3.12."""


def locked(path: Path) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in tomllib.loads(path.read_text())["package"]}


LOCK = locked(PROJECT / "uv.lock")
DECLARED = tomllib.loads((PROJECT / "pyproject.toml").read_text())


def imports() -> Iterator[tuple[str, str]]:
    """Each import of a package that is neither Python's nor ours, with its file."""
    files = sorted((REPO / "models").rglob("*.py"))
    known = sys.stdlib_module_names | PROVIDED | {path.stem for path in files} | {"__future__"}
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for name in names:
                if (module := name.partition(".")[0]) not in known:
                    yield module, str(path.relative_to(REPO))


def distribution(module: str) -> str:
    return DISTRIBUTIONS.get(module, module.replace("_", "-"))


def test_each_import_of_a_model_is_locked_for_the_image() -> None:
    missing = {(module, path) for module, path in imports() if distribution(module) not in LOCK}
    assert not missing
    assert len({module for module, _ in imports()}) >= 8, "the walk over the models finds too little"


def tags() -> frozenset[Tag]:
    platforms = [f"manylinux_2_{minor}_x86_64" for minor in range(GLIBC_MINOR, 4, -1)] + ["manylinux2014_x86_64"]
    return frozenset(cpython_tags(PYTHON, platforms=platforms)) | frozenset(
        compatible_tags(PYTHON, f"cp{PYTHON[0]}{PYTHON[1]}", platforms)
    )


def test_each_package_of_the_image_has_a_wheel_for_its_python() -> None:
    """Or is built from source, which the image's first stage has a compiler for."""
    supported = tags()
    without = {
        name
        for name, package in LOCK.items()
        if "registry" in package["source"]
        and not any(
            supported & parse_wheel_filename(wheel["url"].rpartition("/")[2])[3] for wheel in package.get("wheels", [])
        )
    }
    assert without == BUILT
    assert re.search(r"apt-get install .*\bcmake gcc g\+\+", DOCKERFILE)


def test_the_lock_is_of_the_projects_own_requirements() -> None:
    required = {Requirement(one).name: Requirement(one) for one in DECLARED["project"]["dependencies"]}
    kept = {one["name"]: one for one in LOCK["clipstream-triton"]["metadata"]["requires-dist"]}
    assert {name: one.specifier for name, one in required.items()} == {
        name: Requirement(f"{name}{one['specifier']}").specifier for name, one in kept.items()
    }


def test_the_image_has_the_versions_of_one_machine() -> None:
    product = tomllib.loads((REPO / "pyproject.toml").read_text())["dependency-groups"]["triton"]
    local = tomllib.loads((REPO / "uv.lock").read_text())["package"]
    ours = {Requirement(one).name for one in product} - {"nvidia-pytriton", "onnx"}
    for name in ours:
        versions = {one["version"] for one in local if one["name"] == name}
        image = LOCK["onnxruntime-gpu" if name == "onnxruntime" else name]["version"]
        assert image in versions, f"{name}: {image} in the image, {versions} on one machine"


def test_two_onnxruntimes_do_not_write_the_same_files() -> None:
    assert "onnxruntime" not in LOCK


@pytest.mark.parametrize("line", ["USER 1000", f"FROM python:{VERSION}-slim-bookworm AS models"])
def test_the_image_names_its_user_and_python(line: str) -> None:
    assert line in DOCKERFILE.splitlines()


def test_the_image_takes_its_packages_from_the_lock_alone() -> None:
    assert DECLARED["project"]["requires-python"] == f">={VERSION},<{PYTHON[0]}.{PYTHON[1] + 1}"
    assert "uv sync --locked" in DOCKERFILE
    lines = DOCKERFILE.splitlines()
    assert f"RUN python{VERSION} -m venv --without-pip /python" in lines
    packages = f"lib/python{VERSION}/site-packages"
    assert f"COPY --from=models /models/{packages} /python/{packages}" in lines
    (path,) = re.findall(r"^ENV PATH=(\S+)", DOCKERFILE, re.MULTILINE)
    assert path.startswith("/python/bin:/opt/tritonserver/bin:"), "the stub takes the packages of the first python3"
    for installed in re.findall(r"pip install (.*)", DOCKERFILE):
        assert installed == "--no-cache-dir uv==0.13.9", "a package outside of the lock"


def test_cudas_libraries_are_those_of_the_packages() -> None:
    """CTranslate2 opens libcublas.so.12, which an image of CUDA 13 has not."""
    (path,) = re.findall(r"\bLD_LIBRARY_PATH=(\S+)", DOCKERFILE)
    assert path.startswith("$NVIDIA/cublas/lib:$NVIDIA/cu13/lib:")
    assert "nvidia-cublas-cu12" in LOCK
