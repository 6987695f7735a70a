"""Collects an export's provenance: code, libraries, settings and inputs, by name.

Code is named by a hash of its text, not by a commit: the same files have the same name wherever they came from.
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
"""Packages whose version can change an export's bytes."""
DRAWING_LIBRARIES = ("freetype2", "raqm", "harfbuzz", "fribidi")
"""Libraries inside Pillow that draw letters."""
HASH_LENGTH = 16
"""Characters of a hash: enough to tell two files apart."""
CPU_INFO = Path("/proc/cpuinfo")
CPU_INSTRUCTIONS = ("sse4_2", "avx", "avx2", "avx512f", "fma", "asimd")
"""Codecs choose code paths by these processor features, and some round differently."""


def collect_provenance(
    encoding: Encoding,
    look: CaptionTemplate,
    plan: FramePlan,
    transcript: Transcript | None,
    inputs: Mapping[str, ObjectRef | None],
) -> dict[str, str]:
    """Everything by name; ``inputs`` are the stored documents and the source."""
    stored_inputs = {f"input.{name}": ref.sha256[:HASH_LENGTH] for name, ref in inputs.items() if ref is not None}
    encoder = {f"encoder.{name}": str(value) for name, value in _flatten(msgspec.to_builtins(encoding))}
    models = {"model.frame": plan.model, "model.speech": transcript.model if transcript else ""}
    return {
        **environment(),
        **encoder,
        **stored_inputs,
        f"template.{look.template_id}": str(look.version),
        **{name: model for name, model in models.items() if model},
    }


def _flatten(tree: Mapping[str, object], before: str = "") -> Iterator[tuple[str, object]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


@cache
def environment() -> Mapping[str, str]:
    """The provenance that all exports of a process share: code, libraries, fonts, machine."""
    data, fonts = _package_folder(schemas) / "data", _package_folder(streams.renderer) / "typography" / "fonts"
    return {
        "product": metadata.version("clipstream"),
        "python": platform.python_version(),
        "machine": _describe_machine(),
        "cores": str(os.cpu_count()),
        "code.render": _hash_code(streams.render, streams.renderer),
        "code.media": _hash_code(core.media),
        "code.schemas": _hash_code(schemas, core.domain),
        "data.schemas": hash_files(list_data_files(data), data),
        **dict(_library_versions()),
        **{f"font.{path.name}": hash_files([path], path.parent) for path in sorted(fonts.glob("*.?tf"))},
    }


def list_data_files(root: Path) -> list[Path]:
    """Data that decides how a clip looks: emoji, keywords, safe zones, templates, coarse words."""
    patterns = ("*.json", "templates/**/*.json", "profanity/*.txt")
    return [path for pattern in patterns for path in root.glob(pattern)]


def _package_folder(package: object) -> Path:
    return Path(next(iter(getattr(package, "__path__"))))  # noqa: B009 - of a module, which mypy does not know to be a package


def _hash_code(*packages: object) -> str:
    """Hash the source of packages, by paths below their install folder."""
    root = _package_folder(schemas).parent
    return hash_files((path for package in packages for path in _package_folder(package).rglob("*.py")), root)


def hash_files(files: Iterable[Path], root: Path) -> str:
    """Hash the content and the relative paths of files."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path.relative_to(root)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:HASH_LENGTH]


def _library_versions() -> Iterator[tuple[str, str]]:
    for name in LIBRARIES:
        yield f"library.{name}", metadata.version(name)
    for name, version in sorted(av.library_versions.items()):
        yield f"library.{name}", ".".join(str(part) for part in version)
    for name in DRAWING_LIBRARIES:
        yield f"library.{name}", str(features.version(name) or "absent")


def _describe_machine() -> str:
    try:
        flags = set(CPU_INFO.read_text(errors="replace").split())
    except OSError:
        flags = set()
    return " ".join([platform.machine(), *(name for name in CPU_INSTRUCTIONS if name in flags)])
