"""The soak's schedule of faults, its verdict (it finds every lost or doubled result), its slopes and its tables."""

from __future__ import annotations

import ast
import itertools
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchmarks.harness.rig import Rig
from benchmarks.soak.drift import drifts, growths
from benchmarks.soak.faults import FIRST_S, LASTS_S, OF_LINK, OF_PART, PAUSE_S, schedule
from benchmarks.soak.invariants import ONE_A_CLIP, ONE_A_PROJECT, STAGES, EndedProject, Stores, toll, violations
from benchmarks.soak.long_tests import FileResult, Outcome, read_results, run_pytest
from benchmarks.soak.promises import PROMISES
from benchmarks.soak.readings import MIB, MemorySample, TableSample
from benchmarks.soak.report import NOT_RUN, Report, growth_table, main, merge_reports, page_with, promises_table
from schemas.stages import EXPORT_STAGES

REPO = Path(__file__).parents[2]
PARTS = dict.fromkeys(["api", "kafka", "relay", "render-1"], OF_PART) | {"link to objects": OF_LINK}
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


def test_the_same_seed_strikes_the_same_parts() -> None:
    assert schedule(PARTS, 600, 7) == schedule(dict(reversed(PARTS.items())), 600, 7)
    assert schedule(PARTS, 600, 7) != schedule(PARTS, 600, 8)


def test_every_part_has_its_turn_before_one_is_struck_again() -> None:
    strikes = schedule(PARTS, 600, 1)
    for at in range(0, len(strikes) - len(PARTS), len(PARTS)):
        assert {strike.target for strike in strikes[at : at + len(PARTS)]} == set(PARTS)


def test_every_part_is_struck_in_every_way_that_it_can_be() -> None:
    struck = {(strike.target, strike.kind) for strike in schedule(PARTS, 2400, 1)}
    assert struck == {(name, kind) for name, kinds in PARTS.items() for kind in kinds}


def test_strikes_keep_their_distance_and_end_in_time() -> None:
    strikes = schedule(PARTS, 600, 1)
    assert strikes[0].at_s == FIRST_S
    assert strikes[-1].at_s < 600
    for before, after in itertools.pairwise(strikes):
        free_s = after.at_s - before.at_s - LASTS_S.get(before.kind, 0.0)
        assert PAUSE_S[0] <= free_s <= PAUSE_S[1] + 1e-9


def test_sound_stores_have_no_violation() -> None:
    assert violations(stores()) == []


def test_a_project_without_clips_needs_no_frame_or_render() -> None:
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
def test_each_violation_is_described(wrong: Stores, said: str) -> None:
    assert said in violations(wrong)


@pytest.mark.parametrize(
    ("wrong", "lost", "doubled"),
    [
        (stores(), 0, 0),
        (stores(accepted=["p", "q"]), 1, 0),
        (project(state="failed", reason="retries.exhausted"), 1, 0),
        (project(facts=GOOD.facts | {"ExportCompleted": 1}), 1, 0),
        (project(facts=GOOD.facts | {"ProjectCompleted": 2}), 0, 1),
        (project(webhooks=GOOD.webhooks | {"project.completed": 2}), 0, 1),
        (project(missing_files=("x", "y")), 2, 0),
        (stores(counted=["e1", "e1", "e1"]), 1, 2),
        (stores(unaccounted=["r"]), 0, 1),
    ],
)
def test_lost_and_doubled_events_are_counted(wrong: Stores, lost: int, doubled: int) -> None:
    total = toll(wrong)
    assert (total.lost, total.doubled) == (lost, doubled)


def test_drift_is_the_slope_within_lives_not_the_step_between() -> None:
    """Two lives of 400 s, each growing by 36 MiB/h; the second begins 200 MiB lower."""
    samples = [
        MemorySample(part=f"render-{pid}", pid=pid, at_s=begun_s + at_s, rss_bytes=int((base + at_s / 100) * MIB))
        for pid, begun_s, base in ((1, 0, 500), (2, 700, 300))
        for at_s in range(0, 521, 20)
    ]
    drift = drifts(samples)["render"]
    assert drift.slope_mib_per_hour == pytest.approx(36, abs=0.1)
    assert drifts(samples[: len(samples) // 2])["render"].slope_mib_per_hour is None, "too short to say"


def test_growth_is_counted_for_each_project() -> None:
    def sample(at_s: float, projects: int, outbox: int) -> TableSample:
        return TableSample(
            at_s=at_s, rows={"projects": projects, "outbox": outbox}, size_bytes={"projects": 0, "outbox": MIB}
        )

    growth = growths([sample(0, 10, 100), sample(1, 20, 300), sample(2, 30, 700)])["outbox"]
    assert (growth.first_half_rows_per_project, growth.second_half_rows_per_project) == (20, 40)
    assert growth.size_mib == 1


def test_the_page_lists_every_promise_with_its_tests() -> None:
    page = (REPO / "docs" / "reliability.md").read_text()
    for row in promises_table([]).splitlines():
        assert row.removesuffix(f"{NOT_RUN} |") in page, "run `python -m benchmarks.soak.report` with a report"
    tests = {test.partition("::")[0] for promise in PROMISES for test in (*promise.tests, *promise.also)}
    assert {test for test in tests if not (REPO / test).exists()} == set()


def test_a_report_replaces_only_the_tables_of_the_page() -> None:
    page = (REPO / "docs" / "reliability.md").read_text()
    report = Report(share=1, seed=1, outcomes=[Outcome(number=4, passed=True, seconds=1, figures=["0 of 50"])])
    changed = page_with(page, report)
    assert "| 0 of 50 |" in changed
    assert page_with(changed, Report(share=1, seed=1)) == page_with(page, Report(share=1, seed=1))
    assert changed.partition("## The promises")[0].splitlines()[:20] == page.splitlines()[:20]
    broken = Report(share=1, seed=1, outcomes=[Outcome(number=4, passed=False, seconds=1, figures=[])])
    assert "| **broken** |" in page_with(page, broken)


def test_reports_of_single_steps_are_merged_and_the_last_counts() -> None:
    def report(number: int, figure: str, seed: int = 1) -> Report:
        return Report(share=1, seed=seed, outcomes=[Outcome(number=number, passed=True, seconds=1, figures=[figure])])

    merged = merge_reports([report(4, "0 of 50"), report(0, "flat"), report(4, "0 of 51")])
    assert {outcome.number: list(outcome.figures) for outcome in merged.outcomes} == {4: ["0 of 51"], 0: ["flat"]}
    with pytest.raises(ValueError, match="several shares or seeds"):
        merge_reports([report(4, "0 of 50"), report(4, "0 of 50", seed=2)])


def test_a_report_that_cannot_be_read_changes_no_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (REPO / "docs" / "reliability.md").read_bytes()
    (tmp_path / "report.json").write_text("{")
    assert main([]) == 2
    assert main([str(tmp_path / "report.json")]) == 1
    assert main([str(tmp_path / "none.json")]) == 1
    assert capsys.readouterr().err.count("\n") == 3
    assert (REPO / "docs" / "reliability.md").read_bytes() == page


def test_rows_over_time_have_a_table_of_their_own() -> None:
    rows = Outcome(number=0, passed=True, seconds=1, figures=["outbox: 400 → 400, each 1 s; 2.0 → 2.0 MiB"])
    assert growth_table([rows]).splitlines()[2:] == ["| outbox | 400 → 400, each 1 s; 2.0 → 2.0 MiB |"]
    broken = growth_table([Outcome(number=0, passed=False, seconds=1, figures=[])])
    assert broken.splitlines()[2:] == ["| **broken** |  |"]
    assert NOT_RUN in growth_table([])


OF_RIG = [path for path in sorted((REPO / "benchmarks").rglob("*.py")) if "tests.contract.rigs" not in path.read_text()]


@pytest.mark.parametrize("path", OF_RIG, ids=lambda path: path.stem)
def test_a_benchmark_uses_only_attributes_that_its_rig_has(path: Path) -> None:
    """No type checker reads the benchmarks: a method that was renamed would be missed until it is run."""
    has = {*dir(Rig), *vars(Rig(media=path, out=path, minutes=1, rounds=1, quick=True, state=None))}
    asked = {
        node.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and (
            (isinstance(node.value, ast.Name) and node.value.id == "rig")
            or (isinstance(node.value, ast.Attribute) and node.value.attr == "_rig")
        )
    }
    assert asked - has == set()


def test_results_are_read_by_file() -> None:
    junit = """<testsuites><testsuite>
      <testcase classname="tests.a.test_b" name="one" time="1.5"/>
      <testcase classname="tests.a.test_b" name="two" time="0.5"><failure message="x"/></testcase>
      <testcase classname="tests.a.test_c" name="three" time="2"><skipped/></testcase>
    </testsuite></testsuites>"""
    assert read_results(junit) == {
        "tests.a.test_b": FileResult(ran=2, failed=1, seconds=2.0),
        "tests.a.test_c": FileResult(ran=1, failed=1, seconds=2.0),
    }


def test_each_test_that_grows_in_a_soak_has_its_time_there() -> None:
    for path in (REPO / "tests/contract/promises").glob("test_*.py"):
        text = path.read_text()
        assert "volume(" not in text or "@time_out(" in text, path.name


def test_a_pytest_that_hangs_is_ended(tmp_path: Path) -> None:
    hanging = tmp_path / "test_hang.py"
    hanging.write_text("import time\ntime.sleep(3600)\n")
    assert run_pytest([str(hanging)], tmp_path / "log", {}, most_s=1) == 124
