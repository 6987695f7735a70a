"""CI workflows and commit hooks: a linter finds nothing, and the commands that they run exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

REPO = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((REPO / ".github" / "workflows").glob("*.yml"))
HOOKS = REPO / ".pre-commit-config.yaml"


def tool(name: str) -> Path:
    return Path(sys.executable).with_name(name)


def steps() -> list[dict[str, Any]]:
    return [
        step for path in WORKFLOWS for job in yaml.safe_load(path.read_text())["jobs"].values() for step in job["steps"]
    ]


def test_zizmor_finds_no_fault_in_the_workflows() -> None:
    assert {path.stem for path in WORKFLOWS} == {"ci", "images", "release"}
    checked = subprocess.run(
        [tool("zizmor"), "--offline", "--strict-collection", "--no-progress", *WORKFLOWS],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout


def test_the_hooks_are_valid_and_run_the_commands_of_make_lint() -> None:
    subprocess.run([tool("pre-commit"), "validate-config", HOOKS], check=True)
    entries = " ".join(hook["entry"] for hook in yaml.safe_load(HOOKS.read_text())["repos"][0]["hooks"])
    generators = ("schemas.tools.generate", "schemas.tools.data_dictionary", "api.openapi")
    for command in ("ruff check", "ruff format", "mypy", "lint-imports", *generators):
        assert command in entries


@pytest.mark.parametrize(
    "path",
    [
        "api/openapi.json",
        "schemas/asyncapi.yaml",
        "deploy/k8s/base/disruption.yaml",
        "deploy/compose/.env.example",
        "docs/data-dictionary.md",
    ],
)
def test_a_commit_of_a_generated_file_generates_it_again(path: str) -> None:
    assert (REPO / path).exists()
    hooks = {hook["id"]: hook for hook in yaml.safe_load(HOOKS.read_text())["repos"][0]["hooks"]}
    assert re.search(hooks["generated"]["files"], path)


@pytest.mark.parametrize("step", [step for step in steps() if "run" in step], ids=lambda step: step["run"][:30])
def test_a_step_runs_existing_targets_and_files(step: dict[str, Any]) -> None:
    targets = re.findall(r"^([a-z0-9-]+):", (REPO / "Makefile").read_text(), re.MULTILINE)
    for target in re.findall(r"\bmake (\w+)", step["run"]):
        assert target in targets
    for path in re.findall(r"(?:^|\s)(\.ci/\S+|deploy/\S+)", step["run"]):
        assert (REPO / path).exists()


def test_an_image_is_built_from_an_existing_file() -> None:
    images = yaml.safe_load((REPO / ".github/workflows/images.yml").read_text())
    for image in images["jobs"]["build"]["strategy"]["matrix"]["include"]:
        assert (REPO / image["dockerfile"]).exists()
