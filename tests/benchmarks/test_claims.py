"""Figures against limits, and the table and report made of them."""

from __future__ import annotations

import json
import math

import pytest

from benchmarks.harness.claims import Claim, Failed, exit_code, format_claim, percentile, report, table


@pytest.mark.parametrize(
    ("claim", "met"),
    [
        (Claim(name="a", measured=1.0, limit=1.0), True),
        (Claim(name="a", measured=1.01, limit=1.0), False),
        (Claim(name="a", measured=1.01, limit=1.0, at_least=True), True),
        (Claim(name="a", measured=0.9, limit=1.0, at_least=True), False),
        (Claim(name="a", measured=math.nan, limit=1.0), False),
        (Claim(name="a", measured=9.0), None),
    ],
)
def test_a_limit_is_met_or_missed(claim: Claim, met: bool | None) -> None:
    assert claim.met is met


def test_percentile_is_a_value_that_was_measured() -> None:
    values = [float(n) for n in range(1, 101)]
    assert [percentile(values, share) for share in (0.5, 0.95, 0.99, 1.0)] == [50, 95, 99, 100]
    assert percentile([7.0], 0.95) == 7.0
    assert math.isnan(percentile([], 0.95))


def test_the_table_has_a_line_for_each() -> None:
    claims = [Claim(name="render", measured=1.2, limit=1.25), Claim(name="hop", measured=61.0, unit="ms", limit=50.0)]
    lines = table([*claims, Claim(name="memory", measured=2.0, unit="GiB")], [Failed(name="asr", error="no")])
    assert [line.split()[0] for line in lines.splitlines()] == ["claim", "-" * len(lines.splitlines()[1]), "render",
                                                               "hop", "memory", "asr"]  # fmt: skip
    assert [line.split()[-1] for line in lines.splitlines()[2:]] == ["met", "MISSED", "shown", "FAILED"]


def test_a_claim_lists_where_the_time_went() -> None:
    assert format_claim(Claim(name="a", measured=1.0, where=("x 1", "y 2"))).splitlines()[1:] == ["    x 1", "    y 2"]


def test_the_report_says_which_claims_were_met_and_where() -> None:
    found = json.loads(report([Claim(name="a", measured=2.0, limit=1.0)], [Failed(name="b", error="c")], {"cpus": 2}))
    assert found["about"] == {"cpus": 2}
    assert found["claims"][0]["met"] is False
    assert found["failed"] == [{"name": "b", "error": "c"}]


def test_a_missed_limit_and_a_failed_benchmark_end_with_1() -> None:
    good, missed = Claim(name="a", measured=1.0, limit=1.0), Claim(name="a", measured=2.0, limit=1.0)
    assert exit_code([good, Claim(name="a", measured=2.0)], []) == 0
    assert exit_code([good, missed], []) == 1
    assert exit_code([good], [Failed(name="b", error="c")]) == 1
