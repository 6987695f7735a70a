"""Every state in SQL, the API and the command line is in the state tables, and changes as they allow."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

import pytest

from api.projects.models import State as ListedState
from cli.api.project_progress import ENDED
from core.domain.project_states import (
    ACTIVE_EXPORT_STATES,
    ACTIVE_PROJECT_STATES,
    ENDED_PROJECT_STATES,
    EXPORT_TRANSITIONS,
    GONE_PROJECT_STATES,
    PROJECT_TRANSITIONS,
    REUSABLE_PROJECT_STATES,
    ExportState,
    ProjectState,
)

ROOT = Path(__file__).parents[3]
TABLES: Mapping[str, Mapping[str, tuple[str, ...]]] = {"projects": PROJECT_TRANSITIONS, "exports": EXPORT_TRANSITIONS}
LISTS = {
    "projects": {ACTIVE_PROJECT_STATES, GONE_PROJECT_STATES, ENDED_PROJECT_STATES, REUSABLE_PROJECT_STATES},
    "exports": {ACTIVE_EXPORT_STATES},
}
UPDATE = re.compile(r"update (projects|exports) set state = (?:'(\w+)'|\$3)(.*?)(?:$|;)", re.DOTALL)
GUARD = re.compile(r"\bstate (=|<>|in) \(?('[\w', ]+')\)?")


def statements() -> Iterator[str]:
    """The SQL of the product."""
    for folder in ("core/storage", "core/services", "core/infra/postgres", "streams/runtime"):
        for path in sorted((ROOT / folder).glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and "state" in node.value:
                    yield node.value


def names(text: str) -> tuple[str, ...]:
    """The states of a list of SQL literals."""
    return tuple(re.findall(r"'(\w+)'", text))


def sources(table: Mapping[str, tuple[str, ...]], target: str) -> set[str]:
    """From which states the target can be reached in one step."""
    return {state for state, targets in table.items() if target in targets}


def moves() -> list[tuple[str, str, str]]:
    """Table, target state and the rest of each statement that moves projects or exports."""
    found = [match for text in statements() for match in UPDATE.finditer(text)]
    return [
        (match[1], target, match[3])
        for match in found
        for target in ([match[2]] if match[2] else ["completed", "failed", "cancelled"])
    ]


def test_tables_name_every_state() -> None:
    assert set(PROJECT_TRANSITIONS) == set(get_args(ProjectState))
    assert set(EXPORT_TRANSITIONS) == set(get_args(ExportState))
    for table in TABLES.values():
        assert {target for targets in table.values() for target in targets} <= set(table)


@pytest.mark.parametrize(("kind", "target", "rest"), moves())
def test_sql_moves_as_the_tables_say(kind: str, target: str, rest: str) -> None:
    table = TABLES[kind]
    assert sources(table, target)
    for operator, literals in GUARD.findall(rest):
        if operator == "<>":
            assert all(table[state] == () for state in names(literals)), "only a final state is left alone"
        else:
            assert set(names(literals)) <= sources(table, target)


def test_enough_state_changes_are_found() -> None:
    found = {(kind, target) for kind, target, _ in moves()}
    assert found == {
        *(("projects", one) for one in ("queued", "running", "completed", "failed", "cancelled", "erased")),
        *(("exports", one) for one in ("waiting", "rendering", "done", "failed", "cancelled")),
    }


def test_lists_in_sql_are_named_sets() -> None:
    known = {tuple(sorted(one)) for kind in LISTS.values() for one in kind}
    for text in statements():
        for literals in re.findall(r"\bstate (?:not )?in \(('[\w', ]+')\)", text):
            listed = tuple(sorted(names(literals)))
            others = {
                ("free", "running"),
                ("free", "gave_up"),
                ("cancelled", "done", "gave_up"),
                ("delivered", "failed"),
                ("running", "waiting"),
                ("failed", "skipped"),
            }  # attempts, stages, deliveries
            assert listed in known | others, text


@pytest.mark.parametrize("kind", ["projects", "exports"])
def test_the_database_allows_these_states(kind: str) -> None:
    allowed = ()
    for path in sorted((ROOT / "schemas/postgres").glob("*.sql")):
        for part in re.split(r"(?=(?:create|alter) table )", path.read_text()):
            if re.match(rf"(?:create|alter) table {kind}\b", part) and (
                check := re.search(r"check \(state in \(([^)]*)\)\)", part)
            ):
                allowed = names(check[1])
    assert set(allowed) == set(TABLES[kind])


def test_clients_see_these_states() -> None:
    assert set(get_args(ListedState)) == set(PROJECT_TRANSITIONS) - {"erased"}
    assert {*ENDED_PROJECT_STATES, "erased"} == ENDED
