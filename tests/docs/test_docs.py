"""Documentation: every setting, topic, metric, command and route is listed, nothing else is, and links resolve."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import msgspec
import pytest

from api.http.metrics import ApiMetrics
from api.organisation.analytics import (
    FailureRow,
    FailuresByReason,
    HourlyProjects,
    HourRow,
    MinutesProcessed,
    MinutesRow,
    Summary,
)
from api.routes import OPERATIONS
from benchmarks.__main__ import NAMES
from benchmarks.load import knee
from benchmarks.render import aspects, moviepy_peer, parallel_renders, render
from benchmarks.speech import asr, word_times
from benchmarks.system import admission, api_latency, decode_passes, garbage, hop, hour, pipeline
from cli.__main__ import make_parser
from core.infra.postgres.roles import ROLES
from core.settings import _NESTED, PREFIX, Settings
from schemas.tools import data_dictionary
from schemas.topics import TOPICS
from streams.runtime.metrics import OF_RELAY, OF_SINK, OF_STAGE
from tests.docs.pages import REPO, anchors, inline_code, links, pages, prose, text_of

CODE = re.compile(r"""["']((?:media|url|producer|upload)\.[a-z_]+)["']""")
SOURCES = [path for room in ("core", "streams", "api") for path in sorted((REPO / room).rglob("*.py"))]


def names(page: Path) -> str:
    return str(page.relative_to(REPO))


def settings_names() -> list[str]:
    found = []
    for field in msgspec.structs.fields(Settings):
        nested = _NESTED.get(field.name)
        inner = [f"_{one.name.upper()}" for one in msgspec.structs.fields(nested)] if nested else [""]
        found += [PREFIX + field.name.upper() + suffix for suffix in inner]
    return found


def commands(parser: argparse.ArgumentParser, before: str = "clipstream") -> list[str]:
    """Every command that can be typed, with its parents."""
    found = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                found += commands(inner, f"{before} {name}") or [f"{before} {name}"]
    return found


@pytest.mark.parametrize("page", pages(), ids=names)
def test_every_relative_link_resolves(page: Path) -> None:
    text = page.read_text()
    for link in links(text):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        if anchor:
            assert anchor in anchors(target.read_text()), f"{link}: there is no such heading"


@pytest.mark.parametrize("page", pages(), ids=names)
def test_no_page_names_a_place_of_one_machine(page: Path) -> None:
    found = re.findall(r"(?:/work|/home|/root|/Users|/tmp)/\S*", page.read_text())
    assert found == []


@pytest.mark.parametrize("page", [page for page in pages() if "adr" not in page.parts], ids=names)
def test_every_named_file_exists(page: Path) -> None:
    rooms = {path.name for path in REPO.iterdir() if path.is_dir()} - {"out", ".clipstream", ".venv"}
    for code in inline_code(page.read_text()):
        if code.split("/")[0] in rooms and "/" in code and not re.search(r"[*<{\s]", code):
            assert (REPO / code).exists(), f"`{code}` is not there"


def test_a_stranger_finds_the_module_by_its_path() -> None:
    """Every row of "Where to look" leads to a file whose path has at least one of the row's words."""
    text = text_of("ARCHITECTURE.md").partition("## Where to look")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([^|`]+) \| `([\w/]+\.py)` \|$", text, re.MULTILINE)
    assert len(rows) >= 20
    for sought, path in rows:
        assert (REPO / path).is_file(), path
        words = {word[:5] for word in re.findall(r"[a-z]{3,}", sought.lower())}
        assert words & {word[:5] for word in re.findall(r"[a-z]+", path)}, f"{path} does not say what {sought} is"


def test_every_setting_is_listed_with_its_default() -> None:
    listed = text_of("docs/operators.md")
    assert [name for name in settings_names() if f"`{name}`" not in listed] == []
    defaults = dict(re.findall(r"^\| `(CLIPSTREAM_\w+)` \| `?([\w.:/]+)`? \|", listed, re.MULTILINE))
    for field in msgspec.structs.fields(Settings):
        if isinstance(field.default, int | float) and not isinstance(field.default, bool):
            name = PREFIX + field.name.upper()
            assert float(defaults[name]) == field.default, name
    for nested, struct in _NESTED.items():
        for field in msgspec.structs.fields(struct):
            name = f"{PREFIX}{nested.upper()}_{field.name.upper()}"
            if isinstance(field.default, str | tuple | None):
                continue
            assert float(defaults[name]) == field.default, name


def test_every_named_variable_is_read() -> None:
    code = "".join(
        path.read_text()
        for room in ("core", "streams", "api", "cli", "local", "models", "tests")
        for path in (REPO / room).rglob("*")
        if path.suffix in (".py", ".pbtxt") and "docs" not in path.relative_to(REPO).parts
    )
    known = {*settings_names(), *re.findall(r"CLIPSTREAM_[A-Z0-9_]+", code)}
    assert set(re.findall(r"CLIPSTREAM_[A-Z0-9_]*[A-Z0-9](?!\w*…)", text_of())) - known == set()


def test_every_topic_and_event_is_listed_as_in_the_table() -> None:
    listed = text_of("docs/operators.md")
    for topic in TOPICS:
        cell = r" ([^|]+) \|"
        row = re.search(rf"^\| `{re.escape(topic.name)}` \|{cell * 4}$", listed, re.MULTILINE)
        assert row, f"{topic.name} is not listed"
        held, made, taken = ([name.strip() for name in row[column].split(",")] for column in (1, 2, 3))
        assert held == [event.__name__ for event in topic.events]
        assert [name.lower() for name in made] == [name.lower() for name in topic.producers], topic.name
        assert [name.lower() for name in taken] == [name.lower() for name in topic.consumers], topic.name
        days = topic.retention_ms // 86_400_000
        assert row[4] == (f"{days} days" if days > 0 else "without end")


def test_the_metrics_are_those_of_the_code() -> None:
    told = {
        name: (kind, tuple(filter(None, labels.strip().split(", "))))
        for name, kind, labels in re.findall(
            r"^\| `(clipstream_\w+)` \| (\w+) \|([^|]*)\|", text_of("docs/operators.md"), re.MULTILINE
        )
    }
    api = {family.name: family.type for family in ApiMetrics().registry.collect()}
    kinds = {f"{name}_total" if kind == "counter" else name: kind for name, kind in api.items()}
    ours = {metric.name: (metric.kind, metric.labels) for metric in (*OF_STAGE, *OF_RELAY, *OF_SINK)}
    assert {name: found for name, found in told.items() if name not in kinds} == ours
    assert {name: kind for name, (kind, _) in told.items() if name in kinds} == kinds
    named = set(re.findall(r"`(clipstream_\w+)`", text_of()))
    assert named - told.keys() - set(ROLES) == set(), "neither a metric nor a role of Postgres"


def test_every_command_is_listed() -> None:
    listed = text_of("docs/cli.md")
    assert [name for name in commands(make_parser()) if f"| `{name}` |" not in listed] == []


def test_every_route_is_listed() -> None:
    listed = re.sub(r"\?[\w=&…]*", "", text_of())
    missing = []
    for operation in OPERATIONS:
        plain = operation.path.replace("{", r"\{").replace("}", r"\}")
        by_variable = re.sub(r"\\\{\w+\\\}", r"(?:\\{\\w+\\}|\\$\\w+)", plain)
        if not re.search(rf"{by_variable}(?![/\w])", listed):
            missing.append(f"{operation.method} {operation.path}")
    assert missing == []


def test_every_named_route_exists() -> None:
    paths = {re.sub(r"\{\w+\}", "{}", operation.path) for operation in OPERATIONS}
    for method, path in re.findall(r"`(GET|POST|PATCH|DELETE|PUT) (/[\w/{}.-]*)", prose(text_of())):
        assert re.sub(r"\{\w+\}", "{}", path) in paths, f"{method} {path}"


def test_the_catalogue_of_refusals_is_that_of_the_code() -> None:
    raised = {code for path in SOURCES for code in CODE.findall(path.read_text())}
    listed = set(
        re.findall(r"^\| `((?:media|url|producer|upload)\.[a-z_]+)` \|", text_of("docs/producers.md"), re.MULTILINE)
    )
    assert listed == raised


def test_every_benchmark_is_documented_with_its_limit() -> None:
    limits = {
        "asr": asr.CLAIM_RATIO,
        "word_times": word_times.MEDIAN_MS,
        "decode_passes": decode_passes.LIMIT,
        "render": render.LIMIT_RATIO,
        "moviepy_peer": moviepy_peer.LIMIT_RATIO,
        "parallel_renders": parallel_renders.LIMIT_RATIO,
        "aspects": aspects.LIMIT_RATIO,
        "admission": admission.LIMIT_RATIO,
        "garbage": garbage.LIMIT_RATIO,
        "knee": knee.LIMIT_RATE_HZ,
        "hop": hop.LIMIT_MS,
        "api_latency": api_latency.LIMIT_MS,
        "memory": None,
        "pipeline": pipeline.LIMIT,
        "hour": hour.LIMIT_S,
    }
    assert list(limits) == list(NAMES)
    rows = re.findall(r"^\| `(\w+)` \|(?:[^|]*\|){2} ([^|]*) \|", text_of("docs/benchmarks.md"), re.MULTILINE)
    told = {name: re.search(r"[\d.]+", limit) for name, limit in rows if name in limits}
    assert {name: float(found[0]) if found else None for name, found in told.items()} == limits


def test_every_column_is_explained() -> None:
    listed = inline_code(text_of("docs/analytics.md"))
    sql = (REPO / "schemas/clickhouse/0001_events.sql").read_text()
    columns = re.findall(r"^    (\w+) (?:UUID|Low|UInt|String|DateTime|Nullable)", sql, re.MULTILINE)
    aliases = re.findall(r" AS (\w+)[,\n]", sql.partition("VIEW IF NOT EXISTS stage_timings")[2])
    things = re.findall(r"(?:TABLE|VIEW) IF NOT EXISTS (\w+)", sql)
    assert len(columns) > 10
    assert {*columns, *aliases, *things} - listed == set()


def test_every_field_of_the_queries_is_explained() -> None:
    listed = inline_code(text_of("docs/analytics.md"))
    for answer in (Summary, HourlyProjects, HourRow, MinutesProcessed, MinutesRow, FailuresByReason, FailureRow):
        assert {*answer.__struct_fields__} - listed == set(), answer.__name__


@pytest.mark.parametrize("index", ["segments", "clips", "chapters", "entities", "tombstones"])
def test_every_index_and_field_is_explained(index: str) -> None:
    listed = inline_code(text_of("docs/search.md"))
    schema = json.loads((REPO / f"schemas/meilisearch/{index}.json").read_text())
    settings = schema["settings"]
    fields = {*settings["searchableAttributes"], *settings["filterableAttributes"], *settings["sortableAttributes"]}
    assert {index, *fields, *settings.get("rankingRules", [])} - listed == set()


def test_the_data_dictionary_is_current() -> None:
    made = data_dictionary.page(data_dictionary.migrations())
    assert text_of("docs/data-dictionary.md") == made, "run `python -m schemas.tools.data_dictionary`"
