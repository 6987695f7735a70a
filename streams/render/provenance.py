"""What an export is made with, by name: enough to say why the same export comes out otherwise. Decides nothing.

Code is named by what it says, not by a commit: the same files have the same name wherever they came from.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

import av
import msgspec
from PIL import features

import core.domain
import core.media
import schemas
import streams.render
import streams.renderer
from schemas.common import ObjectRef
from schemas.documents.frame_plan import FramePlan
from schemas.documents.transcript import Transcript
from schemas.options.caption_template import CaptionTemplate
from streams.renderer.encoding.muxer import Encoding

LIBRARIES = ("av", "numpy", "pillow", "uharfbuzz", "budoux", "noto-cjk-sans-jp-bold", "msgspec")
DRAWN_WITH = ("freetype2", "raqm", "harfbuzz", "fribidi")
SHORT = 16
"""Signs of a hash: enough to tell two files apart."""
CPU = Path("/proc/cpuinfo")
INSTRUCTIONS = ("sse4_2", "avx", "avx2", "avx512f", "fma", "asimd")
"""Codecs choose their code by what the processor can do; some of it rounds otherwise."""


def made_with(
    encoding: Encoding,
    look: CaptionTemplate,
    plan: FramePlan,
    transcript: Transcript | None,
    inputs: Mapping[str, ObjectRef | None],
) -> dict[str, str]:
    """Everything by name; ``inputs`` are the stored documents and the source."""
    given = {f"input.{name}": ref.sha256[:SHORT] for name, ref in inputs.items() if ref is not None}
    encoder = {f"encoder.{name}": str(value) for name, value in _flat(msgspec.to_builtins(encoding))}
    models = {"model.frame": plan.model, "model.speech": transcript.model if transcript else ""}
    return {
        **workshop(),
        **encoder,
        **given,
        f"template.{look.template_id}": str(look.version),
        **{name: model for name, model in models.items() if model},
    }


def _flat(tree: Mapping[str, object], before: str = "") -> Iterator[tuple[str, object]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


@cache
def workshop() -> Mapping[str, str]:
    """What is the same for every export of a process: code, libraries, fonts, machine."""
    data, fonts = _folder(schemas) / "data", _folder(streams.renderer) / "typography" / "fonts"
    return {
        "product": metadata.version("clipstream"),
        "python": platform.python_version(),
        "machine": _machine(),
        "cores": str(os.cpu_count()),
        "code.render": _code(streams.render, streams.renderer),
        "code.media": _code(core.media),
        "code.schemas": _code(schemas, core.domain),
        "data.schemas": digest(data_files(data), data),
        **dict(_libraries()),
        **{f"font.{path.name}": digest([path], path.parent) for path in sorted(fonts.glob("*.?tf"))},
    }


def data_files(root: Path) -> list[Path]:
    """What decides how a clip looks without being code: emoji, keywords, safe zones, templates, coarse words."""
    patterns = ("*.json", "templates/**/*.json", "profanity/*.txt")
    return [path for pattern in patterns for path in root.glob(pattern)]


def _folder(package: object) -> Path:
    return Path(next(iter(getattr(package, "__path__"))))  # noqa: B009 - of a module, which mypy does not know to be a package


def _code(*packages: object) -> str:
    """One name for the source of these packages, by the paths from the folder that they are installed in."""
    root = _folder(schemas).parent
    return digest((path for package in packages for path in _folder(package).rglob("*.py")), root)


def digest(files: Iterable[Path], root: Path) -> str:
    """One name for what these files say and what they are called below ``root``."""
    whole = hashlib.sha256()
    for path in sorted(files):
        whole.update(f"{path.relative_to(root)}\0".encode())
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()[:SHORT]


def _libraries() -> Iterator[tuple[str, str]]:
    for name in LIBRARIES:
        yield f"library.{name}", metadata.version(name)
    for name, version in sorted(av.library_versions.items()):
        yield f"library.{name}", ".".join(str(part) for part in version)
    for name in DRAWN_WITH:
        yield f"library.{name}", str(features.version(name) or "absent")


def _machine() -> str:
    try:
        flags = set(CPU.read_text(errors="replace").split())
    except OSError:
        flags = set()
    return " ".join([platform.machine(), *(name for name in INSTRUCTIONS if name in flags)])
