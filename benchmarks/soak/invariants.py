"""What must hold after the faults: a pure judgement of what the stores say. Reads no store."""

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
    for project_id, ended in stores.projects.items():
        problems += [f"{project_id}: {problem}" for problem in _of_project(ended)]
    if stores.unsent:
        problems.append(f"{stores.unsent} events are due and were not sent")
    problems += [f"dead letter: {letter}" for letter in stores.dead_letters]
    problems += [f"webhook refused: {why}" for why in stores.refused_webhooks]
    return problems + list(_of_analytics(stores.published, stores.counted))


class Toll(msgspec.Struct, frozen=True, kw_only=True):
    """How many projects, events and files were lost, and how many effects came twice."""

    lost: int
    doubled: int


def toll(stores: Stores) -> Toll:
    """The violations as two figures: what is missing of what was accepted, and what came twice."""
    lost = sum(project_id not in stores.projects for project_id in stores.accepted) + stores.unsent
    lost += len(stores.published - set(stores.counted)) + len(stores.dead_letters)
    doubled = len(stores.unaccounted) + sum(times - 1 for times in Counter(stores.counted).values())
    for ended in stores.projects.values():
        if ended.state != "completed":
            lost += 1
            continue
        lost += len(ended.missing_files)
        pairs = [(ended.done_exports, ended.clips)]
        pairs += [(ended.facts.get(kind, 0), count) for kind, count in wanted_facts(ended).items()]
        pairs += [(ended.webhooks.get(kind, 0), count) for kind, count in wanted_webhooks(ended).items()]
        lost += sum(max(0, wanted - count) for count, wanted in pairs)
        doubled += sum(max(0, count - wanted) for count, wanted in pairs)
    return Toll(lost=lost, doubled=doubled)


def wanted_facts(ended: EndedProject) -> dict[str, int]:
    """Class of event → how many a completed project has."""
    return dict.fromkeys(ONE_A_PROJECT, 1) | dict.fromkeys(ONE_A_CLIP, ended.clips)


def wanted_webhooks(ended: EndedProject) -> dict[str, int]:
    """Type → how many a completed project sends to one endpoint."""
    return {"project.completed": 1, "export.completed": ended.clips}


def _of_project(ended: EndedProject) -> Iterator[str]:
    if ended.state != "completed":
        yield f"{ended.state} ({ended.reason})"
        return
    for kind, count in wanted_facts(ended).items():
        if ended.facts.get(kind, 0) != count:
            yield f"{ended.facts.get(kind, 0)} × {kind} instead of {count}"
    if ended.done_exports != ended.clips:
        yield f"{ended.done_exports} exports of {ended.clips} clips"
    for stage in STAGES:
        states = ended.attempts.get(stage, {})
        if not states.get("done") and (ended.clips or stage not in EXPORT_STAGES):
            yield f"no attempt of {stage} is done"
        if open_states := sorted(set(states) - {"done"}):
            yield f"attempts of {stage} are {', '.join(open_states)}"
    for kind, count in wanted_webhooks(ended).items():
        if ended.webhooks.get(kind, 0) != count:
            yield f"{ended.webhooks.get(kind, 0)} webhooks {kind} instead of {count}"
    yield from (f"{name} is not in object storage" for name in ended.missing_files)


def _of_analytics(published: frozenset[str], counted: Sequence[str]) -> Iterator[str]:
    twice = [event_id for event_id, times in Counter(counted).items() if times > 1]
    if twice:
        yield f"{len(twice)} events count more than once in ClickHouse, first {twice[0]}"
    if lost := sorted(published - set(counted)):
        yield f"{len(lost)} events are not in ClickHouse, first {lost[0]}"
    if strange := sorted(set(counted) - published):
        yield f"{len(strange)} events in ClickHouse were never sent, first {strange[0]}"
