"""The soak test's schedule of kills, and its verdict: it finds every lost or doubled result."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest

from benchmarks.soak.__main__ import FIRST_S, PAUSE_S, schedule
from benchmarks.soak.invariants import ONE_A_CLIP, ONE_A_PROJECT, STAGES, EndedProject, Stores, violations
from schemas.stages import EXPORT_STAGES

PARTS = ["api", "kafka", "relay", "render-1"]
GOOD = EndedProject(
    state="completed",
    reason=None,
    clips=2,
    done_exports=2,
    facts=dict.fromkeys(ONE_A_PROJECT, 1) | dict.fromkeys(ONE_A_CLIP, 2),
    attempts={stage: {"done": 1} for stage in STAGES},
    webhooks={"project.completed": 1, "export.completed": 2},
)


def stores(**changed: Any) -> Stores:
    whole = Stores(
        accepted=["p"],
        projects={"p": GOOD},
        unaccounted=[],
        unsent=0,
        dead_letters=[],
        published=frozenset({"e1", "e2"}),
        counted=["e1", "e2"],
        refused_webhooks=[],
    )
    return msgspec.structs.replace(whole, **changed)


def project(**changed: Any) -> Stores:
    return stores(projects={"p": msgspec.structs.replace(GOOD, **changed)})


def test_the_same_seed_strikes_the_same() -> None:
    assert schedule(PARTS, 600, 7) == schedule(list(reversed(PARTS)), 600, 7)
    assert schedule(PARTS, 600, 7) != schedule(PARTS, 600, 8)


def test_every_part_has_its_turn_before_one_is_struck_again() -> None:
    strikes = schedule(PARTS, 600, 1)
    for at in range(0, len(strikes) - len(PARTS), len(PARTS)):
        assert {strike.part for strike in strikes[at : at + len(PARTS)]} == set(PARTS)


def test_strikes_keep_their_distance_and_end_in_time() -> None:
    times = [strike.at_s for strike in schedule(PARTS, 600, 1)]
    assert times[0] == FIRST_S
    assert times[-1] < 600
    assert all(PAUSE_S[0] <= after - before <= PAUSE_S[1] for before, after in itertools.pairwise(times))


def test_all_is_well() -> None:
    assert violations(stores()) == []


def test_where_nothing_was_found_nothing_is_framed_or_rendered() -> None:
    facts = {kind: count for kind, count in GOOD.facts.items() if kind in ONE_A_PROJECT}
    attempts = {stage: {"done": 1} for stage in STAGES if stage not in EXPORT_STAGES}
    webhooks = {"project.completed": 1}
    nothing: dict[str, Any] = {"clips": 0, "done_exports": 0, "facts": facts, "attempts": attempts}
    assert violations(project(**nothing, webhooks=webhooks)) == []
    assert "p: no attempt of frame is done" in violations(project(**nothing | {"clips": 1}, webhooks=webhooks))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (stores(accepted=["p", "q"]), "q: accepted and not in Postgres"),
        (stores(unaccounted=["r"]), "r: in Postgres, though no client was notified of it"),
        (project(state="running"), "p: running (None)"),
        (project(state="failed", reason="retries.exhausted"), "p: failed (retries.exhausted)"),
        (project(facts=GOOD.facts | {"ProjectCompleted": 2}), "p: 2 × ProjectCompleted instead of 1"),
        (project(facts=GOOD.facts | {"ExportCompleted": 1}), "p: 1 × ExportCompleted instead of 2"),
        (project(done_exports=1), "p: 1 exports of 2 clips"),
        (project(attempts=dict(GOOD.attempts) | {"close": {}}), "p: no attempt of close is done"),
        (
            project(attempts=dict(GOOD.attempts) | {"look": {"done": 1, "running": 1}}),
            "p: attempts of look are running",
        ),
        (project(webhooks=GOOD.webhooks | {"project.completed": 2}), "p: 2 webhooks project.completed instead of 1"),
        (project(webhooks={}), "p: 0 webhooks project.completed instead of 1"),
        (project(missing_files=("x",)), "p: x is not in object storage"),
        (stores(unsent=3), "3 events are due and were not sent"),
        (stores(dead_letters=["listen bug"]), "dead letter: listen bug"),
        (stores(refused_webhooks=["no signature fits"]), "webhook refused: no signature fits"),
        (stores(counted=["e1", "e2", "e2"]), "1 events count more than once in ClickHouse, first e2"),
        (stores(counted=["e1"]), "1 events are not in ClickHouse, first e2"),
        (stores(counted=["e1", "e2", "e3"]), "1 events in ClickHouse were never sent, first e3"),
    ],
)
def test_what_is_wrong_is_said(wrong: Stores, said: str) -> None:
    assert said in violations(wrong)
