"""The wheel ships the web app, although the build is not committed; the image copies the same folder."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_wheel_holds_the_web_app(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=300)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    built = {path.relative_to(ROOT).as_posix() for path in (ROOT / "api/web/app/assets").iterdir()}
    assert {"api/web/app/index.html", *built} <= names
    assert not any(name.startswith("web/") for name in names)


def test_the_image_copies_what_holds_the_web_app() -> None:
    dockerfile = (ROOT / "deploy/compose/Dockerfile").read_text()
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert "COPY api api" in dockerfile
    assert not any("web/app" in line or line == "api" for line in ignored)
