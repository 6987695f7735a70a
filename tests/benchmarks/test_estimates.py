"""The estimate benchmark finds the rates behind its projects, and the error of each estimate."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.system.estimates import FORMS, Project, finished_of, fitted, kept_of, report, table_of
from cli.api.client import JSON
from core.domain.estimates import EstimatedSource, Rate, default_rates, table_amount

RATES = default_rates()
TRUTH = {"listen": Rate(spread=0, fixed=1000, per_media_s=90), "render": Rate(spread=0, per_clip_s=700)}


def api_project(media_s: int, width: int, height: int) -> JSON:
    """A project as the API returns it: costs by `TRUTH`, and ten ms for everything else."""
    source = EstimatedSource(media_ms=media_s * 1000, megapixels=width * height / 1e6)
    stages: list[Any] = [
        {"stage": name, "cpu_ms": round(table_amount(TRUTH.get(name, Rate(spread=0, fixed=10)), source, RATES))}
        for name in RATES.stages
    ]
    took = next(stage["cpu_ms"] for stage in stages if stage["stage"] == "listen")
    beside = {"expected": 2 * took, "low": took, "high": 4 * took, "actual": took}
    for stage in stages:
        stage["cpu_ms"] += 77 if stage["stage"] == "listen" else 0  # a language that was asked for later
    line = {"what": "listen", **beside, "inside": True}
    return {
        "duration_ms": source.media_ms, "width_px": width, "height_px": height, "options": {}, "stages": stages,
        "started_at": "2026-01-01T00:00:00Z", "finished_at": "2026-01-01T00:01:30.500000Z",
        "cost": {"items": [{"stage": "render", "kind": "stored_bytes", "amount": 5}] * 2, "comparison": [line]},
    }  # fmt: skip


PROJECTS: list[Project] = [
    ("t", finished_of(one), one)
    for one in (
        api_project(30, 320, 240),
        api_project(200, 640, 360),
        api_project(600, 1920, 1080),
        api_project(1200, 1280, 720),
    )
]


def test_a_project_is_read_from_the_api() -> None:
    _, took, _ = PROJECTS[0]
    assert (took.elapsed_ms, took.amounts, took.source.media_ms) == (90_500, {"stored_bytes": 10}, 30_000)
    assert took.stages_cpu_ms["listen"] == 1000 + 30 * 90


@pytest.mark.parametrize("name", list(TRUTH))
def test_the_fit_recovers_the_true_rates(name: str) -> None:
    found = fitted(name, [one for _, one, _ in PROJECTS], RATES)
    for _, one, _ in PROJECTS:
        assert table_amount(found, one.source, RATES) == pytest.approx(
            table_amount(TRUTH[name], one.source, RATES), rel=0.02
        )
    assert set(table_of(PROJECTS, RATES).stages) == set(RATES.stages)


def test_the_report_says_how_far_each_estimate_lay() -> None:
    assert kept_of(PROJECTS[0][2]) == {"listen": (2.0, True)}
    lines = report(PROJECTS, RATES)
    assert len(lines) == 2 + 1 + len(FORMS)
    (listen,) = [line for line in lines if line.startswith("| listen |")]
    kept, inside, table = [cell.strip() for cell in listen.split("|")[2:5]]
    assert (kept, inside, table.split()[0]) == ("2.00 (2.00)", "4 of 4", "1.00")
