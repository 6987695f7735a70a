"""Webhooks from end to end in simulated time: tries, the log, replays, recovery, notices. Real Postgres."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import InputRejected, Unavailable
from core.infra.postgres.connection import org_transaction
from core.infra.postgres.outbox import Cause
from core.ports.outside import Response
from core.services import project_lifecycle
from core.services.erasure import erase
from core.settings import Settings
from schemas import events
from streams.deliver.backoff import TRIES_AFTER_S
from streams.runtime.stage import Work
from tests.contract.rigs.postgres import until_blocked
from tests.contract.rigs.webhook_rig import PATH, Answer, Hooks, answer, open_hooks, told_id
from tests.support.soak import record

pytestmark = pytest.mark.contract
DOWN_H = 72
NOTICES = ("webhook.endpoint_disabled", "webhook.delivery_exhausted")


@pytest.fixture
async def hooks(postgres: Settings, tmp_path: Path) -> AsyncIterator[Hooks]:
    async with open_hooks(postgres, tmp_path) as opened:
        yield opened


def always(given: Response | Exception) -> Answer:
    def reply(_: dt.datetime) -> Response:
        if isinstance(given, Exception):
            raise given
        return given

    return reply


FAILURES: dict[str, Response | Exception] = {
    "500": answer(500),
    "301": answer(301, location="https://elsewhere.example/"),
    "429": answer(429),
    "hangs": Unavailable("outside", "no answer within 15 s"),
    "reset": Unavailable("outside", "the connection failed (ReadError)"),
    "drips": Unavailable("outside", "no answer within 15 s"),
}


async def test_all_arrives_after_three_days_of_outage(hooks: Hooks) -> None:
    began = hooks.day.now
    made = {name: await hooks.endpoint(f"down-{name}") for name in FAILURES}
    for name, given in FAILURES.items():
        failing = always(given)
        hooks.script(
            f"down-{name}",
            lambda now, failing=failing: failing(now) if now < began + dt.timedelta(hours=DOWN_H) else answer(204),
        )
    facts = {str(await hooks.happen()) for _ in range(4)}
    await hooks.wait(hours=110)
    sent_count = 0
    for name, endpoint in made.items():
        delivered = await hooks.deliveries(endpoint)
        assert {one["event_id"] for one in delivered} == facts
        assert {one["state"] for one in delivered} == {"delivered"}, name
        assert all(8 <= one["attempt"] <= 10 for one in delivered), [one["attempt"] for one in delivered]
        sent = hooks.sent(f"down-{name}")
        sent_count += len(sent)
        logged = [one for row in delivered for one in await attempts_of(hooks, endpoint, row)]
        assert len(logged) == len(sent), "each try has its row"
        assert (await hooks.ask("GET", f"{PATH}/{endpoint['endpoint_id']}"))["disabled_at"] is None
    count = len(facts) * len(FAILURES)
    record(9, f"receivers down for {DOWN_H} simulated hours: {count} of {count} delivered, {sent_count} POSTs")


async def attempts_of(hooks: Hooks, endpoint: Any, delivery: Any) -> list[Any]:
    path = f"{PATH}/{endpoint['endpoint_id']}/deliveries/{delivery['delivery_id']}"
    return list((await hooks.ask("GET", path))["attempts"])


async def test_what_never_arrives_ends_after_ten_tries_with_a_notice(hooks: Hooks) -> None:
    dead = await hooks.endpoint("dead", "project.*")
    watcher = await hooks.endpoint("watcher", "webhook.*")
    hooks.script("dead", always(answer(500)))
    await hooks.happen()
    await hooks.wait(hours=90)
    (given_up,) = await hooks.deliveries(dead)
    assert (given_up["state"], given_up["attempt"], given_up["next_try_at"]) == ("failed", 10, None)
    pauses = [
        (later.at - earlier.at).total_seconds()
        for earlier, later in zip(hooks.sent("dead"), hooks.sent("dead")[1:], strict=False)
    ]
    assert all(least <= pause <= least * 1.25 + 4000 for least, pause in zip(TRIES_AFTER_S, pauses, strict=True))
    (told,) = hooks.sent("watcher")
    assert told.type == "webhook.delivery_exhausted"
    assert str(given_up["delivery_id"]).encode() in told.body
    assert [one["state"] for one in await hooks.deliveries(watcher)] == ["delivered"]


async def test_retry_after_is_kept(hooks: Hooks) -> None:
    await hooks.endpoint("busy")
    hooks.script("busy", lambda _: answer(429, retry_after="21600") if len(hooks.sent("busy")) == 1 else answer(204))
    await hooks.happen()
    await hooks.wait(hours=7)
    first, second = (one.at for one in hooks.sent("busy"))
    assert dt.timedelta(hours=6) <= second - first < dt.timedelta(hours=6, minutes=1)


async def test_an_endpoint_that_is_gone_is_disabled_with_a_notice(hooks: Hooks) -> None:
    gone = await hooks.endpoint("gone", "*")
    await hooks.endpoint("watcher", "*")
    hooks.script("gone", always(answer(410)))
    for _ in range(3):
        await hooks.happen()
        await hooks.wait(minutes=1)
    shown = await hooks.ask("GET", f"{PATH}/{gone['endpoint_id']}")
    assert shown["disabled_reason"] == "gone"
    assert len(hooks.sent("gone")) == 1
    assert [one.type for one in hooks.sent("watcher") if one.type in NOTICES] == ["webhook.endpoint_disabled"]
    assert len(hooks.sent("watcher")) == 4


async def fail_for_days(hooks: Hooks, days: int) -> list[str]:
    """A message each six hours, of which none is taken; gives their ids."""
    ids = []
    for _ in range(4 * days):
        ids.append(str(await hooks.happen()))
        await hooks.wait(hours=6)
    return ids


async def test_after_five_days_disabled_everything_is_brought_back(hooks: Hooks) -> None:
    began = hooks.day.now
    failing = await hooks.endpoint("failing", "project.*")
    await hooks.endpoint("watcher", "webhook.endpoint_disabled")
    path = f"{PATH}/{failing['endpoint_id']}"
    hooks.script("failing", always(answer(503)))
    happened = await fail_for_days(hooks, 7)
    shown = await hooks.ask("GET", path)
    disabled_at = dt.datetime.fromisoformat(shown["disabled_at"])
    assert shown["disabled_reason"] == "failing"
    assert dt.timedelta(days=5) <= disabled_at - began <= dt.timedelta(days=5, hours=12)
    assert [one.type for one in hooks.sent("watcher")] == ["webhook.endpoint_disabled"]
    await hooks.wait(days=4)
    ended = await hooks.deliveries(failing)
    assert {one["state"] for one in ended} == {"failed"}
    planned = {one["event_id"] for one in ended}
    missed = [one for one in happened if one not in planned]
    assert missed, "nothing was planned while it was disabled"

    since = {"since": began.isoformat()}
    for action in ("replay", "recover"):
        refused = await hooks.ask("POST", f"{path}/{action}", since, 409)
        assert refused["code"] == "endpoint-not-enabled"
    hooks.script("failing", always(answer(204)))
    assert (await hooks.ask("POST", f"{path}/enable"))["disabled_at"] is None
    before = len(hooks.sent("failing"))
    for _ in range(2):  # the second time there is nothing left
        recovered = await hooks.ask("POST", f"{path}/recover", since, 202)
        assert recovered["has_more"] is False
        assert recovered["count"] in (len(missed), 0)
        await hooks.wait(minutes=10)
    new = hooks.sent("failing")[before:]
    assert sorted(told_id(one.body) for one in new) == sorted(missed), "exactly what it missed, each once"
    before = len(hooks.sent("failing"))
    assert (await hooks.ask("POST", f"{path}/replay", since, 202))["count"] == len(planned)
    await hooks.wait(minutes=30)
    assert {told_id(one.body) for one in hooks.sent("failing")[before:]} == planned, "a replay is really sent"
    assert {one["state"] for one in await hooks.deliveries(failing)} == {"delivered"}
    record(9, f"disabled after five simulated days: {len(missed)} missed recovered, {len(planned)} failed replayed")


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["*"], {"project.completed", "project.failed", "export.failed", "export.cancelled"}),
        (["export.*"], {"export.failed", "export.cancelled"}),
        (["export.failed", "project.*"], {"project.completed", "project.failed", "export.failed"}),
        (["project.failed"], {"project.failed"}),
        (["clip.*", "webhook.*"], set()),
    ],
)
async def test_filters_take_what_they_name(hooks: Hooks, filters: list[str], expected: set[str]) -> None:
    early = dt.timedelta(seconds=1)
    since = (hooks.day.now - early).isoformat()
    await hooks.endpoint("chosen", *filters)
    for kind in (events.ProjectCompleted, events.ProjectFailed, events.ExportFailed, events.ExportCancelled):
        await hooks.happen(kind)
    await hooks.wait(minutes=1)
    assert {one.type for one in hooks.sent("chosen")} == expected
    late = await hooks.endpoint("late", *filters)
    recovered = await hooks.ask("POST", f"{PATH}/{late['endpoint_id']}/recover", {"since": since}, 202)
    assert recovered["count"] == len(expected), "what was before it existed, by its filter"
    await hooks.wait(minutes=1)
    assert {one.type for one in hooks.sent("late")} == expected


async def test_a_paused_endpoint_gets_nothing_until_it_is_used_again(hooks: Hooks) -> None:
    rests = await hooks.endpoint("rests")
    path = f"{PATH}/{rests['endpoint_id']}"
    hooks.script("rests", lambda _: answer(503) if len(hooks.sent("rests")) == 1 else answer(204))
    first = str(await hooks.happen())
    await hooks.wait(seconds=1)
    assert (await hooks.ask("PATCH", path, {"paused": True}))["paused_at"] is not None
    second = str(await hooks.happen())
    await hooks.wait(hours=5)
    assert [told_id(one.body) for one in hooks.sent("rests")] == [first]
    (waiting,) = await hooks.deliveries(rests)
    assert (waiting["state"], waiting["attempt"]) == ("pending", 1), "waiting is no try"
    assert (await hooks.ask("PATCH", path, {"paused": False}))["paused_at"] is None
    await hooks.wait(minutes=17)
    assert [told_id(one.body) for one in hooks.sent("rests")] == [first, first]
    since = {"since": (hooks.day.now - dt.timedelta(hours=6)).isoformat()}
    assert (await hooks.ask("POST", f"{path}/recover", since, 202))["count"] == 1
    await hooks.wait(minutes=1)
    assert told_id(hooks.sent("rests")[-1].body) == second


async def test_a_pause_of_days_ends_what_waits_without_a_notice(hooks: Hooks) -> None:
    rests = await hooks.endpoint("rests", "project.*")
    await hooks.endpoint("watcher", "webhook.*")
    hooks.script("rests", always(answer(503)))
    await hooks.happen()
    await hooks.wait(seconds=1)
    await hooks.ask("PATCH", f"{PATH}/{rests['endpoint_id']}", {"paused": True})
    await hooks.wait(hours=80)
    (ended,) = await hooks.deliveries(rests)
    assert (ended["state"], ended["attempt"], ended["last_error"]) == ("failed", 1, "its endpoint is paused")
    assert hooks.sent("watcher") == []


async def test_a_test_message_goes_to_one_endpoint_whatever_it_asks_for(hooks: Hooks) -> None:
    tested = await hooks.endpoint("tested", "project.failed")
    await hooks.endpoint("other", "*")
    path = f"{PATH}/{tested['endpoint_id']}"
    delivery_id = (await hooks.ask("POST", f"{path}/test", status=202))["delivery_id"]
    await hooks.wait(seconds=5)
    (sent,) = hooks.sent("tested")
    assert (sent.type, sent.headers["webhook-id"]) == ("webhook.test", delivery_id)
    assert hooks.sent("other") == []
    shown = await hooks.ask("GET", f"{path}/deliveries/{delivery_id}")
    assert (shown["state"], shown["project_id"], shown["event_type"]) == ("delivered", None, "webhook.test")
    await hooks.ask("PATCH", path, {"paused": True})
    assert (await hooks.ask("POST", f"{path}/test", status=409))["code"] == "endpoint-not-enabled"


async def test_the_log_shows_what_was_sent_and_answered_and_no_signature(hooks: Hooks) -> None:
    endpoint = await hooks.endpoint("logged")
    path = f"{PATH}/{endpoint['endpoint_id']}/deliveries"
    hostile = b"\x1b[31mno\x00" + "\u202e".encode() + b"\xff" + b"x" * 5000
    hooks.script("logged", lambda _: answer(500, hostile) if len(hooks.sent("logged")) == 1 else answer(200, b"ok"))
    event_id = str(await hooks.happen())
    await hooks.wait(minutes=10)
    await hooks.happen(events.ExportFailed)
    await hooks.wait(minutes=10)
    assert {one["state"] for one in await hooks.deliveries(endpoint)} == {"delivered"}
    (one,) = await hooks.deliveries(endpoint, event_type="project.completed")
    assert one["event_id"] == event_id
    assert await hooks.deliveries(endpoint, state="failed") == []
    assert await hooks.deliveries(endpoint, until="2020-01-01T00:00:00Z") == []
    shown = await hooks.ask("GET", f"{path}/{one['delivery_id']}")
    assert shown["body"].encode() == hooks.sent("logged")[0].body
    failed, taken = shown["attempts"]
    assert (failed["response_status"], failed["error"]) == (500, "answered 500")
    assert failed["response_body"].startswith("\ufffd[31mno\ufffd\ufffd\ufffdxxx")
    assert len(failed["response_body"]) <= 2048
    assert failed["next_try_at"] is not None
    assert (taken["response_status"], taken["response_body"], taken["next_try_at"]) == (200, "ok", None)
    assert failed["request_headers"]["webhook-signature"] == "v1,…"
    signature = hooks.sent("logged")[0].headers["webhook-signature"]
    tables = ("deliveries", "delivery_attempts", "webhook_messages")
    stored = str([await hooks.rows(f"select * from {table} where org_id = $1") for table in tables])
    assert signature not in stored
    page = await hooks.ask("GET", path, limit=1)
    rest = await hooks.ask("GET", path, limit=1, cursor=page["next_cursor"])
    assert len({item["delivery_id"] for item in [*page["items"], *rest["items"]]}) == 2
    assert rest["next_cursor"] is None
    other = await hooks.ask("GET", path, limit=1, cursor=page["next_cursor"], state="failed", status=400)
    assert other["code"] == "cursor-invalid"


async def test_one_delivery_is_replayed_with_its_id_and_all_its_tries(hooks: Hooks) -> None:
    endpoint = await hooks.endpoint("again")
    path = f"{PATH}/{endpoint['endpoint_id']}/deliveries"
    hooks.script("again", always(InputRejected("url.not_public", "It leads inside.")))
    await hooks.happen()
    await hooks.wait(minutes=1)
    (refused,) = await hooks.deliveries(endpoint)
    assert (refused["state"], refused["attempt"]) == ("failed", 1)
    hooks.script("again", lambda _: answer(503) if len(hooks.sent("again")) < 4 else answer(204))
    replayed = await hooks.ask("POST", f"{path}/{refused['delivery_id']}/replay", status=202)
    assert (replayed["state"], replayed["replays"], replayed["attempt"]) == ("pending", 1, 0)
    assert (await hooks.ask("POST", f"{path}/{refused['delivery_id']}/replay", status=409))["code"] == "not-replayable"
    await hooks.wait(hours=1)
    shown = await hooks.ask("GET", f"{path}/{refused['delivery_id']}")
    assert [(one["replays"], one["attempt"]) for one in shown["attempts"]] == [(0, 1), (1, 1), (1, 2), (1, 3)]
    assert shown["state"] == "delivered"
    assert {one.headers["webhook-id"] for one in hooks.sent("again")} == {refused["delivery_id"]}
    assert len({one.body for one in hooks.sent("again")}) == 1


async def test_an_erased_project_leaves_no_body_in_log_or_messages(hooks: Hooks) -> None:
    canary = "canary-8f1d"
    endpoint = await hooks.endpoint("reader")
    hooks.script("reader", always(answer(500, f"I got {canary}".encode())))
    async with org_transaction(hooks.world.worker, hooks.org_id) as connection:
        await connection.execute("update projects set title = $2 where project_id = $1", hooks.project_id, canary)
    await hooks.happen()
    await hooks.wait(minutes=1)
    tables = ("deliveries", "delivery_attempts", "webhook_messages")

    async def found() -> bool:
        stored = [await hooks.rows(f"select t::text, encode(convert_to(t::text, 'utf8'), 'hex') from {table} t "
                                   "where org_id = $1") for table in tables]  # fmt: skip
        return canary in str(stored) or canary.encode().hex() in str(stored)

    assert await found()
    async with org_transaction(hooks.world.worker, hooks.org_id) as connection:
        await connection.execute("update projects set state = 'completed' where project_id = $1", hooks.project_id)
        await project_lifecycle.erase_project(
            connection, hooks.org_id, hooks.project_id, Cause(input_id=uuid.uuid4(), source="api", now=hooks.day.now)
        )
    since = {"since": (hooks.day.now - dt.timedelta(days=1)).isoformat()}
    late = await hooks.endpoint("late")
    recovered = await hooks.ask("POST", f"{PATH}/{late['endpoint_id']}/recover", since, 202)
    assert recovered["count"] == 0, "from the erasure on nothing is sent of it"
    objects: Any = NoObjects()
    await erase(hooks.world.worker, objects, hooks.org_id, hooks.project_id)
    assert not await found()
    assert await hooks.deliveries(endpoint) == []
    assert (await hooks.ask("GET", "/v1/webhooks/messages", after=0))["items"] == []


class NoObjects:
    """A store with nothing in it."""

    async def delete_prefix(self, prefix: str) -> int:
        return 0


async def test_nothing_is_missed_between_an_enabling_and_a_recovery(hooks: Hooks) -> None:
    """A message that is being written found the endpoint paused: the recovery waits for it."""
    rests = await hooks.endpoint("rests")
    path = f"{PATH}/{rests['endpoint_id']}"
    since = {"since": (hooks.day.now - dt.timedelta(hours=1)).isoformat()}
    await hooks.ask("PATCH", path, {"paused": True})
    fact = events.ProjectCompleted(org_id=hooks.org_id, project_id=hooks.project_id, version=3, clip_count=1)
    event_id, stage = uuid.uuid4(), hooks.day.rig.stage
    work = Work(cause=Cause(input_id=event_id, source="deliver", now=hooks.day.now), report=lambda _: None)
    commit = await stage.work(fact, work)
    async with org_transaction(hooks.day.rig.pool, hooks.org_id) as connection:
        await commit(connection)
        await hooks.ask("POST", f"{path}/enable")
        recovering = asyncio.create_task(hooks.ask("POST", f"{path}/recover", since, 202))
        await until_blocked(hooks.world.worker)
    assert (await recovering)["count"] == 1
    await hooks.wait(minutes=1)
    assert [told_id(one.body) for one in hooks.sent("rests")] == [str(event_id)]
