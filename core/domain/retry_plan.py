"""The plan of a retry: attempts of a failed project that are made again, and what follows them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec

from schemas.stages import EXPORT_STAGES, Stage, stage_position

_BEFORE_CLIPS: tuple[Stage, ...] = ("ingest", "listen", "look", "close", "detect")
"""A failure here is taken up only while the project has no clips: else it would choose clips a second time."""
_MADE_AGAIN: dict[Stage, tuple[Stage, ...]] = {
    "listen": ("close", "study", "detect"),
    "look": ("detect",),
    "close": ("study", "detect"),
}
"""What has to run once more after a stage has what it had lost: their first events were about less."""


class FailedAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt of which something failed."""

    input_id: UUID
    stage: Stage
    given_up: bool
    """False: it ended, and only some of its exports failed."""
    on_demand: bool = False
    """It was requested in addition to the project's own work, and its end was final."""
    exports: tuple[UUID, ...] = ()
    """Exports that its event requests."""
    ordinal: int | None = None
    """Ordinal of its span."""


class RetryPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Attempts to make again, with what waits for them."""

    attempts: tuple[FailedAttempt, ...] = ()
    exports: frozenset[UUID] = frozenset()
    """Failed exports that wait again."""
    outdated_stages: tuple[Stage, ...] = ()
    """Stages that run once more by events which the taken-up stages emit."""
    moves_project: bool = False
    """Whether the failed project is at work again."""

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Stages that are taken up, in the order of the work."""
        return tuple(sorted({attempt.stage for attempt in self.attempts}, key=stage_position))

    def exports_of(self, stage: str) -> set[UUID]:
        """Failed exports that this stage makes again."""
        return {export for attempt in self.attempts if attempt.stage == stage for export in attempt.exports}


def plan_retry(
    attempts: Sequence[FailedAttempt],
    *,
    project_state: str,
    has_clips: bool,
    failed_exports: Collection[UUID],
    stage: Stage | None = None,
    export_id: UUID | None = None,
) -> RetryPlan:
    """Choose what to take up.

    Args:
        attempts: The latest first.
        project_state: Exports and study are taken up in any state, what comes before the clips in ``failed`` alone.
        has_clips: Whether the project has clips.
        failed_exports: Exports without a file.
        stage: Only this stage.
        export_id: Only this export, and those that are made with it.

    Returns:
        A plan without attempts where nothing can be taken up.
    """
    automatic = [attempt for attempt in attempts if not attempt.on_demand]
    scope = [attempt for attempt in automatic if stage in (None, attempt.stage)]
    chosen = [
        attempt
        for attempt in _latest_of_exports(automatic, failed_exports, export_id)
        if stage in (None, attempt.stage)
    ]
    if export_id is None:
        chosen += [attempt for attempt in scope if attempt.stage == "study" and attempt.given_up]
        if project_state == "failed" and not has_clips:
            chosen += [attempt for attempt in scope if attempt.stage in _BEFORE_CLIPS and attempt.given_up]
    outdated = {later for attempt in chosen for later in _MADE_AGAIN.get(attempt.stage, ())}
    chosen = [attempt for attempt in chosen if attempt.stage not in outdated]
    exports = {export for attempt in chosen for export in attempt.exports}
    moving = [attempt for attempt in chosen if attempt.stage != "study"]
    return RetryPlan(
        attempts=tuple(sorted(chosen, key=lambda attempt: stage_position(attempt.stage))),
        exports=frozenset(exports),
        outdated_stages=tuple(sorted(outdated, key=stage_position)),
        moves_project=project_state == "failed" and bool(moving),
    )


def _latest_of_exports(
    attempts: Sequence[FailedAttempt], failed: Collection[UUID], export_id: UUID | None
) -> list[FailedAttempt]:
    """Find the attempt in which each failed export failed, with those of its exports that failed there.

    An export that came as far as rendering failed there, although the attempt at its framing names it as well.
    """
    chosen: list[FailedAttempt] = []
    covered: set[UUID] = set()
    for name in reversed(EXPORT_STAGES):
        for attempt in attempts:
            lost = [export for export in attempt.exports if export in failed and export not in covered]
            if attempt.stage == name and lost:
                covered.update(lost)
                chosen.append(msgspec.structs.replace(attempt, exports=tuple(lost)))
    return [attempt for attempt in chosen if export_id is None or export_id in attempt.exports]
