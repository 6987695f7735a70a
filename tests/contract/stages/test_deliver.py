"""A webhook from event to answer, on a real Postgres: planned once, signed, retried, ended."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from standardwebhooks.webhooks import Webhook

from core.domain.webhooks.signatures import new_secret
from core.errors import InputRejected, Unavailable
from core.infra.key_ring import open_key_ring
from core.infra.postgres.connection import create_pool, org_transaction
from core.infra.postgres.outbox import Cause
from core.ports.outside import Response
from core.services import project_lifecycle
from core.settings import Settings
from core.storage.webhooks import deliveries
from schemas import events
from streams.deliver.agent import DeliverStage
from streams.deliver.backoff import MAX_AGE_S, MAX_ATTEMPTS, MAX_FAILURES_COUNT, TRIES_AFTER_S, endpoint_pause
from streams.runtime.context import StageContext
from streams.runtime.stage import Work
from tests.contract.rigs.postgres import new_org, until_blocked

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SECRET = new_secret()


class OutsideTwin:
    """Answers each POST with the next item of a script; records each request."""

    def __init__(self) -> None:
        self.script: list[Response | Exception] = []
        self.sent: list[tuple[str, bytes, Mapping[str, str]]] = []

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> Response:
        self.sent.append((url, body, headers))
        answer = self.script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def answer(status: int, **headers: str) -> Response:
    return Response(status=status, headers={name.replace("_", "-"): value for name, value in headers.items()}, body=b"")


class Rig:
    """One project with one subscribed endpoint, in an organisation of its own."""

    def __init__(self, context: StageContext, outside: OutsideTwin, org_id: uuid.UUID) -> None:
        self.stage, self.outside, self.pool = DeliverStage(context), outside, context.pool
        self.org_id, self.project_id, self.endpoint_id = org_id, uuid.uuid4(), uuid.uuid4()
        self.fact = events.ProjectCompleted(org_id=org_id, project_id=self.project_id, version=3, clip_count=2)
        self.fact_id = uuid.uuid4()

    async def subscribe(self, settings: Settings, *kinds: str) -> None:
        async with org_transaction(self.pool, self.org_id) as connection:
            upload = events.UploadReceived(org_id=self.org_id, project_id=self.project_id, source_url="https://a.org/v")
            await project_lifecycle.create_project(connection, upload)
        api = await create_pool(settings.postgres_api, size=1)
        async with org_transaction(api, self.org_id) as connection:
            await connection.execute(
                "insert into webhook_endpoints (org_id, endpoint_id, url, events, secret_encrypted) "
                "values ($1, $2, 'https://a.org/hook', $3, $4)",
                self.org_id, self.endpoint_id, list(kinds), open_key_ring(settings).seal("secrets", SECRET.encode()),
            )  # fmt: skip
        await api.close()

    async def handle(self, event: events.AnyEvent, input_id: uuid.UUID, now: dt.datetime = NOW) -> None:
        """Handle one event in the stage, and commit as the attempt would."""
        work = Work(cause=Cause(input_id=input_id, source="deliver", now=now), report=lambda _: None)
        commit = await self.stage.work(event, work)
        async with org_transaction(self.pool, self.org_id) as connection:
            await commit(connection)

    async def rows(self, sql: str) -> list[Any]:
        async with org_transaction(self.pool, self.org_id) as connection:
            return list(await connection.fetch(sql, self.org_id))

    async def delivery(self) -> Any:
        (row,) = await self.rows("select * from deliveries where org_id = $1")
        return row

    async def dues(self) -> list[tuple[int, dt.timedelta]]:
        """Attempt number and delay after ``NOW`` of every DeliveryDue written."""
        rows = await self.rows(
            "select convert_from(payload, 'utf8')::jsonb->'attempt' as attempt, due_at from outbox "
            "where org_id = $1 and topic = 'deliveries.v1' order by seq"
        )
        return [(row["attempt"], row["due_at"] - NOW) for row in rows]

    async def attempt(self, number: int, given: Response | Exception) -> Any:
        """Make one attempt with this answer; returns the delivery afterwards."""
        self.outside.script = [given]
        delivery_id = (await self.delivery())["delivery_id"]
        due = events.DeliveryDue(
            org_id=self.org_id, project_id=self.project_id, delivery_id=delivery_id, attempt=number
        )
        await self.handle(due, uuid.uuid4())
        return await self.delivery()


@pytest.fixture
async def rig(postgres: Settings, tmp_path: Path) -> AsyncIterator[Rig]:
    settings, org_id = msgspec.structs.replace(postgres, work_dir=tmp_path), await new_org(postgres)
    pool = await create_pool(settings.postgres_worker, size=2)
    outside = OutsideTwin()
    context = StageContext(settings=settings, stage="deliver", pool=pool, outside=outside)
    made = Rig(context, outside, org_id)
    await made.subscribe(settings, "project.completed")
    yield made
    await pool.close()


async def test_a_fact_is_planned_once_for_subscribed_endpoints_only(rig: Rig) -> None:
    for _ in range(2):
        await rig.handle(rig.fact, rig.fact_id)
    failed = events.ProjectFailed(org_id=rig.org_id, project_id=rig.project_id, version=4, reason="a.b", detail="d")
    await rig.handle(failed, uuid.uuid4())
    delivery = await rig.delivery()
    assert (delivery["state"], delivery["event_type"]) == ("pending", "project.completed")
    assert [number for number, _ in await rig.dues()] == [1]
    assert rig.outside.sent == []


async def test_a_message_keeps_the_titles_of_its_planning(rig: Rig) -> None:
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await connection.execute(
            "update projects set title = 'Of Ann', metadata = '{\"order\":4711}' where project_id = $1", rig.project_id
        )
    await rig.handle(rig.fact, rig.fact_id)
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await connection.execute("update projects set title = 'Later' where project_id = $1", rig.project_id)
    for number in (1, 2):
        await rig.attempt(number, answer(500))
    first, second = [msgspec.json.decode(body)["data"] for _, body, _ in rig.outside.sent]
    assert first == second
    assert first["project"] == {"title": "Of Ann", "metadata": {"order": 4711}}
    assert "clip" not in first


async def test_an_export_without_a_file_is_reported_with_its_reason(rig: Rig) -> None:
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await connection.execute(
            "update webhook_endpoints set events = '{export.failed}' where org_id = $1", rig.org_id
        )
    of = {"org_id": rig.org_id, "project_id": rig.project_id, "clip_id": uuid.uuid4(), "export_id": uuid.uuid4()}
    why = "There is no picture in it."
    await rig.handle(events.ExportFailed(**of, ordinal=2, reason="media.no_pictures", detail=why), uuid.uuid4())
    told = msgspec.json.decode((await rig.delivery())["payload"])
    assert told["type"] == "export.failed"
    assert told["data"] == {
        "project_id": str(rig.project_id), "clip_id": str(of["clip_id"]), "export_id": str(of["export_id"]),
        "ordinal": 2, "reason": "media.no_pictures", "detail": why, "project": {"title": "", "metadata": {}},
        **{gone: {"title": "", "metadata": {}} for gone in ("clip", "export")},
    }  # fmt: skip


async def test_a_message_is_signed_and_keeps_its_id(rig: Rig) -> None:
    await rig.handle(rig.fact, rig.fact_id)
    await rig.attempt(1, answer(500))
    delivered = await rig.attempt(2, answer(204))
    assert (delivered["state"], delivered["attempt"], delivered["response_status"]) == ("delivered", 2, 204)
    (_, first, one), (url, second, two) = rig.outside.sent
    assert url == "https://a.org/hook"
    assert first == second
    assert one["webhook-id"] == two["webhook-id"] == str(delivered["delivery_id"])
    rig.outside.sent.clear()
    await rig.attempt(2, answer(500))
    assert rig.outside.sent == [], "a delivery that arrived is not sent again"


async def test_the_reference_library_accepts_a_message(rig: Rig) -> None:
    now = dt.datetime.now(dt.UTC)
    await rig.handle(rig.fact, rig.fact_id, now)
    rig.outside.script = [answer(200)]
    delivery_id = (await rig.delivery())["delivery_id"]
    due = events.DeliveryDue(org_id=rig.org_id, project_id=rig.project_id, delivery_id=delivery_id, attempt=1)
    await rig.handle(due, uuid.uuid4(), now)
    ((_, body, headers),) = rig.outside.sent
    told = Webhook(SECRET).verify(body, dict(headers))
    assert (told["type"], told["id"]) == ("project.completed", str(rig.fact_id))


@pytest.mark.parametrize(
    ("given", "least_s"),
    [
        (answer(500), TRIES_AFTER_S[0]),
        (answer(302, location="https://b.org/"), TRIES_AFTER_S[0]),
        (answer(429, retry_after="600"), 600),
        (Unavailable("outside", "no answer within 10 s"), TRIES_AFTER_S[0]),
    ],
    ids=["500", "redirect", "retry-after", "no answer"],
)
async def test_a_try_that_failed_is_due_again_later(rig: Rig, given: Response | Exception, least_s: int) -> None:
    await rig.handle(rig.fact, rig.fact_id)
    delivery = await rig.attempt(1, given)
    assert (delivery["state"], delivery["attempt"]) == ("pending", 1)
    (_, (number, pause)) = await rig.dues()
    assert number == 2
    assert dt.timedelta(seconds=least_s) <= pause <= dt.timedelta(seconds=least_s * 1.1)


async def test_a_redelivered_try_schedules_no_second_next_try(rig: Rig) -> None:
    await rig.handle(rig.fact, rig.fact_id)
    for _ in range(2):
        await rig.attempt(1, answer(503))
    assert [number for number, _ in await rig.dues()] == [1, 2]


@pytest.mark.parametrize(
    "given", [answer(410), InputRejected("url.not_public", "It leads inside.")], ids=["410", "inside"]
)
async def test_some_answers_end_a_delivery(rig: Rig, given: Response | Exception) -> None:
    await rig.handle(rig.fact, rig.fact_id)
    assert (await rig.attempt(1, given))["state"] == "failed"
    assert [number for number, _ in await rig.dues()] == [1]
    (endpoint,) = await rig.rows("select disabled_at from webhook_endpoints where org_id = $1")
    assert (endpoint["disabled_at"] is not None) == isinstance(given, Response), "410: nobody wants more of it"


async def test_the_last_try_ends_a_delivery(rig: Rig) -> None:
    await rig.handle(rig.fact, rig.fact_id)
    assert (await rig.attempt(MAX_ATTEMPTS, answer(500)))["state"] == "failed"
    assert len(await rig.dues()) == 1


async def test_a_delivery_to_a_removed_receiver_fails_unsent(rig: Rig) -> None:
    await rig.handle(rig.fact, rig.fact_id)
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await connection.execute("update webhook_endpoints set disabled_at = now() where org_id = $1", rig.org_id)
    assert (await rig.attempt(1, answer(200)))["state"] == "failed"
    assert rig.outside.sent == []
    assert [number for number, _ in await rig.dues()] == [1]


async def test_no_try_is_refused_for_its_order(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns are kept by the relay, in a queue an endpoint: a stage that said "later" once gave up unsent deliveries."""
    await rig.handle(rig.fact, rig.fact_id)
    delivery_id = (await rig.delivery())["delivery_id"]
    due = events.DeliveryDue(org_id=rig.org_id, project_id=rig.project_id, delivery_id=delivery_id, attempt=1)
    answers, open_count = asyncio.Event(), 0

    async def hang(*_: Any) -> Response:
        nonlocal open_count
        open_count += 1
        await answers.wait()
        return answer(200)

    monkeypatch.setattr(rig.outside, "post", hang)
    hanging = [asyncio.create_task(rig.handle(due, uuid.uuid4())) for _ in range(8)]
    while open_count < len(hanging):
        await asyncio.sleep(0.01)
    answers.set()
    await asyncio.gather(*hanging)
    assert (await rig.delivery())["state"] == "delivered"


async def test_a_delivery_waits_in_the_queue_of_its_endpoint(rig: Rig) -> None:
    await rig.handle(rig.fact, rig.fact_id)
    await rig.attempt(1, answer(500))
    rows = await rig.rows("select lane, queue, waits from outbox where org_id = $1 and topic = 'deliveries.v1'")
    assert [tuple(row) for row in rows] == [("deliver", rig.endpoint_id, True)] * 2


async def fail_until_paused(rig: Rig) -> dt.datetime:
    """Five tries of other deliveries fail; gives the end of the pause."""
    for number in range(MAX_FAILURES_COUNT):
        await rig.handle(rig.fact, rig.fact_id if not number else uuid.uuid4())
    rows = await rig.rows("select delivery_id from deliveries where org_id = $1")
    for row in rows:
        rig.outside.script = [answer(503)]
        due = events.DeliveryDue(
            org_id=rig.org_id, project_id=rig.project_id, delivery_id=row["delivery_id"], attempt=1
        )
        await rig.handle(due, uuid.uuid4())
    (endpoint,) = await rig.rows("select * from webhook_endpoints where org_id = $1")
    assert (endpoint["failures"], endpoint["failing_since"]) == (MAX_FAILURES_COUNT, NOW)
    until: dt.datetime = endpoint["paused_until"]
    return until


async def test_a_failing_endpoint_is_paused_and_waiting_uses_no_try(rig: Rig) -> None:
    until = await fail_until_paused(rig)
    assert until == NOW + endpoint_pause(0)
    rig.outside.sent.clear()
    (row, *_) = await rig.rows("select delivery_id from deliveries where org_id = $1")
    due = events.DeliveryDue(org_id=rig.org_id, project_id=rig.project_id, delivery_id=row["delivery_id"], attempt=2)
    await rig.handle(due, uuid.uuid4(), NOW + dt.timedelta(seconds=1))
    assert rig.outside.sent == []
    (later,) = await rig.rows("select * from outbox where org_id = $1 order by seq desc limit 1")
    assert later["due_at"] >= until
    assert msgspec.json.decode(later["payload"])["attempt"] == 2, "it counts what was sent"
    (delivery, *_) = await rig.rows("select * from deliveries where org_id = $1")
    assert (delivery["state"], delivery["attempt"]) == ("pending", 1)


@pytest.mark.parametrize("works", [True, False])
async def test_a_probe_after_the_pause_decides(rig: Rig, works: bool) -> None:
    until = await fail_until_paused(rig)
    rig.outside.script = [answer(204 if works else 503)]
    (row, *_) = await rig.rows("select delivery_id from deliveries where org_id = $1")
    due = events.DeliveryDue(org_id=rig.org_id, project_id=rig.project_id, delivery_id=row["delivery_id"], attempt=2)
    await rig.handle(due, uuid.uuid4(), until)
    (endpoint,) = await rig.rows("select * from webhook_endpoints where org_id = $1")
    if works:
        assert (endpoint["failures"], endpoint["failing_since"], endpoint["paused_until"]) == (0, None, None)
    else:
        assert endpoint["paused_until"] == until + endpoint_pause(1)


async def test_an_old_delivery_is_sent_once_more_before_it_is_given_up(rig: Rig) -> None:
    await fail_until_paused(rig)
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await connection.execute("update deliveries set created_at = $2 where org_id = $1", rig.org_id, NOW)
        await connection.execute(
            "update webhook_endpoints set paused_until = $2 where org_id = $1", rig.org_id, NOW + dt.timedelta(days=9)
        )
    rig.outside.sent.clear()
    rig.outside.script = [answer(503)]
    (row, *_) = await rig.rows("select delivery_id from deliveries where org_id = $1")
    due = events.DeliveryDue(org_id=rig.org_id, project_id=rig.project_id, delivery_id=row["delivery_id"], attempt=2)
    await rig.handle(due, uuid.uuid4(), NOW + dt.timedelta(seconds=MAX_AGE_S))
    assert len(rig.outside.sent) == 1
    (ended,) = await rig.rows("select * from deliveries where org_id = $1 and state = 'failed'")
    assert ended["delivery_id"] == row["delivery_id"]


async def test_a_replayed_delivery_is_really_sent_again(rig: Rig, postgres: Settings) -> None:
    await rig.handle(rig.fact, rig.fact_id)
    due = events.DeliveryDue(
        org_id=rig.org_id, project_id=rig.project_id, delivery_id=(await rig.delivery())["delivery_id"], attempt=1
    )
    async with org_transaction(rig.pool, rig.org_id) as connection:
        cause = Cause(input_id=uuid.uuid4(), source="deliver", now=NOW)
        await rig.stage.give_up(connection, due, "retries.exhausted", "the worker died", cause)
    api = await create_pool(postgres.postgres_api, size=1)
    async with org_transaction(api, rig.org_id) as connection:
        await deliveries.revive_delivery(connection, rig.org_id, due.delivery_id)
    await api.close()
    assert (await rig.attempt(1, answer(204)))["state"] == "delivered"
    assert len(rig.outside.sent) == 1


async def test_a_receiver_deleted_meanwhile_loses_its_delivery_alone(rig: Rig, postgres: Settings) -> None:
    """The deleted endpoint gets nothing and the other one is notified, though one transaction plans both."""
    api = await create_pool(postgres.postgres_api, size=1)
    other = uuid.uuid4()
    async with org_transaction(api, rig.org_id) as connection:
        await connection.execute(
            """insert into webhook_endpoints (org_id, endpoint_id, url, events, secret_encrypted)
               select org_id, $2, url, events, secret_encrypted from webhook_endpoints where org_id = $1""",
            rig.org_id, other,
        )  # fmt: skip
    async with org_transaction(api, rig.org_id) as connection:
        await connection.execute("delete from webhook_endpoints where endpoint_id = $1", rig.endpoint_id)
        planning = asyncio.create_task(rig.handle(rig.fact, rig.fact_id))
        await until_blocked(rig.pool)
        assert not planning.done(), "it waits to see what becomes of the deleted one"
    await planning
    assert (await rig.delivery())["endpoint_id"] == other
    await api.close()


async def test_a_delivery_with_an_abandoned_try_is_marked_failed(rig: Rig) -> None:
    await rig.handle(rig.fact, rig.fact_id)
    due = events.DeliveryDue(
        org_id=rig.org_id, project_id=rig.project_id, delivery_id=(await rig.delivery())["delivery_id"], attempt=1
    )
    async with org_transaction(rig.pool, rig.org_id) as connection:
        cause = Cause(input_id=uuid.uuid4(), source="deliver", now=NOW)
        await rig.stage.give_up(connection, due, "bug", "KeyError: 'x'", cause)
    assert (await rig.delivery())["state"] == "failed"
