"""What the API says in English has German in the web app, by each code, kind and name that the API knows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from api.problems.problem_types import CATALOGUE
from schemas.options.caption_template import templates
from schemas.options.presets import presets
from streams.detect.posting.labels import LABELS

ROOT = Path(__file__).parents[2]
I18N = ROOT / "web" / "src" / "i18n"
_KEY = re.compile(r'(?:^|[{,])\s*"?([a-z][a-z0-9_.-]*)"?:\s', re.MULTILINE)
_ASSETS = ("font.", "image.", "music.", "video.", "producer.", "mail.")
"""Refusals of brand kits' files and of messages: no project or export ends with them."""
_INSIDE = {"upload.parts", "answer.too_large"}
"""Handled where they come up."""
_GENERATED = re.compile(r"^(nearest|mean)_")


def keys_of(file: str) -> set[str]:
    return set(_KEY.findall((I18N / file).read_text()))


def named(folders: tuple[str, ...], callees: tuple[str, ...]) -> set[str]:
    """The first arguments, where they are written out, of calls to these."""
    found = set()
    for folder in folders:
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if not isinstance(node, ast.Call) or getattr(node.func, "id", "") not in callees or not node.args:
                    continue
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    found.add(first.value)
    return found


def test_each_problem_has_a_german_title_and_remedy() -> None:
    assert keys_of("german/problems.ts") - {"title", "remedy"} == set(CATALOGUE)


def test_each_caption_template_has_a_german_name() -> None:
    assert keys_of("german/templates.ts") - {"name", "description"} == set(templates())


def test_each_platform_has_a_german_note() -> None:
    assert keys_of("german/presets.ts") == set(presets())


def test_each_kind_of_evidence_has_a_german_name() -> None:
    german = keys_of("german/evidence.ts")
    kinds = named(("streams/detect",), ("number_evidence", "quote_evidence"))
    assert len(kinds) > 30
    fitted = {name for name in LABELS if not _GENERATED.match(name)}
    assert (kinds | fitted) - german == set()


@pytest.mark.parametrize("stage", ["ingest", "listen", "look", "detect", "frame", "render", "renderer"])
def test_each_failure_that_ends_work_has_words(stage: str) -> None:
    reasons = {one for one in named((f"streams/{stage}",), ("InputRejected",)) if not one.startswith(_ASSETS)}
    assert reasons - keys_of("failures.ts") - _INSIDE == set()
