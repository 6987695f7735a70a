"""Webhooks in simulated time: the real API, the real stage and the real queue on one Postgres; receivers by script."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from core.infra.postgres.connection import create_pool, org_transaction, prepare_connection
from core.ports.outside import Response
from core.services import project_lifecycle
from core.settings import Settings
from schemas import events
from streams.runtime.context import StageContext
from tests.contract.rigs.api_world import World, open_world
from tests.contract.stages.test_deliver import Rig
from tests.contract.stages.test_delivery_day import Day

PATH = "/v1/webhooks/endpoints"
Answer = Callable[[dt.datetime], Response]
"""What a receiver answers at a simulated moment; it may raise what the outside client raises."""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One POST that went out."""

    at: dt.datetime
    body: bytes
    headers: Mapping[str, str]

    @property
    def type(self) -> str:
        """Type of its message."""
        return str(msgspec.json.decode(self.body)["type"])


class Receivers:
    """Receivers by URL; one without a script takes everything at once."""

    def __init__(self) -> None:
        self.took_s = 0.0
        self.now = dt.datetime.now(dt.UTC)
        self.answers: dict[str, Answer] = {}
        self.sent: dict[str, list[Sent]] = defaultdict(list)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> Response:
        self.took_s = 0.1
        self.sent[url].append(Sent(at=self.now, body=body, headers=headers))
        return self.answers[url](self.now) if url in self.answers else answer(204)


def answer(status: int, body: bytes = b"", **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status=status, headers=named, body=body)


def told_id(body: bytes) -> str:
    """Id of the event that a message tells of."""
    return str(msgspec.json.decode(body)["id"])


class Hooks:
    """The organisation of Ann: its API, its events, its receivers, and the time."""

    def __init__(self, world: World, day: Day, receivers: Receivers) -> None:
        self.world, self.day, self.receivers = world, day, receivers
        self.org_id, self.project_id = day.rig.org_id, day.rig.project_id

    async def ask(self, method: str, path: str, body: Any = None, status: int = 200, **query: Any) -> Any:
        reply = await self.world.ann.client.request(method, path, json=body, params=query)
        assert reply.status_code == status, reply.text
        return reply.json() if reply.content else None

    async def endpoint(self, name: str, *filters: str, **more: Any) -> Any:
        body = {"url": f"https://{name}.example/hook", "events": list(filters) or ["*"]} | more
        return await self.ask("POST", PATH, body, 201)

    def sent(self, name: str) -> list[Sent]:
        return self.receivers.sent[f"https://{name}.example/hook"]

    def script(self, name: str, given: Answer) -> None:
        self.receivers.answers[f"https://{name}.example/hook"] = given

    async def happen(self, kind: type = events.ProjectCompleted, **more: Any) -> uuid.UUID:
        """Something that endpoints may ask for; gives its id."""
        named: dict[type, dict[str, Any]] = {
            events.ProjectCompleted: {"version": 3, "clip_count": 1},
            events.ProjectFailed: {"version": 3, "reason": "media.corrupt", "detail": "d"},
            events.ExportFailed: {
                "clip_id": uuid.uuid4(), "export_id": uuid.uuid4(), "ordinal": 0, "reason": "a.b", "detail": "d",
            },
            events.ExportCancelled: {"clip_id": uuid.uuid4(), "export_id": uuid.uuid4(), "ordinal": 0},
        }  # fmt: skip
        event_id = uuid.uuid4()
        of = {"org_id": self.org_id, "project_id": self.project_id}
        await self.day.rig.handle(kind(**of, **(named[kind] | more)), event_id, self.day.now)
        return event_id

    async def wait(self, **time: float) -> None:
        """Let simulated time pass, and everything be sent that is due in it."""
        await self.day.run_until(self.day.now + dt.timedelta(**time))

    async def deliveries(self, endpoint: Any, **query: Any) -> list[Any]:
        page = await self.ask("GET", f"{PATH}/{endpoint['endpoint_id']}/deliveries", limit=100, **query)
        return list(page["items"])

    async def rows(self, sql: str) -> list[Any]:
        """Rows as the owner sees them, by the organisation."""
        return list(await self.world.owner.fetch(sql, self.org_id))


@asynccontextmanager
async def open_hooks(postgres: Settings, work_dir: Path, **changes: Any) -> AsyncIterator[Hooks]:
    """A fresh organisation with a project; the API has the simulated clock too."""
    settings = msgspec.structs.replace(postgres, work_dir=work_dir)
    receivers: Any = Receivers()
    clock: list[Day] = []
    pool = await create_pool(settings.postgres_worker, size=2)
    relay = await asyncpg.connect(settings.postgres_owner)
    await prepare_connection(relay)
    await relay.execute("delete from outbox where published_at is null")
    simulated = {"clock": lambda: clock[0].now if clock else dt.datetime.now(dt.UTC)}
    async with open_world(settings, **simulated, **changes) as world:
        context = StageContext(settings=settings, stage="deliver", pool=pool, outside=receivers)
        rig = Rig(context, receivers, world.ann.org_id)
        async with org_transaction(pool, rig.org_id) as connection:
            upload = events.UploadReceived(org_id=rig.org_id, project_id=rig.project_id, source_url="https://a.org/v")
            await project_lifecycle.create_project(connection, upload)
        clock.append(Day(rig, relay, receivers))
        yield Hooks(world, clock[0], receivers)
    await relay.execute("delete from outbox where published_at is null")
    await relay.execute("delete from admissions")
    await relay.close()
    await pool.close()
