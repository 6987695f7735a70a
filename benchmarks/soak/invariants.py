"""Judges what must hold after the faults, from what the stores say. Pure; reads no store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import msgspec

import schemas.stages
from schemas.stages import EXPORT_STAGES, ON_DEMAND

STAGES = tuple(name for name in schemas.stages.STAGES if name not in ON_DEMAND)
ONE_A_PROJECT = (
    "UploadReceived", "SpansHeard", "TranscriptCompleted", "UnderstandingCompleted", "MomentsDetected",
    "ProjectCompleted",
)  # fmt: skip
ONE_A_CLIP = ("ClipSelected", "RenderRequested", "ExportCompleted")


class EndedProject(msgspec.Struct, frozen=True, kw_only=True):
    """One project as Postgres, the webhooks and object storage have it."""

    state: str
    reason: str | None
    clips: int
    done_exports: int
    facts: Mapping[str, int]
    """Class of event → distinct ids ever written to the outbox."""
    attempts: Mapping[str, Mapping[str, int]]
    """Stage → state → rows."""
    webhooks: Mapping[str, int]
    """Type → distinct webhook ids that were verified."""
    missing_files: tuple[str, ...] = ()
    """Videos of done exports that object storage did not give."""


class Stores(msgspec.Struct, frozen=True, kw_only=True):
    """All that is judged."""

    accepted: Sequence[str]
    """Projects whose 202 came."""
    projects: Mapping[str, EndedProject]
    unaccounted: Sequence[str]
    """Projects of the organisation whose 202 never came: a POST that was tried again must not leave any."""
    unsent: int
    """Outbox rows that are due and were not sent."""
    dead_letters: Sequence[str]
    published: frozenset[str]
    """Ids of all events that were sent."""
    counted: Sequence[str]
    """Ids of all events as ClickHouse answers them, repeats included."""
    refused_webhooks: Sequence[str]
    rows_sent: int = 0
    """Rows of the outbox that were sent, repeats included."""


def violations(stores: Stores) -> list[str]:
    """Everything that is lost, doubled or left open, in sentences; empty when all is well."""
    problems = [f"{project_id}: accepted and not in Postgres" for project_id in stores.accepted
                if project_id not in stores.projects]  # fmt: skip
    problems += [f"{project_id}: in Postgres, though no client was notified of it" for project_id in stores.unaccounted]
    for project_id, project in stores.projects.items():
        problems += [f"{project_id}: {problem}" for problem in _of_project(project)]
    if stores.unsent:
        problems.append(f"{stores.unsent} events are due and were not sent")
    problems += [f"dead letter: {letter}" for letter in stores.dead_letters]
    problems += [f"webhook refused: {why}" for why in stores.refused_webhooks]
    return problems + list(_of_analytics(stores.published, stores.counted))


class Toll(msgspec.Struct, frozen=True, kw_only=True):
    """The number of projects, events and files that were lost, and of effects that came twice."""

    lost: int
    doubled: int


def toll(stores: Stores) -> Toll:
    """The violations as two figures: what is missing of what was accepted, and what came twice."""
    lost = sum(project_id not in stores.projects for project_id in stores.accepted) + stores.unsent
    lost += len(stores.published - set(stores.counted)) + len(stores.dead_letters)
    doubled = len(stores.unaccounted) + sum(times - 1 for times in Counter(stores.counted).values())
    for project in stores.projects.values():
        if project.state != "completed":
            lost += 1
            continue
        lost += len(project.missing_files)
        pairs = [(project.done_exports, project.clips)]
        pairs += [(project.facts.get(kind, 0), count) for kind, count in wanted_facts(project).items()]
        pairs += [(project.webhooks.get(kind, 0), count) for kind, count in wanted_webhooks(project).items()]
        lost += sum(max(0, expected - count) for count, expected in pairs)
        doubled += sum(max(0, count - expected) for count, expected in pairs)
    return Toll(lost=lost, doubled=doubled)


def wanted_facts(project: EndedProject) -> dict[str, int]:
    """Class of event → how many a completed project has."""
    return dict.fromkeys(ONE_A_PROJECT, 1) | dict.fromkeys(ONE_A_CLIP, project.clips)


def wanted_webhooks(project: EndedProject) -> dict[str, int]:
    """Type → how many a completed project sends to one endpoint."""
    return {"project.completed": 1, "export.completed": project.clips}


def _of_project(project: EndedProject) -> Iterator[str]:
    if project.state != "completed":
        yield f"{project.state} ({project.reason})"
        return
    for kind, count in wanted_facts(project).items():
        if project.facts.get(kind, 0) != count:
            yield f"{project.facts.get(kind, 0)} × {kind} instead of {count}"
    if project.done_exports != project.clips:
        yield f"{project.done_exports} exports of {project.clips} clips"
    for stage in STAGES:
        states = project.attempts.get(stage, {})
        if not states.get("done") and (project.clips or stage not in EXPORT_STAGES):
            yield f"no attempt of {stage} is done"
        if open_states := sorted(set(states) - {"done"}):
            yield f"attempts of {stage} are {', '.join(open_states)}"
    for kind, count in wanted_webhooks(project).items():
        if project.webhooks.get(kind, 0) != count:
            yield f"{project.webhooks.get(kind, 0)} webhooks {kind} instead of {count}"
    yield from (f"{name} is not in object storage" for name in project.missing_files)


def _of_analytics(published: frozenset[str], counted: Sequence[str]) -> Iterator[str]:
    twice = [event_id for event_id, times in Counter(counted).items() if times > 1]
    if twice:
        yield f"{len(twice)} events count more than once in ClickHouse, first {twice[0]}"
    if lost := sorted(published - set(counted)):
        yield f"{len(lost)} events are not in ClickHouse, first {lost[0]}"
    if strange := sorted(set(counted) - published):
        yield f"{len(strange)} events in ClickHouse were never sent, first {strange[0]}"
