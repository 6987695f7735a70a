"""Projects under generated actions: uploads, retries, replays, lost and repeated messages, cancellations, dead workers.

The API, the relay's statements, the attempts and the sweeper are the product's own on a real Postgres; the log is a
list, and a stage only ends as the dice say. After each action the places of the lanes are compared with what is in
flight.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections import defaultdict
from typing import Any, Literal
from uuid import UUID, uuid4

import msgspec

from core.errors import InputRejected, Unavailable
from core.infra.kafka.message import Message
from core.infra.postgres import admission, outbox_queue
from core.infra.postgres.admission import Window
from core.infra.postgres.connection import Connection, Pool
from core.infra.postgres.outbox import Cause
from core.services import project_lifecycle
from core.services.erasure import erase
from core.services.spans import emit_next_spans, end_span
from schemas import codec, events
from schemas.common import ObjectRef, TimeRange
from schemas.lanes import LANE_OF
from schemas.topics import BY_NAME
from streams.background.sweeper import sweep_attempts
from streams.background.watchdog import watch_projects
from streams.runtime.attempts import Attempts
from streams.runtime.consumer import EventConsumer
from streams.runtime.health import Pulse
from streams.runtime.leases import Rules
from streams.runtime.metrics import OF_RELAY, OF_STAGE, ProcessMetrics
from streams.runtime.stage import Commit, Work
from tests.contract.rigs.api_world import Tenant, World, new_project
from tests.contract.rigs.forged_events import own_ref
from tests.contract.runtime.test_erasure import NoObjects

REF = ObjectRef(key="k", sha256="0" * 64, size=1)
LATER = dt.timedelta(hours=5)
"""How far ahead the relay's clock is: what is due later is sent too."""
STILL_S = 900.0
RULES = Rules(lease_s=60.0, renew_s=30.0, patience_s=60.0, max_tries=2, retry_base_s=0.01, outage_s=3600)
AT_ONCE = msgspec.structs.replace(RULES, lease_s=0.0)
"""The lease of a worker that dies at its claim."""
_AGE = tuple(
    f"update {table} set {', '.join(f'{name} = {name} - interval {age!r}' for name in names)} where org_id = any($1)"
    for table, age, names in (
        ("outbox", "20 minutes", ("published_at",)),
        ("watchdog_rounds", "20 hours", ("at",)),
        ("projects", "20 minutes", ("created_at", "started_at")),
        ("attempts", "20 minutes", ("started_at", "finished_at")),
    )
)
Ending = Literal["done", "refused", "later", "bug"]
Part = tuple[UUID, str]
"""Input id and stage."""


class DiceStage:
    """A stage that ends as the test asks, with the product's own rows and events."""

    def __init__(self, name: events.Stage, ending: Ending, *, poisoned: bool = False) -> None:
        self.name, self.ending, self.poisoned = name, ending, poisoned

    def wants(self, event: events.AnyEvent) -> bool:
        if self.poisoned:
            raise KeyError("a bug in reading it")
        return True

    async def work(self, event: Any, work: Work) -> Commit:
        errors = {"refused": InputRejected("media.corrupt", "It is broken."), "later": Unavailable("outside", "gone")}
        if self.ending in errors:
            raise errors[self.ending]
        if self.ending == "bug":
            raise KeyError("a bug")

        async def commit(connection: Connection) -> None:
            key = event.org_id, event.project_id
            if isinstance(event, events.UploadReceived):
                await _plan_spans(connection, *key, work.cause)
            elif isinstance(event, events.SpanPlanned):
                part: Literal["heard", "seen"] = "heard" if self.name == "listen" else "seen"
                await end_span(connection, event, part, REF, work.cause, window=4)
            await project_lifecycle.end_part(connection, *key, self.name, work.cause)

        return commit

    async def give_up(self, connection: Connection, event: Any, reason: str, detail: str, cause: Cause) -> None:
        if isinstance(event, events.SpanPlanned) and self.name == "look":
            await end_span(connection, event, "seen", None, cause, window=4)
        else:
            await project_lifecycle.fail_project(connection, event.org_id, event.project_id, reason, detail, cause)


async def _plan_spans(connection: Connection, org_id: UUID, project_id: UUID, cause: Cause) -> None:
    count = 1 + project_id.int % 3
    for stage, total in (("listen", count), ("look", count), ("close", 1), ("study", 1), ("detect", 1)):
        await project_lifecycle.expect_parts(connection, org_id, project_id, stage, total)
    for ordinal in range(count):
        span = events.SpanPlanned(
            ordinal=ordinal,
            span_count=count,
            range=TimeRange(start_ms=ordinal, end_ms=ordinal + 1),
            padded=TimeRange(start_ms=ordinal, end_ms=ordinal + 1),
            source=own_ref(org_id, project_id),
            index=own_ref(org_id, project_id),
            audio=own_ref(org_id, project_id),
            has_video=True,
            org_id=org_id,
            project_id=project_id,
        )
        await connection.execute(
            "insert into spans (org_id, project_id, ordinal, event) values ($1, $2, $3, $4)",
            org_id, project_id, ordinal, span,
        )  # fmt: skip
    await emit_next_spans(connection, org_id, project_id, cause, 4)


class Arrival(msgspec.Struct, frozen=True):
    """A message on its way to one stage."""

    message: Message
    stage: events.Stage

    @property
    def event(self) -> tuple[codec.Envelope, Any]:
        return codec.decode(BY_NAME[self.message.topic], self.message.headers, self.message.payload)

    @property
    def part(self) -> Part:
        return self.message.input_id(*self.event), self.stage


class LaneStory:
    """One generated sequence."""

    def __init__(
        self, world: World, relay: Connection, sweeper: Pool, owner: Any, windows: tuple[Window, ...], seed: int
    ) -> None:
        self.world, self.relay, self.sweeper, self.owner, self.windows = world, relay, sweeper, owner, windows
        self.dice = random.Random(seed)
        self.done: list[str] = []
        self.project_ids: list[tuple[Tenant, UUID]] = []
        self.log: list[Arrival] = []
        self.delivered: list[Arrival] = []
        self.lost: list[Arrival] = []
        self.poisoned: set[Part] = set()
        """What a stage could not read: it may come to it again, with what is sent again for another stage."""

    async def step(self) -> None:
        """One action, and the comparison."""
        actions = {
            self.upload: 4, self.send: 12, self.work: 24, self.kill: 2, self.sweep: 3, self.retry: 6, self.replay: 4,
            self.cancel: 1, self.erase: 1, self.lose: 2, self.watch: 2, self.repeat: 3, self.poison: 1,
        }  # fmt: skip
        (action,) = self.dice.choices(list(actions), list(actions.values()))
        self.done.append(action.__name__)
        await action()
        await self.compare()

    async def upload(self) -> None:
        tenant = self.dice.choice((self.world.ann, self.world.bob))
        for _ in range(self.dice.choice((1, 1, 3))):
            self.project_ids.append((tenant, await new_project(tenant)))

    async def send(self) -> None:
        """A round of the relay."""
        now = dt.datetime.now(dt.UTC) + LATER
        await admission.admit(self.relay, self.windows, 500, now)
        rows = await outbox_queue.list_due_rows(self.relay, 500, now)
        await outbox_queue.mark_sent(self.relay, [row["seq"] for row in rows])
        for row in rows:
            message = Message(
                topic=row["topic"], partition=row["partition"], offset=row["seq"], key=row["key"],
                headers=row["headers"], payload=row["payload"],
            )  # fmt: skip
            _, event = codec.decode(BY_NAME[message.topic], message.headers, message.payload)
            if (lane := LANE_OF.get(type(event))) is not None:
                self.log += [Arrival(message, stage) for stage in lane.stages]

    def pick(self, arrivals: list[Arrival]) -> Arrival | None:
        return arrivals.pop(self.dice.randrange(len(arrivals))) if arrivals else None

    def attempts(self, arrival: Arrival, ending: Ending, rules: Rules = RULES) -> Attempts:
        return Attempts(
            pool=self.world.worker,
            stage=DiceStage(arrival.stage, ending),
            worker="w",
            rules=rules,
            clock=lambda: dt.datetime.now(dt.UTC),
        )

    async def work(self, ending: Ending | None = None) -> None:
        """A stage takes a message to an end."""
        if (arrival := self.pick(self.log)) is None:
            return
        endings: dict[Ending, int] = {"done": 5, "refused": 2, "later": 2, "bug": 2}
        (chosen,) = self.dice.choices(list(endings), list(endings.values()))
        verdict = await self.attempts(arrival, ending or chosen).run(arrival.message, *arrival.event)
        self.done[-1] += f" {arrival.stage}: {verdict}"
        self.delivered.append(arrival)

    async def kill(self) -> None:
        """A worker claims a message and dies; the message may come again."""
        if (arrival := self.pick(self.log)) is None:
            return
        envelope, event = arrival.event
        cause = Cause(input_id=arrival.part[0], source=arrival.stage, now=dt.datetime.now(dt.UTC))
        claim = self.attempts(arrival, "done", AT_ONCE)._claim
        await claim(arrival.message, event, cause, envelope.time)
        self.log += [arrival] * self.dice.randrange(2)

    async def sweep(self) -> None:
        await sweep_attempts(self.sweeper)

    async def retry(self) -> None:
        for tenant, project_id in self.dice.sample(self.project_ids, min(4, len(self.project_ids))):
            answer = await tenant.client.post(f"/v1/projects/{project_id}/retry", json={})
            assert answer.status_code < 500, answer.text

    async def replay(self) -> None:
        rows = await self.owner.fetch(
            "select org_id, dead_id from dead_letters where project_id = any($1::uuid[]) order by created_at, dead_id",
            [project_id for _, project_id in self.project_ids],
        )
        tenants = {tenant.org_id: tenant for tenant in (self.world.ann, self.world.bob)}
        for row in self.dice.sample(rows, min(3, len(rows))):
            client = tenants[row["org_id"]].client
            await self.owner.execute(
                """update dead_letters set headers = headers || '{"clipstream-signature": "x"}'
                   where dead_id = $1 and topic = 'uploads.v1'""",
                row["dead_id"],
            )
            answer = await client.post(f"/v1/admin/dead-letters/{row['dead_id']}/replay")
            assert answer.status_code in (202, 409), answer.text

    async def cancel(self) -> None:
        if self.project_ids:
            tenant, project_id = self.dice.choice(self.project_ids)
            await tenant.client.post(f"/v1/projects/{project_id}/cancel")

    async def erase(self) -> None:
        if self.project_ids:
            tenant, project_id = self.dice.choice(self.project_ids)
            await tenant.client.delete(f"/v1/projects/{project_id}")
            await erase(self.world.worker, NoObjects(), tenant.org_id, project_id)  # type: ignore[arg-type]

    async def lose(self) -> None:
        """The log loses a message."""
        if (arrival := self.pick(self.log)) is not None:
            self.lost.append(arrival)

    async def watch(self) -> None:
        """Time passes, and the watchdog looks."""
        for statement in _AGE:
            await self.owner.execute(statement, [self.world.ann.org_id, self.world.bob.org_id])
        await watch_projects(self.sweeper, STILL_S, ProcessMetrics(OF_RELAY))

    async def repeat(self) -> None:
        """A group reads some of its messages again."""
        self.log += self.dice.sample(self.delivered, min(3, len(self.delivered)))

    async def poison(self) -> None:
        """A message that a stage cannot even read, and no outsider wrote."""
        rows = await self.relay.fetch("select input_id, stage from attempts")
        read = {(row["input_id"], row["stage"]) for row in rows}
        own = [one for one in self.log if one.message.topic != "uploads.v1" and one.part not in read]
        if not own:
            return
        arrival = self.dice.choice(own)
        self.poisoned.add(arrival.part)
        for arrivals in (self.log, self.lost, self.delivered):  # each copy of it is as bad
            arrivals[:] = [other for other in arrivals if other.part != arrival.part]
        stage = DiceStage(arrival.stage, "done", poisoned=True)
        consumer = EventConsumer(
            attempts=self.attempts(arrival, "done"),
            stage=stage,
            pool=self.world.worker,
            pulse=Pulse(stall_s=60, now=asyncio.get_running_loop().time),
            verifier=None,
            metrics=ProcessMetrics(OF_STAGE),
        )
        message = msgspec.structs.replace(arrival.message, partition=uuid4().int % 10**6)  # a letter of its own
        assert await consumer.handle(message) == "dead"

    async def compare(self) -> None:
        """Compare places with what is in flight, and with the windows."""
        places: set[Part] = set()
        inputs: defaultdict[tuple[str, UUID], set[UUID]] = defaultdict(set)
        for row in await self.relay.fetch("select org_id, input_id, stage, lane from admissions"):
            places.add((row["input_id"], row["stage"]))
            inputs[row["lane"], row["org_id"]].add(row["input_id"])
        rows = await self.relay.fetch(
            """select a.input_id, a.stage, a.state, p.state in ('cancelled', 'erased') as gone
               from attempts a join projects p using (org_id, project_id) where project_id = any($1::uuid[])""",
            [project_id for _, project_id in self.project_ids],
        )
        states = {(row["input_id"], row["stage"]): row["state"] for row in rows}
        waiting = {
            (row["input_id"], row["for_stage"])
            for row in await self.relay.fetch("select input_id, for_stage from outbox where waits")
        }
        gone = {
            row["project_id"]
            for row in await self.relay.fetch("select project_id from projects where state in ('cancelled', 'erased')")
        }
        on_their_way = {arrival.part for arrival in (*self.log, *self.lost)}
        live = {part for part, state in states.items() if state in ("running", "free")}
        unneeded = {arrival.part for arrival in (*self.log, *self.lost) if arrival.event[1].project_id in gone} | {
            (row["input_id"], row["stage"]) for row in rows if row["gone"]
        }
        in_flight = live | {part for part in on_their_way if part not in states}
        missing = in_flight - waiting - unneeded - self.poisoned - places
        assert not missing, f"in flight without a place after {self.done}: {missing}"
        left = places - live - on_their_way
        assert not left, f"places of nothing after {self.done}: {left}"
        sizes = {window.lane: window.of_org for window in self.windows}
        full = {lane: len(ids) for (lane, _), ids in inputs.items() if len(ids) > sizes[lane]}
        assert not full, f"more than their window after {self.done}: {full}"

    async def rest(self) -> None:
        """Let all work end; afterwards nothing waits, and no place is held."""
        self.log += self.lost
        self.lost.clear()
        for _ in range(100):
            self.done.append("rest")
            await self.sweep()
            await self.send()
            if not self.log and not await self.relay.fetchval("select 1 from outbox where published_at is null"):
                break
            while self.log:
                await self.work("done")
        waiting = await self.relay.fetch("select * from outbox where published_at is null")
        places = await self.relay.fetch("select * from admissions")
        assert not waiting, f"{waiting} wait after {self.done}"
        assert not places, f"{places} are held after {self.done}"
