"""The table of stages: one row a stage; all lists and look-ups derive from it. Pure data.

A new stage is a name in `Stage` and a row in `TABLE`, a folder ``streams/<name>/`` with ``agent.py``, and what
CONTRIBUTING.md lists; tests compare the rest of the tree with this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

Stage = Literal[
    "ingest", "listen", "close", "look", "study", "detect", "frame", "render", "preview", "transcode", "deliver"
]
"""A stage's name on the wire, which is its folder under ``streams/`` too; in the order of the work."""
StageState = Literal["waiting", "running", "done", "failed", "skipped"]
Part = Literal["project", "span", "export", "request", "webhook"]
"""The subject of a stage's event: the project, a span, a file of a clip, a request, a notification."""


class StageRow(msgspec.Struct, frozen=True, kw_only=True):
    """One stage."""

    name: Stage
    label: str
    """Its work, for people who watch a project: an English participle phrase."""
    part: Part
    """Unit of its progress. Projects have every stage but those of a ``request`` or a ``webhook``."""
    awaited: bool = False
    """Whether a project, once its exports have ended, waits for it. The others end before one that is awaited."""
    time_share: float = 0.0
    """Share of a project's time, measured on the lecture, two cores. Shown until the project has its own estimate."""
    workers: int = 1
    """Processes on one machine; the replicas of compose and Kubernetes. Two where most of the time goes."""
    concurrency: int = 1
    """Events that a worker takes at once. One where each is a core's work; more where it waits for others' answers.
    A setting replaces it: on one machine, listen waits for a model on the same cores, elsewhere for one on a GPU."""
    org_concurrency: int = 1
    """Events of one organisation at once; its share stays where a setting replaces the number of places."""
    opens_media: bool = False
    """Whether it opens media, in confined children: its worker says which walls stand."""

    def places(self, concurrency: int = 0) -> tuple[int, int]:
        """Events that a worker takes at once, and those of one organisation; 0: as many as the row says."""
        most = concurrency or self.concurrency
        return most, max(1, most * self.org_concurrency // self.concurrency)


TABLE: tuple[StageRow, ...] = (
    StageRow(
        name="ingest",
        label="reading the file",
        part="project",
        time_share=0.03,
        concurrency=4,
        org_concurrency=2,
        opens_media=True,
    ),
    StageRow(name="listen", label="listening", part="span", time_share=0.18, workers=2, opens_media=True),
    StageRow(name="close", label="joining the words", part="project", time_share=0.01, opens_media=True),
    StageRow(name="look", label="looking at pictures", part="span", time_share=0.06, opens_media=True),
    StageRow(
        name="study",
        label="noting what it is about",
        part="project",
        awaited=True,
        time_share=0.01,
        concurrency=4,
        org_concurrency=2,
    ),
    StageRow(name="detect", label="choosing moments", part="project", awaited=True, time_share=0.01),
    StageRow(name="frame", label="framing faces", part="export", time_share=0.13, workers=2, opens_media=True),
    StageRow(name="render", label="rendering clips", part="export", time_share=0.57, workers=2, opens_media=True),
    StageRow(name="preview", label="drawing previews", part="request", opens_media=True),
    StageRow(name="transcode", label="preparing the player", part="request", opens_media=True),
    StageRow(name="deliver", label="sending notifications", part="webhook", concurrency=16, org_concurrency=4),
)
"""Every stage, in the order of the work. The rates that its cost is estimated by are data: data/stage_rates.json."""
ROW_BY_NAME: Mapping[str, StageRow] = {row.name: row for row in TABLE}
STAGES: tuple[Stage, ...] = get_args(Stage)
ON_DEMAND: tuple[Stage, ...] = tuple(row.name for row in TABLE if row.part == "request")
"""A project has these only once somebody asked for what they make."""
PROJECT_STAGES: tuple[Stage, ...] = tuple(row.name for row in TABLE if row.part not in ("request", "webhook"))
"""Every project has these from its beginning."""
EXPORT_STAGES: tuple[Stage, ...] = tuple(row.name for row in TABLE if row.part == "export")
"""Each export passes these, in this order."""
AWAITED: tuple[Stage, ...] = tuple(row.name for row in TABLE if row.awaited)
"""A project ends once these have ended, and its exports with them."""


def stage_position(stage: str) -> int:
    """Position of a stage in the order of the work; a name that this version does not know comes last."""
    return STAGES.index(stage) if stage in STAGES else len(STAGES)


def remaining_export_stages(stage: str) -> tuple[Stage, ...]:
    """The stages that an export has still to pass when it ends in this one, itself among them."""
    return EXPORT_STAGES[EXPORT_STAGES.index(ROW_BY_NAME[stage].name) :]
