"""Schemathesis sends generated requests and sequences of linked ones to the API, with a project in every state.

Before that, every operation is called with every role and ids of another organisation.

``CLIPSTREAM_TEST_GENERATED=CASES`` makes it the long run (``make soak-api``), with so many cases of each operation.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import get_args

import pytest

from api.routes import OPERATIONS
from core.settings import Settings
from schemas.access.permissions import Role
from tests.contract.generated.project_states import NEWEST, Resources, make_resources
from tests.contract.generated.role_walls import broken_walls, call_everything, key_of_role, uncalled
from tests.contract.generated.schemathesis_run import FiniteStreams, Volume, run_schemathesis, serve
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
SHORT = [
    Volume(seed=SEED, phases=("fuzzing",), examples=4),
    Volume(seed=SEED, phases=("stateful",), examples=MOST_SEQUENCES),
]
LONG = [
    Volume(seed=SEED, phases=("examples", "coverage", "fuzzing"), examples=CASES),
    *(Volume(seed=SEED + at, phases=("stateful",), examples=MOST_SEQUENCES) for at in range(CASES // 4)),
]
"""A run of linked requests ends when the tool meets nothing new, long before its limit: other seeds begin elsewhere."""


@pytest.mark.timeout(3 * 3600 if CASES else 900)
async def test_no_request_breaks_the_document_or_a_wall(pipeline: Pipeline, postgres: Settings, tmp_path: Path) -> None:
    resources = await make_resources(pipeline, film(tmp_path / "film.mp4", seconds=6).read_bytes())
    await _check_walls(pipeline, postgres, resources)
    app, cases, seconds = FiniteStreams(pipeline.world.app), 0, 0.0
    async with serve(app) as address:
        for volume in LONG if CASES else SHORT:
            report = await run_schemathesis(address, pipeline.world.ann.key, resources, volume, tmp_path)
            assert report.exit_code == 0, report.output
            cases, seconds = cases + report.cases, seconds + report.seconds
            if "fuzzing" in volume.phases:
                assert report.operations == len(OPERATIONS)
    figures = f"{cases} cases of {len(OPERATIONS)} operations in {seconds:.0f} s: {dict(sorted(app.statuses.items()))}"
    print(f"\n{figures}")
    assert CASES < FULL_CASES_COUNT or cases >= PROMISED_COUNT, figures
    assert {200, 201, 202, 204, 404, 409, 422} <= set(app.statuses), figures
    for project_id in resources.projects.values():  # what the requests left behind can be read, too
        assert not (await read_all_async(pipeline.client, project_id, without=None)).failures()


async def _check_walls(pipeline: Pipeline, settings: Settings, resources: Resources) -> None:
    """Ids of one organisation in requests of another, with each role: refused as declared, and nothing is told."""
    world, project_id, canary = pipeline.world, resources.projects["completed"], "canary-of-ann"
    await pipeline.ask("PATCH", f"/v1/projects/{project_id}", {"title": canary}, **NEWEST)
    ids = {name: list(values) for name, values in resources.ids.items()} | {"project_id": [project_id]}
    before = await read_all_async(pipeline.client, project_id, without=None)
    answers = []
    for role in get_args(Role):
        key = await key_of_role(world, settings, role)
        answers += await call_everything(world.bob.client, key, role, ids)
    assert broken_walls(answers, canary) == []
    assert uncalled(answers) == set()
    after = await read_all_async(pipeline.client, project_id, without=None)
    assert {path for path, answer in before.answers.items() if answer.status != after.answers[path].status} == set()
