"""Certificate figures in the report of the hour benchmark."""

from __future__ import annotations

from benchmarks.system.hour_clips import missed_by


def check(name: str, verdict: str) -> dict[str, object]:
    return {"name": name, "value": 0.5, "unit": "share", "verdict": verdict}


def test_a_missed_check_is_named_with_its_value() -> None:
    checks = [check("lufs", "pass"), check("cut_face", "warn"), check("frozen", "fail"), check("ssim", "not_measured")]
    assert missed_by({"checks": checks}) == ["cut_face 0.5 share (warn)", "frozen 0.5 share (fail)"]


def test_a_second_try_is_listed_with_the_faults_of_the_first() -> None:
    assert missed_by({"checks": [], "other_try": {"faults": ["cut_face"]}}) == ["tried twice (cut_face)"]
    assert missed_by({"checks": [], "other_try": {"faults": []}}) == ["tried twice (nothing failed in the other)"]
    assert missed_by({"checks": [], "other_try": None}) == []
