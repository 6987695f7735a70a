"""A day of projects in simulated seconds: the relay's real statements, workers that only take time.

Each stage has workers that own every n-th partition. Admission, claims and ends of attempts are the product's own SQL
on a real Postgres, and so are the turns of organisations among the messages that a worker holds; those that it does not
hold yet wait in the order of the log.
"""

from __future__ import annotations

import datetime as dt
import heapq
import itertools
import json
from collections import defaultdict, deque
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec

import schemas
from core.infra.kafka.message import Message
from core.infra.postgres import admission, outbox_queue
from core.infra.postgres.admission import Window
from core.infra.postgres.connection import Connection, Pool, org_transaction
from core.infra.postgres.outbox import Cause, put
from schemas import codec, events
from schemas.lanes import LANE_OF
from schemas.topics import BY_NAME, TOPIC_OF
from streams.runtime import leases
from streams.runtime.ordered_ack import MAX_WAITING_MESSAGES
from streams.runtime.turn_queue import TurnQueue

SERVICE_S = {"ingest": 3, "listen": 18, "look": 6, "close": 1, "detect": 1, "frame": 13, "render": 57}
"""Seconds of work of a project with one clip, by stage: the time shares of schemas/stages.py, of 100 s."""
WORKERS = {"ingest": 1, "listen": 2, "look": 1, "close": 1, "detect": 1, "frame": 2, "render": 2}
NEXT: dict[type, tuple[type, ...]] = {
    events.UploadReceived: (events.SpanPlanned,),
    events.SpanPlanned: (events.SpansHeard,),
    events.SpansHeard: (events.UnderstandingCompleted,),
    events.UnderstandingCompleted: (events.ClipSelected,),
    events.ClipSelected: (events.RenderRequested,),
    events.RenderRequested: (),
}
"""What follows once every stage of an event has ended; the last event ends the project."""
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
EXAMPLES = Path(schemas.__file__).parent / "examples"


def example(kind: type, org_id: UUID, project_id: UUID) -> events.AnyEvent:
    """A valid event of a kind, of this project."""
    topic = TOPIC_OF[kind]
    stored = json.loads((EXAMPLES / topic.name / f"{kind.__name__}.pass.json").read_text())
    _, event = codec.decode(topic, stored["headers"], json.dumps(stored["body"]).encode())
    return msgspec.structs.replace(event, org_id=org_id, project_id=project_id)


class Simulation:
    """Projects of several organisations on one small installation. Times are simulated seconds."""

    def __init__(self, relay: Connection, workers: Pool, windows: tuple[Window, ...]) -> None:
        self.now_s = 0.0
        self.ended_at_s: dict[UUID, float] = {}
        self.sent_count = 0
        self._relay, self._workers, self._windows = relay, workers, windows
        self._order = itertools.count()
        self._agenda: list[tuple[float, int, Any]] = []
        self._log: defaultdict[tuple[str, int], deque[Message]] = defaultdict(deque)
        self._queues: defaultdict[tuple[str, int], TurnQueue[Message]] = defaultdict(lambda: TurnQueue(1))
        self._held: defaultdict[tuple[str, int], int] = defaultdict(int)
        self._busy: set[tuple[str, int]] = set()
        self._open_stages: dict[UUID, set[str]] = {}

    async def upload(self, org_id: UUID, count: int) -> list[UUID]:
        """Order projects, now."""
        project_ids = [uuid4() for _ in range(count)]
        async with org_transaction(self._workers, org_id) as connection:
            for project_id in project_ids:
                await _put(connection, example(events.UploadReceived, org_id, project_id))
        return project_ids

    async def run_until(self, time_s: float, project_id: UUID | None = None) -> None:
        """Let time pass, until a moment or until a project has ended."""
        while project_id not in self.ended_at_s:
            await self._send()
            if not self._agenda or self._agenda[0][0] > time_s:
                break
            self.now_s, _, ended = heapq.heappop(self._agenda)
            await self._end(*ended)
        else:
            return
        self.now_s = max(self.now_s, time_s)

    async def _send(self) -> None:
        await admission.admit(self._relay, self._windows, 500)
        rows = await outbox_queue.list_due_rows(self._relay, 500)
        await outbox_queue.mark_sent(self._relay, [row["seq"] for row in rows])
        self.sent_count += len(rows)
        for row in rows:
            message = Message(
                topic=row["topic"], partition=row["partition"], offset=row["seq"], key=row["key"],
                headers=row["headers"], payload=row["payload"],
            )  # fmt: skip
            envelope, event = codec.decode(BY_NAME[message.topic], message.headers, message.payload)
            if (lane := LANE_OF.get(type(event))) is None:
                continue
            self._open_stages[message.input_id(envelope, event)] = set(lane.stages)
            for stage in lane.stages:
                self._log[stage, message.partition % WORKERS[stage]].append(message)
        for place in self._log:
            await self._begin(place)

    async def _begin(self, place: tuple[str, int]) -> None:
        while self._log[place] and self._held[place] <= MAX_WAITING_MESSAGES:
            message = self._log[place].popleft()
            _, event = codec.decode(BY_NAME[message.topic], message.headers, message.payload)
            self._queues[place].put(str(event.org_id), message)
            self._held[place] += 1
        if place in self._busy or (turn := self._queues[place].take()) is None:
            return
        message = turn[1]
        self._busy.add(place)
        heapq.heappush(self._agenda, (self.now_s + SERVICE_S[place[0]], next(self._order), (place, message)))

    async def _end(self, place: tuple[str, int], message: Message) -> None:
        stage = place[0]
        envelope, event = codec.decode(BY_NAME[message.topic], message.headers, message.payload)
        org_id, project_id = events.owner_of(event)
        input_id = message.input_id(envelope, event)
        self._open_stages[input_id].discard(stage)
        async with org_transaction(self._workers, org_id) as connection:
            claim = await leases.claim(connection, message, event, input_id, stage, "simulated", 60)
            assert isinstance(claim, leases.Claim)
            await leases.finish(connection, claim, "done")
            if not self._open_stages[input_id]:
                for kind in NEXT[type(event)]:
                    await _put(connection, example(kind, org_id, project_id))
                if not NEXT[type(event)]:
                    self.ended_at_s[project_id] = self.now_s
        self._queues[place].end(str(org_id))
        self._held[place] -= 1
        self._busy.discard(place)
        await self._begin(place)


async def _put(connection: Connection, event: events.AnyEvent) -> None:
    await put(connection, event, Cause(input_id=uuid4(), source="test", now=NOW))
