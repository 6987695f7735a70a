"""Schemathesis sends generated requests and sequences of linked ones to the API, with a project in every state.

Before that, every operation is called as every role, by keys, service accounts, tokens and cookies of people: with
ids of another organisation, and in the same one where the role may not.

``CLIPSTREAM_TEST_GENERATED=CASES`` makes it the long run (``make soak-api``), with so many cases of each operation.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import get_args
from uuid import UUID

import pytest

from api.routes import OPERATIONS
from core.infra.postgres.connection import set_org
from core.settings import Settings
from schemas.access.permissions import Role
from tests.contract.generated.people_states import read_rows
from tests.contract.generated.project_states import NEWEST, TABLES, Resources, make_resources
from tests.contract.generated.role_walls import (
    LAST,
    broken_walls,
    call_as_foreigners,
    call_without_permission,
    spared,
    uncalled,
    uuid_parameters,
)
from tests.contract.generated.schemathesis_run import FiniteStreams, Volume, run_schemathesis, serve
from tests.contract.generated.wall_callers import Kind, make_callers
from tests.contract.rigs.api_world import World
from tests.contract.rigs.pipeline_rig import Pipeline, make_pipeline
from tests.support.api_readings import read_all_async
from tests.support.media.hostile_files import film

__all__ = ["make_pipeline"]
pytestmark = pytest.mark.contract
SEED = 20261124
CASES = int(os.environ.get("CLIPSTREAM_TEST_GENERATED", "0"))
MOST_SEQUENCES = 500
FULL_CASES_COUNT, PROMISED_COUNT = 120, 20_000
"""From so many cases of each operation on, the run is whole, and makes at least so many in all."""
WHOLE_WALLS = CASES > 0
"""Each role as each kind of caller; else one kind of each, chosen by the seed."""
SHORT = [
    Volume(seed=SEED, phases=("fuzzing",), examples=4),
    Volume(seed=SEED, phases=("stateful",), examples=MOST_SEQUENCES),
]
LONG = [
    Volume(seed=SEED, phases=("examples", "coverage", "fuzzing"), examples=CASES),
    *(Volume(seed=SEED + at, phases=("stateful",), examples=MOST_SEQUENCES) for at in range(CASES // 4)),
]
"""A run of linked requests ends when the tool meets nothing new, long before its limit: other seeds begin elsewhere."""
BY_ROLES: list[tuple[Role, Kind, Volume]] = [
    (role, kind, Volume(seed=SEED + number, phases=("fuzzing",), examples=max(1, CASES // 8), without=without))
    for number, role in enumerate(get_args(Role))
    for kind, without in (("key", ()), ("token", LAST))
]
"""Every operation as every role, by a key and by a person, who does not end their own session."""


@pytest.mark.timeout(3 * 3600 if CASES else 900)
async def test_no_request_breaks_the_document_or_a_wall(pipeline: Pipeline, postgres: Settings, tmp_path: Path) -> None:
    resources = await make_resources(pipeline, postgres, film(tmp_path / "film.mp4", seconds=6).read_bytes())
    await _check_walls(pipeline, postgres, resources)
    app, cases, seconds = FiniteStreams(pipeline.world.app), 0, 0.0
    async with serve(app) as address:
        for volume in LONG if CASES else SHORT:
            report = await run_schemathesis(address, pipeline.world.ann.key, resources, volume, tmp_path)
            assert report.exit_code == 0, report.output
            cases, seconds = cases + report.cases, seconds + report.seconds
            if "fuzzing" in volume.phases:
                assert report.operations == len(OPERATIONS)
        for role, kind, volume in BY_ROLES if CASES else ():
            token = await _token_of(pipeline, postgres, role, kind)
            report = await run_schemathesis(address, token, resources, volume, tmp_path)
            assert report.exit_code == 0, report.output
            assert report.operations == len(OPERATIONS) - len(volume.without)
            print(f"\n{role} by {kind}: {report.cases} cases in {report.seconds:.0f} s")
            cases, seconds = cases + report.cases, seconds + report.seconds
    figures = f"{cases} cases of {len(OPERATIONS)} operations in {seconds:.0f} s: {dict(sorted(app.statuses.items()))}"
    print(f"\n{figures}")
    assert CASES < FULL_CASES_COUNT or cases >= PROMISED_COUNT, figures
    assert not [status for status in app.statuses if status >= 500], figures
    assert {200, 201, 202, 204, 404, 409, 422} <= set(app.statuses), figures
    for project_id in resources.projects.values():  # what the requests left behind can be read, too
        assert not (await read_all_async(pipeline.client, project_id, without=None)).failures()


async def _check_walls(pipeline: Pipeline, settings: Settings, resources: Resources) -> None:
    """Ids of one organisation in requests of another, and of who may not there: refused, and nothing is told."""
    world, project_id, canary = pipeline.world, resources.projects["completed"], "canary-of-ann"
    await pipeline.ask("PATCH", f"/v1/projects/{project_id}", {"title": canary}, **NEWEST)
    ids = {name: list(values) for name, values in resources.ids.items()} | {"project_id": [project_id]}
    assert uuid_parameters() - ids.keys() == set(), "make one of each in project_states.py or people_states.py"
    before = await read_all_async(pipeline.client, project_id, without=None)
    rows_before = await read_rows(world, world.ann.org_id, TABLES, ids)
    foreigners = await make_callers(world, settings, world.bob.org_id)
    answers = await call_as_foreigners(foreigners, ids, seed=SEED, whole=WHOLE_WALLS)
    assert uncalled(answers, foreigners, whole=WHOLE_WALLS) == set()
    members = await make_callers(world, settings, world.ann.org_id, operator=True)
    answers += await call_without_permission(members, ids, seed=SEED, whole=WHOLE_WALLS)
    await _let_operate(world, world.bob.org_id, yes=True)
    operators = await make_callers(world, settings, world.bob.org_id, ["operator"], operator=True)
    answers += await call_as_foreigners(operators, ids, seed=SEED, whole=WHOLE_WALLS)
    await _let_operate(world, world.bob.org_id, yes=False)
    print(f"\n{len(answers)} calls of {len(OPERATIONS)} operations by {len(foreigners)} kinds of callers")
    assert spared(answers) == set()
    assert broken_walls(answers, canary) == []
    assert await read_rows(world, world.ann.org_id, TABLES, ids) == rows_before
    after = await read_all_async(pipeline.client, project_id, without=None)
    assert {path for path, answer in before.answers.items() if answer.status != after.answers[path].status} == set()


async def _token_of(pipeline: Pipeline, settings: Settings, role: Role, kind: Kind) -> str:
    """The token of somebody new in the organisation of the resources."""
    callers = await make_callers(pipeline.world, settings, pipeline.org_id, [role], operator=True)
    return next(caller.token for caller in callers if caller.kind == kind)


async def _let_operate(world: World, org_id: UUID, *, yes: bool) -> None:
    """Whether an organisation runs the installation: then its operators may do more, but see no more."""
    async with world.owner.transaction():
        await set_org(world.owner, org_id)
        await world.owner.execute("update orgs set operator = $2 where org_id = $1", org_id, yes)
