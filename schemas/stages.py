"""The stages of the product: their order, which of them every project passes, and the states they take. Data only."""

from __future__ import annotations

from typing import Literal, get_args

Stage = Literal["ingest", "listen", "close", "look", "study", "detect", "frame", "render", "preview", "deliver"]
StageState = Literal["waiting", "running", "done", "failed", "skipped"]
STAGES: tuple[Stage, ...] = get_args(Stage)
"""Every stage, in the order of the work. Lists, orders and look-ups of stages derive from this one."""
ON_DEMAND: tuple[Stage, ...] = ("preview",)
"""A project has these only once somebody asked for what they make."""
NOT_OF_PROJECTS: tuple[Stage, ...] = ("deliver",)
"""These work for endpoints; a project has costs of them, and no progress."""
PROJECT_STAGES: tuple[Stage, ...] = tuple(name for name in STAGES if name not in (*ON_DEMAND, *NOT_OF_PROJECTS))
"""Every project has these from its beginning."""


def place_of(stage: str) -> int:
    """Where a stage stands in the order; a name that this version does not know stands last."""
    return STAGES.index(stage) if stage in STAGES else len(STAGES)
