"""The table of stages against the rest of the tree: folders, actors, topics, layers, labels, shares."""

from __future__ import annotations

import ast
import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from cli.api.project_progress import SHARES, Progress
from local.supervisor.prefork import LOADED
from schemas.stages import (
    AWAITED,
    EXPORT_STAGES,
    ON_DEMAND,
    PROJECT_STAGES,
    ROW_BY_NAME,
    STAGES,
    TABLE,
    remaining_export_stages,
    stage_position,
)
from schemas.topics import TOPICS
from streams.registry import actor_path, make_stage

REPO = Path(__file__).resolve().parents[2]
PACKAGES = ("api", "benchmarks", "cli", "core", "local", "schemas", "streams")
_NAMED = re.compile(rf"""["']({"|".join(STAGES)})["']""")
MIN_LIST = 3
"""Names of stages side by side that count as a list: two may be a pair that means something by itself."""


def test_the_table_has_each_stage_once_in_the_order_of_the_type() -> None:
    assert tuple(row.name for row in TABLE) == STAGES


def test_every_stage_is_a_folder_with_an_agent_and_no_other_folder_is() -> None:
    assert {path.parent.name for path in (REPO / "streams").glob("*/agent.py")} == set(STAGES)


@pytest.mark.parametrize("stage", STAGES)
def test_the_registry_finds_the_actor(stage: str) -> None:
    module, _, name = actor_path(stage).partition(":")
    actor = getattr(import_module(module), name)
    assert actor.name == stage
    assert all(callable(getattr(actor, method)) for method in ("wants", "work", "give_up"))


def test_the_registry_refuses_an_unknown_stage() -> None:
    with pytest.raises(ValueError, match="no stage 'nonsense'"):
        make_stage("nonsense", None)  # type: ignore[arg-type]


def test_every_stage_consumes_a_topic() -> None:
    assert set(STAGES) <= {consumer for topic in TOPICS for consumer in topic.consumers}


def test_the_layers_keep_every_stage_from_the_others() -> None:
    project = tomllib.loads((REPO / "pyproject.toml").read_text())
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    listed = next(layer for layer in layers if "streams.ingest" in layer).split(" | ")
    assert set(listed) == {f"streams.{stage}" for stage in STAGES} | {"streams.sinks"}


def test_the_forks_of_one_machine_have_every_actor_loaded() -> None:
    assert {actor_path(stage).partition(":")[0] for stage in STAGES} <= set(LOADED)


def test_the_command_line_shows_every_stage_of_a_project() -> None:
    assert list(Progress().stages) == list(SHARES) == list(PROJECT_STAGES)
    assert sum(SHARES.values()) == pytest.approx(1)
    assert all(0 < len(row.label) <= 24 for row in TABLE), "the command line aligns what follows a label"


def test_only_stages_of_projects_take_a_share_of_their_time() -> None:
    assert {row.name for row in TABLE if row.time_share} == set(PROJECT_STAGES)


def test_a_project_awaits_stages_that_it_has() -> None:
    assert AWAITED == ("study", "detect")
    assert set(AWAITED) <= set(PROJECT_STAGES)
    assert not set(ON_DEMAND) & set(PROJECT_STAGES)


def test_an_export_that_ends_in_a_stage_leaves_the_later_ones() -> None:
    assert EXPORT_STAGES == ("frame", "render")
    assert remaining_export_stages("frame") == ("frame", "render")
    assert remaining_export_stages("render") == ("render",)


def test_a_worker_that_waits_takes_several_events() -> None:
    assert {row.name for row in TABLE if row.concurrency > 1} == {"ingest", "study", "deliver"}
    assert [ROW_BY_NAME[name].places() for name in ("ingest", "study", "deliver", "listen")] == [
        (4, 2), (4, 2), (16, 4), (1, 1),
    ]  # fmt: skip
    assert ROW_BY_NAME["listen"].places(2) == (2, 2)
    assert ROW_BY_NAME["deliver"].places(40) == (40, 10)
    assert ROW_BY_NAME["deliver"].places(1) == (1, 1), "an organisation has a place at least"


def test_an_unknown_stage_comes_last() -> None:
    assert sorted(["later", "render", "ingest"], key=stage_position) == ["ingest", "render", "later"]


def test_no_other_module_lists_the_stages() -> None:
    """A list without a new stage once made the API answer 500 after a project's first preview."""
    allowed = {
        "schemas/stages.py": "the table",
        "schemas/topics.py": "who makes and takes each topic",
        "schemas/lanes.py": "which events wait for a place in which stages; others are sent at once",
        "schemas/access/process_settings.py": "which secrets each process gets; a stage without a row: the common ones",
        "schemas/access/object_policies.py": "which objects each stage writes; one without a row may write none",
        "schemas/tools/workloads.py": "sizes of pods; a stage without a row takes the defaults",
        "core/domain/retry_plan.py": "what a stage that is taken up again needs of the others",
        "core/domain/estimates.py": "which stages find nothing to do in a script",
        "core/services/project_retry.py": "which stages a failed part goes back to",
        "benchmarks/system/estimates.py": "what each stage's cost grows with: the fit of stage_rates.json",
    }
    listing = {
        str(path.relative_to(REPO)) for package in PACKAGES for path in (REPO / package).rglob("*.py") if lists(path)
    }
    assert listing == set(allowed)


def lists(path: Path) -> bool:
    """Whether a literal of a module, or a statement of SQL in it, names several stages side by side."""
    text = path.read_text()
    if len(set(_NAMED.findall(text))) < MIN_LIST:
        return False
    for node in ast.walk(ast.parse(text)):
        names: list[object] = []
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            items = [item.elts[0] if isinstance(item, ast.Tuple) and item.elts else item for item in node.elts]
            names = [item.value for item in items if isinstance(item, ast.Constant)]
        elif isinstance(node, ast.Dict):
            names = [key.value for key in node.keys if isinstance(key, ast.Constant)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names = list(re.findall(r"'(\w+)'", node.value))
        if len({name for name in names if name in STAGES}) >= MIN_LIST:
            return True
    return False
