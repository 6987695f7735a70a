"""CONTRIBUTING.md on adding a stage or a model: the files that it names exist for the present ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from local.services.model_probe import model_names
from schemas.stages import STAGES
from streams.registry import actor_path

REPO = Path(__file__).resolve().parents[2]
TEXT = (REPO / "CONTRIBUTING.md").read_text()
PATH = re.compile(r"`((?:[a-z0-9_<>.]+/)+[a-zA-Z0-9_<>.]*\.(?:py|md|yaml|json|toml|pbtxt))`")
MAX_STAGE_FILES = 13
MAX_MODEL_FILES = 10
"""Files that a person touches for a new stage, and for a new model: measured with one of each."""


def section(title: str) -> str:
    """Text below a heading, up to the next."""
    return TEXT.partition(f"### {title}\n")[2].partition("\n### ")[0]


def rows(title: str) -> list[str]:
    """First cells of the table of a section."""
    return [line.split("|")[1] for line in section(title).splitlines() if line.startswith("| ")][1:]


def files(cell: str) -> int:
    """How many files a cell names."""
    return 2 if ", " in cell else 1


@pytest.mark.parametrize("path", sorted(path for path in PATH.findall(TEXT) if "<" not in path))
def test_every_named_path_exists(path: str) -> None:
    assert (REPO / path).exists()


def test_the_lists_have_the_measured_length() -> None:
    assert sum(map(files, rows("Add a stage"))) == MAX_STAGE_FILES
    assert sum(map(files, rows("Add a model on Triton"))) == MAX_MODEL_FILES


def test_every_stage_has_the_named_actor() -> None:
    assert "`streams/<name>/agent.py`" in section("Add a stage")
    assert {actor_path(stage) for stage in STAGES} == {
        f"streams.{stage}.agent:{stage.capitalize()}Stage" for stage in STAGES
    }
    assert all((REPO / "streams" / stage / "agent.py").exists() for stage in STAGES)


def test_every_model_has_the_named_files() -> None:
    folders = [REPO / "models" / "triton_repo" / model for model in model_names()]
    assert all((folder / "config.pbtxt").exists() and (folder / "1" / "model.py").exists() for folder in folders)


def test_the_operators_start_every_stage() -> None:
    line = next(line for line in (REPO / "docs" / "operators.md").read_text().splitlines() if "--stage ingest" in line)
    assert set(STAGES) <= set(re.findall(r"\w+", line))
