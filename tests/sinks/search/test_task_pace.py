"""The engine gets at most one task a second in the long run, however many projects end; a few are found at once."""

from __future__ import annotations

import asyncio
from functools import partial
from uuid import UUID

import msgspec
import pytest

from schemas import events
from schemas.documents import encode_document
from streams.sinks.batch_consumer import Arrived, Refused
from streams.sinks.search.sink import MAX_BATCH_MESSAGES, MeilisearchSink
from streams.sinks.search.task_pace import (
    BURST_COUNT,
    LONGEST_WAIT_S,
    PART_MESSAGES,
    CountedSearch,
    TaskPace,
    handle_paced,
    pause_until,
)
from tests.sinks.fakes import MemoryObjects, MemorySearch
from tests.support import event_factory as made

MOST_TASKS_AT_ONCE = 20
"""Tasks of one write, titles and erasures included."""
PROJECT_COUNT = 200


class TimedSearch(MemorySearch):
    """Remembers when the engine got each task."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self.task_times_s: list[float] = []

    async def upsert(self, *given: object) -> None:
        self.task_times_s.append(self.clock.now_s)
        await super().upsert(*given)  # type: ignore[arg-type]

    async def delete(self, *given: object) -> None:
        self.task_times_s.append(self.clock.now_s)
        await super().delete(*given)  # type: ignore[arg-type]


class Clock:
    """Simulated seconds; a pause moves them."""

    def __init__(self) -> None:
        self.now_s = 0.0

    async def pause(self, seconds: float) -> None:
        self.now_s += seconds


def project_events(objects: MemoryObjects, number: int) -> list[events.AnyEvent]:
    """What a project gives the index, with the messages around it."""
    owner = UUID(int=number + 1)
    prefix = f"{made.ORG}/{owner}/transcript/a"
    words, about, moments = (
        objects.store(prefix, encode_document(one))
        for one in (made.transcript("Bob sings."), made.intelligence(), made.moments())
    )
    progress = events.ProjectProgressed(
        org_id=made.ORG, project_id=owner, version=1, stage="look", state="running", percent=1
    )
    indexed = made.transcript_completed(words), made.intelligence_completed(about), made.moments_detected(moments)
    return [one for event in indexed for one in (msgspec.structs.replace(event, project_id=owner), progress, progress)]


@pytest.mark.parametrize("projects_per_s", [0.05, 1.0, 50.0])
async def test_tasks_keep_their_pace_whatever_arrives(projects_per_s: float) -> None:
    clock, objects = Clock(), MemoryObjects()
    search, pace = TimedSearch(clock), TaskPace(lambda: clock.now_s)
    sink = MeilisearchSink(CountedSearch(search, pace), objects)  # type: ignore[arg-type]
    todo: list[tuple[float, Arrived]] = []
    for number in range(PROJECT_COUNT if projects_per_s >= 1 else 40):
        found = project_events(objects, number)
        todo += [(number / projects_per_s, made.arrived(one, offset=9 * number + at)) for at, one in enumerate(found)]
    last_s, lags_s, beats = todo[-1][0], list[float](), list[float]()
    while todo:
        due = [one for one in todo if one[0] <= clock.now_s][:MAX_BATCH_MESSAGES]
        batch = [one for _, one in due]
        assert not await handle_paced(sink.handle, pace, clock.pause, lambda: beats.append(clock.now_s), batch)
        lags_s += [clock.now_s - at_s for at_s, _ in due]
        todo = todo[len(due) :]
        clock.now_s = max(clock.now_s + 0.5, todo[0][0] if todo and not due else 0)
    times_s = search.task_times_s
    for first in range(0, len(times_s), 7):
        for last in range(first, len(times_s), 7):
            count, span_s = last - first + 1, times_s[last] - times_s[first]
            assert count <= span_s + BURST_COUNT + MOST_TASKS_AT_ONCE
    assert len(search.indexes["clips"]) == (PROJECT_COUNT if projects_per_s >= 1 else 40)
    # many projects at once are found in as many parts as they fill, and no later
    parts = 1 + 3 * PROJECT_COUNT / PART_MESSAGES
    assert max(lags_s) <= parts * LONGEST_WAIT_S, (clock.now_s, last_s)


async def test_what_was_cut_into_many_is_not_paid_for_to_the_end() -> None:
    clock = Clock()
    pace = TaskPace(lambda: clock.now_s)
    for _ in range(10 * BURST_COUNT):
        pace.count()
    assert pace.wait_s() == LONGEST_WAIT_S
    await clock.pause(LONGEST_WAIT_S)
    assert pace.wait_s() == 0


async def test_messages_without_documents_wait_for_nothing() -> None:
    clock = Clock()
    pace = TaskPace(lambda: clock.now_s)
    for _ in range(2 * BURST_COUNT):
        pace.count()

    async def handle(batch: object) -> list[Refused]:
        return []

    progress = events.ProjectProgressed(
        org_id=made.ORG, project_id=made.PROJECT, version=1, stage="look", state="running", percent=1
    )
    beats: list[float] = []
    take = partial(handle_paced, handle, pace, clock.pause, lambda: beats.append(clock.now_s))
    await take([made.arrived(progress, offset=number) for number in range(MAX_BATCH_MESSAGES)])
    assert (clock.now_s, len(beats)) == (0, 1)
    renamed = events.ProjectUpdated(org_id=made.ORG, project_id=made.PROJECT, version=1, revision=2, changed=["title"])
    await take([made.arrived(renamed, offset=number) for number in range(PART_MESSAGES + 1)])
    assert (clock.now_s, len(beats)) == (LONGEST_WAIT_S, 3), "and it shows that it is alive after each part"


async def test_a_process_that_ends_waits_for_no_pace() -> None:
    stop = asyncio.Event()
    stop.set()
    await asyncio.wait_for(pause_until(stop)(3600), 5)
