"""The stages by name: each one's class, loaded when it is asked for, and how many events it takes at once."""

from __future__ import annotations

from collections.abc import Mapping

from streams.runtime.context import Context
from streams.runtime.stage import Stage

AT_ONCE: Mapping[str, int] = {"deliver": 16}
"""Events that a worker takes at once where it only waits for the answers of others; elsewhere each is a core's work."""


def make_stage(name: str, context: Context) -> Stage:
    """The actor of a stage. Imports are local: a worker loads its own stage's libraries and no other's."""
    # ruff: noqa: PLC0415
    match name:
        case "ingest":
            from streams.ingest.agent import IngestStage as Made
        case "listen":
            from streams.listen.agent import ListenStage as Made  # type: ignore[assignment]
        case "close":
            from streams.close.agent import CloseStage as Made  # type: ignore[assignment]
        case "look":
            from streams.look.agent import LookStage as Made  # type: ignore[assignment]
        case "study":
            from streams.study.agent import StudyStage as Made  # type: ignore[assignment]
        case "detect":
            from streams.detect.agent import DetectStage as Made  # type: ignore[assignment]
        case "frame":
            from streams.frame.agent import FrameStage as Made  # type: ignore[assignment]
        case "render":
            from streams.render.agent import RenderStage as Made  # type: ignore[assignment]
        case "preview":
            from streams.preview.agent import PreviewStage as Made  # type: ignore[assignment]
        case "deliver":
            from streams.deliver.agent import DeliverStage as Made  # type: ignore[assignment]
        case _:
            raise ValueError(f"there is no stage {name!r}")
    return Made(context)
