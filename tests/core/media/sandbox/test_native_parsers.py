"""Where native parsers may be called: modules that open bytes are reached by children, other processes load none."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import grimp
import pytest

from schemas.stages import ROW_BY_NAME, TABLE

REPO = Path(__file__).parents[4]
PACKAGES = ("api", "cli", "core", "local", "schemas", "streams")
PARSERS = frozenset({"av", "PIL", "uharfbuzz", "fontTools", "freetype"})
CALLS = {"av.open", "Image.open", "ImageFont.truetype", "hb.Face", "TTFont", "freetype.Face"}
"""What begins to read bytes by a native parser."""
ENTRY = re.compile(r"(?:core|streams)(?:\.\w+)+:\w+")
OPENERS = {
    "core.media.decode.open": "every child that reads a source",
    "streams.ingest.assets.font": "streams.ingest.assets.child:main",
    "streams.ingest.assets.image": "streams.ingest.assets.child:main",
    "streams.ingest.probe.audio_extraction": "streams.ingest.probe.child:main",
    "streams.ingest.script.child": "streams.ingest.script.child:main",
    "streams.render.quality.container": "streams.render.child.main:main",
    "streams.render.quality.probe": "streams.render.child.main:main",
    "streams.renderer.audio.codec_round_trip": "streams.render.child.main:main",
    "streams.renderer.audio.stems": "streams.render.child.main:main",
    "streams.renderer.branding.bumpers": "streams.render.child.main:main",
    "streams.renderer.branding.overlays": "streams.render.child.main:main",
    "streams.renderer.branding.picture_marks": "streams.render.child.main:main",
    "streams.renderer.encoding.animated_image": "streams.render.child.main:main",
    "streams.renderer.encoding.muxer": "streams.render.child.main:main",
    "streams.renderer.segments.packets": "streams.render.child.main:main",
    "streams.renderer.typography.fonts": "streams.render.child.main:main",
    "streams.renderer.typography.glyph_raster": "streams.render.child.main:main",
    "streams.transcode.proxy_writer": "streams.transcode.child:main",
    "streams.speech.flac_decoder": "streams.speech.flac_decoder:main",
}
"""Modules that open something → the child by which they are reached. Who adds one says which child it runs in; the
stage tests see to it that no worker calls them itself (tests/contract/rigs/parser_guard.py)."""
LOADING = {"ingest", "look", "frame", "render", "preview"}
"""Stages whose workers load a parser: their agents import constants and types of modules that children run."""


@cache
def imports() -> grimp.ImportGraph:
    return grimp.build_graph(
        *PACKAGES, include_external_packages=True, exclude_type_checking_imports=True, cache_dir=None
    )


def loaded_by(module: str) -> set[str]:
    """Parsers among what a module imports, and what that imports, and so on; imports inside functions too."""
    graph = imports()
    assert module in graph.modules, module
    return set(graph.find_upstream_modules(module)) & PARSERS


def modules() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in (REPO / package).rglob("*.py"):
            yield ".".join(path.relative_to(REPO).with_suffix("").parts), ast.parse(path.read_text())


def test_each_module_that_opens_media_runs_in_a_child() -> None:
    opening = {
        name
        for name, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in CALLS
    }
    assert opening == set(OPENERS)


def test_the_listed_children_are_started() -> None:
    started = {
        node.value
        for name, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and ENTRY.fullmatch(node.value)
        if name != "streams.registry"
    }
    assert {entry for entry in OPENERS.values() if ":" in entry} <= started
    for module, entry in OPENERS.items():
        child = entry.partition(":")[0]
        if ":" in entry:
            assert module == child or module in imports().find_upstream_modules(child), module


@pytest.mark.parametrize(
    "module",
    [
        "api.__main__",
        "cli.__main__",
        "local.stack",
        "streams.__main__",
        "streams.background.relay",
        "streams.sinks.clickhouse.sink",
        "streams.sinks.search.sink",
        "streams.worker",
        *(f"streams.{row.name}.agent" for row in TABLE if row.name not in LOADING),
    ],
)
def test_a_process_that_opens_no_media_itself_loads_no_parser(module: str) -> None:
    assert loaded_by(module) == set()


def test_processes_that_load_a_parser_report_walls() -> None:
    for stage in LOADING:
        assert loaded_by(f"streams.{stage}.agent")
        assert ROW_BY_NAME[stage].opens_media
