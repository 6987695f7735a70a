"""What a retry takes up: the failed parts alone, once, and never a choice of clips a second time."""

from __future__ import annotations

import uuid

from core.domain.retry_plan import FailedAttempt, RetryPlan, plan_retry
from schemas.stages import Stage

A, B, C = (uuid.UUID(int=number) for number in (1, 2, 3))


def attempt(stage: Stage, *exports: uuid.UUID, given_up: bool = True, on_demand: bool = False) -> FailedAttempt:
    return FailedAttempt(input_id=uuid.uuid4(), stage=stage, given_up=given_up, on_demand=on_demand, exports=exports)


def plan(*attempts: FailedAttempt, state: str = "failed", clips: bool = False, **scope: object) -> RetryPlan:
    failed = scope.pop("failed", {one for each in attempts for one in each.exports})
    return plan_retry(attempts, project_state=state, has_clips=clips, failed_exports=failed, **scope)  # type: ignore[arg-type]


def test_a_project_that_failed_in_one_stage_is_taken_up_there() -> None:
    made = plan(attempt("detect"))
    assert (made.stages, made.outdated_stages, made.moves_project) == (("detect",), (), True)


def test_stages_after_a_lost_span_run_again() -> None:
    made = plan(attempt("listen"), attempt("detect"), attempt("study"))
    assert made.stages == ("listen",)
    assert made.outdated_stages == ("close", "study", "detect")


def test_stages_before_the_clips_are_not_retried_once_clips_exist() -> None:
    made = plan(attempt("listen"), attempt("render", A), clips=True)
    assert (made.stages, made.exports) == (("render",), {A})
    assert not plan(attempt("listen"), clips=True, stage="listen").attempts


def test_a_completed_project_gets_its_exports_and_its_analysis_only() -> None:
    made = plan(attempt("ingest"), attempt("study"), attempt("render", A), state="completed")
    assert (made.stages, made.moves_project) == (("study", "render"), False)


def test_an_export_is_retried_in_the_stage_that_failed() -> None:
    framed = attempt("frame", A, B, given_up=False)
    made = plan(attempt("render", A, given_up=False), framed, clips=True, failed={A, B})
    assert made.exports_of("render") == {A}
    assert made.exports_of("frame") == {B}
    assert not plan(framed, attempt("render", A, B), clips=True, stage="frame").attempts, "they were framed"


def test_an_export_is_retried_with_its_siblings() -> None:
    made = plan(attempt("render", A, B), attempt("render", C), attempt("study"), clips=True, export_id=B)
    assert (made.exports, len(made.attempts)) == ({A, B}, 1)


def test_finally_ended_requests_are_not_retried() -> None:
    assert not plan(attempt("detect", on_demand=True), state="failed").attempts
