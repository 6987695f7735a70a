"""The changelog: fragments that the tool joins, and a README that is short enough to read."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.docs.pages import REPO, text_of

FRAGMENTS = sorted(path for path in (REPO / "changelog.d").iterdir() if path.name != "README.md")
TYPES = [one["directory"] for one in tomllib.loads((REPO / "pyproject.toml").read_text())["tool"]["towncrier"]["type"]]
README_LINES = 120


@pytest.mark.parametrize("path", FRAGMENTS, ids=lambda path: path.name)
def test_a_fragment_is_one_change_of_a_known_type(path: Path) -> None:
    name = re.fullmatch(r"\+[a-z0-9-]+\.(\w+)\.md", path.name)
    assert name, "name it +<what>.<type>.md"
    assert name[1] in TYPES
    text = path.read_text()
    assert not text.startswith(("-", "*")), "the tool writes the bullet"
    assert "\n\n" not in text.strip(), "a file a change"
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        assert (REPO / target).exists(), f"{target}: links start at the root, where the text will stand"


def test_the_readme_is_short() -> None:
    assert len(text_of("README.md").splitlines()) <= README_LINES


def test_the_tool_joins_the_fragments() -> None:
    tool = Path(sys.executable).with_name("towncrier")
    made = subprocess.run(
        [tool, "build", "--draft", "--version", "0.0.0", "--date", "2026-01-01"],
        cwd=REPO, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    missing = [path.name for path in FRAGMENTS if path.read_text().strip().splitlines()[0] not in made.stdout]
    assert not missing
