"""The engine gets at most one task a second in the long run, however many projects end; a few are found at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from uuid import UUID

import msgspec
import pytest

from core.errors import Unavailable
from core.settings import Settings
from schemas import events
from schemas.documents import encode_document
from streams.sinks.batch_consumer import Arrived, Refused
from streams.sinks.search.sink import MAX_BATCH_MESSAGES, MeilisearchSink
from streams.sinks.search.task_pace import (
    BURST_COUNT,
    LONGEST_WAIT_S,
    PART_MESSAGES,
    CountedSearch,
    PacedBatches,
    TaskPace,
    pause_until,
)
from tests.sinks.fakes import MemoryObjects, MemorySearch
from tests.support import event_factory as made

MOST_TASKS_AT_ONCE = 20
"""Tasks of one write, titles and erasures included."""
PROJECT_COUNT = 200
STALL_S = next(one.default for one in msgspec.structs.fields(Settings) if one.name == "stall_s")


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
async def test_tasks_keep_their_pace_under_any_load(projects_per_s: float) -> None:
    clock, objects = Clock(), MemoryObjects()
    search, pace = TimedSearch(clock), TaskPace(lambda: clock.now_s)
    sink = MeilisearchSink(CountedSearch(search, pace), objects)  # type: ignore[arg-type]
    todo: list[tuple[float, Arrived]] = []
    for number in range(PROJECT_COUNT if projects_per_s >= 1 else 40):
        found = project_events(objects, number)
        todo += [(number / projects_per_s, made.arrived(one, offset=9 * number + at)) for at, one in enumerate(found)]
    last_s, lags_s, beats = todo[-1][0], list[float](), list[float]()
    paced = PacedBatches(sink.handle, pace, clock.pause, lambda: beats.append(clock.now_s))
    while todo:
        due = [one for one in todo if one[0] <= clock.now_s][:MAX_BATCH_MESSAGES]
        batch = [one for _, one in due]
        assert not await paced.handle(batch)
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


async def test_the_wait_for_many_tasks_is_bounded() -> None:
    clock = Clock()
    pace = TaskPace(lambda: clock.now_s)
    for _ in range(10 * BURST_COUNT):
        pace.count()
    assert pace.wait_s() == LONGEST_WAIT_S
    await clock.pause(LONGEST_WAIT_S)
    assert pace.wait_s() == 0


async def test_messages_without_documents_do_not_wait() -> None:
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
    take = PacedBatches(handle, pace, clock.pause, lambda: beats.append(clock.now_s)).handle
    await take([made.arrived(progress, offset=number) for number in range(MAX_BATCH_MESSAGES)])
    assert (clock.now_s, len(beats)) == (0, 1)
    renamed = events.ProjectUpdated(org_id=made.ORG, project_id=made.PROJECT, version=1, revision=2, changed=["title"])
    await take([made.arrived(renamed, offset=number) for number in range(PART_MESSAGES + 1)])
    assert (clock.now_s, len(beats)) == (LONGEST_WAIT_S, 4), (
        "and it shows that it is alive after the pause and after each part"
    )


def renamed_messages(count: int) -> list[Arrived]:
    renamed = events.ProjectUpdated(org_id=made.ORG, project_id=made.PROJECT, version=1, revision=2, changed=["title"])
    return [made.arrived(renamed, offset=number) for number in range(count)]


async def test_a_part_that_always_fails_shows_no_health() -> None:
    clock = Clock()
    pace = TaskPace(lambda: clock.now_s)
    written, beats, fails = list[int](), list[float](), True

    async def handle(part: Sequence[Arrived]) -> list[Refused]:
        for _ in range(2 * BURST_COUNT):
            pace.count()
        offset = part[0].message.offset
        if offset == PART_MESSAGES and fails:
            raise Unavailable("search", "it does not take this part")
        written.append(offset)
        return [Refused(message=part[0].message, reason="bug", detail="")]

    paced = PacedBatches(handle, pace, clock.pause, lambda: beats.append(clock.now_s))
    batch = renamed_messages(3 * PART_MESSAGES)
    for _ in range(5):
        with pytest.raises(Unavailable):
            await paced.handle(batch)
    assert (written, len(beats)) == ([0], 2), "after the first part, and after the pause before the second"
    fails = False
    refused = await paced.handle(batch)
    assert written == [0, PART_MESSAGES, 2 * PART_MESSAGES]
    assert [one.message.offset for one in refused] == written, "what was refused at an earlier try is not lost"
    await paced.handle(renamed_messages(1))
    assert written[3:] == [0], "another batch begins with its first part"


async def test_a_sink_that_waits_for_its_pace_is_not_stuck() -> None:
    clock, beats = Clock(), [0.0]
    pace = TaskPace(lambda: clock.now_s)

    async def handle(part: Sequence[Arrived]) -> list[Refused]:
        for _ in range(2 * BURST_COUNT):
            pace.count()
        await clock.pause(STALL_S - LONGEST_WAIT_S + 1)  # a slow engine
        return []

    paced = PacedBatches(handle, pace, clock.pause, lambda: beats.append(clock.now_s))
    await paced.handle(renamed_messages(4 * PART_MESSAGES))
    assert max(later - earlier for earlier, later in pairwise(beats)) < STALL_S


async def test_a_process_that_ends_waits_for_no_pace() -> None:
    stop = asyncio.Event()
    stop.set()
    await asyncio.wait_for(pause_until(stop)(3600), 5)
