"""The actor of each stage by name, imported on demand: a worker loads its own stage's libraries only."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from schemas.stages import ROW_BY_NAME
from streams.runtime.context import StageContext
from streams.runtime.stage import Stage


def actor_path(stage: str) -> str:
    """``module:class`` of a stage's actor: ``streams.render.agent:RenderStage``. Raises ValueError."""
    if stage not in ROW_BY_NAME:
        raise ValueError(f"there is no stage {stage!r}")
    return f"streams.{stage}.agent:{stage.capitalize()}Stage"


def make_stage(stage: str, context: StageContext) -> Stage:
    """The actor of a stage. Raises ValueError for a name that is none."""
    module, _, name = actor_path(stage).partition(":")
    return cast("Stage", getattr(import_module(module), name)(context))
