"""Report lines of how long each clip took, from rows, certificates and attempts."""

from __future__ import annotations

from typing import Any

from benchmarks.harness.clip_times import Work, clip_lines


def work(ordinal: int, stage: str, worker: str, began_s: float, tries: int = 1) -> Work:
    return Work(
        ordinal=ordinal, stage=stage, worker=worker, tries=tries, began_s=began_s, ended_s=began_s + 10, cpu_s=15.0
    )


def export(ordinal: int, **certificate: Any) -> dict[str, Any]:
    made_with = {"encoder.threads": "1"}
    return {
        "ordinal": ordinal,
        "start_ms": 60_000,
        "end_ms": 90_000,
        "certificate": {"chunks": 8, "made_with": made_with} | certificate,
    }


def test_each_clip_has_a_line_with_its_stages_and_their_times() -> None:
    found = [work(1, "frame", "host/11", 100), work(0, "frame", "host/10", 100), work(0, "render", "host/12", 111.5)]
    first, second = clip_lines(found, [export(1), export(0)])
    assert first == (
        "clip 1: 30.0 s from 60 s on; frame 100.0–110.0 by worker 1 (15.0 CPU-s, 0.50 a second); "
        "render 111.5–121.5 by worker 3 (15.0 CPU-s, 0.50 a second); file made once, 8 chunks, 1 threads"
    )
    assert second.startswith("clip 2: 30.0 s from 60 s on; frame 100.0–110.0 by worker 2")


def test_a_repeated_file_or_attempt_is_reported() -> None:
    (line,) = clip_lines([work(0, "render", "host/1", 5, tries=2)], [export(0, other_try={"faults": ["cut_face"]})])
    assert "event tried 2 times" in line
    assert "file made twice (cut_face)" in line
