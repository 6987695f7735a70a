"""The built web app: what a first visit loads, what it may do, and its own tests."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"
BUILT = ROOT / "api" / "web" / "app"
FIRST_LOAD_BYTES = 170_000
SCREEN_BYTES = 120_000
"""Most of one screen, gzipped, with what it shares with others: analytics draws with uPlot (23 KB)."""
MODULES_OF_A_FOLDER = 15
_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgba?|hsla?|oklch)\(")
_ADDRESS = re.compile(r"\b(?:src|href|url|fetch|import)\s*[=(]\s*[\"'`]?(https?://[^\s\"'`)]+)")
_UNSAFE = re.compile(r"innerHTML|dangerouslySetInnerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function\(")


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    """Which files each part of the app is made of."""
    place = BUILT / ".vite" / "manifest.json"
    assert place.is_file(), "the web app is not built: run `make web`"
    found: dict[str, Any] = json.loads(place.read_text())
    return found


def _files_of(manifest: dict[str, Any], name: str, seen: set[str]) -> set[str]:
    """Files that a part needs before it runs: itself, its styles and what it imports at once."""
    if name in seen:
        return set()
    seen.add(name)
    part = manifest[name]
    files = {part["file"], *part.get("css", ())}
    for imported in part.get("imports", ()):
        files |= _files_of(manifest, imported, seen)
    return files


def _gzipped(files: set[str]) -> int:
    return sum(len(gzip.compress((BUILT / file).read_bytes(), 9)) for file in files)


def test_a_first_visit_loads_little(manifest: dict[str, Any]) -> None:
    first = _files_of(manifest, "index.html", set())
    home = first | _files_of(manifest, "src/screens/home/index.tsx", set())
    assert _gzipped(home) <= FIRST_LOAD_BYTES, {file: _gzipped({file}) for file in home}


def test_each_screen_is_loaded_when_it_is_opened(manifest: dict[str, Any]) -> None:
    first = _files_of(manifest, "index.html", set())
    screens = [name for name in manifest if name.startswith("src/screens/") and manifest[name].get("isDynamicEntry")]
    assert len(screens) >= 10
    for screen in screens:
        own = _files_of(manifest, screen, set()) - first
        assert own, f"{screen} is part of the first load"
        assert _gzipped(own) <= SCREEN_BYTES, (screen, _gzipped(own))


def test_no_address_of_others_is_built_in() -> None:
    """Nothing is fetched from elsewhere; names of XML namespaces and licences are no requests."""
    allowed = ("http://www.w3.org/", "https://www.w3.org/")
    for file in BUILT.rglob("*"):
        if file.suffix in {".js", ".css", ".html"}:
            found = re.findall(
                r"\b(?:src|href|url|fetch|import)\s*[=(]\s*[\"'`]?(https?://[^\s\"'`)]+)", file.read_text()
            )
            assert [one for one in found if not one.startswith(allowed)] == [], file


def test_colours_are_those_of_the_theme() -> None:
    for file in (WEB / "src").rglob("*.css"):
        assert _COLOUR.findall(file.read_text()) == [], file


def test_no_source_writes_markup_from_text() -> None:
    for file in (WEB / "src").rglob("*.ts*"):
        if not file.name.endswith("schema.d.ts"):
            assert _UNSAFE.findall(file.read_text()) == [], file


def test_a_folder_of_sources_is_seen_at_one_look() -> None:
    for folder in [WEB / "src", *(place for place in (WEB / "src").rglob("*") if place.is_dir())]:
        modules = [file.name for file in folder.glob("*.ts*") if ".test." not in file.name and ".d." not in file.name]
        assert len(modules) <= MODULES_OF_A_FOLDER, (folder, sorted(modules))


def test_the_page_holds_no_code(manifest: dict[str, Any]) -> None:
    """The content security policy allows neither scripts nor styles in the page itself."""
    page = (BUILT / "index.html").read_text()
    assert "<style" not in page
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert " style=" not in page


def test_its_own_tests_pass() -> None:
    """Logic and components, by vitest."""
    command = ["npx", "--no-install", "vitest", "run", "--reporter=dot"]
    done = subprocess.run(command, cwd=WEB, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
