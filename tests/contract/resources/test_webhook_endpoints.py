"""Endpoints of webhooks: changed, rotated, verified by foreign libraries, followed without one. Real Postgres."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jsonschema import Draft202012Validator
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from api.wiring import make_url_check
from core.infra.key_ring import open_key_ring
from core.settings import Settings
from schemas import events
from schemas.webhooks import FILTERS, MESSAGE_TYPES
from tests.contract.rigs.servers import free_ports
from tests.contract.rigs.webhook_rig import PATH, Hooks, Sent, open_hooks, told_id
from tests.support.fake_server import Names
from tests.support.progress import HANG_S, await_while_moving

pytestmark = pytest.mark.contract


@pytest.fixture
async def hooks(postgres: Settings, tmp_path: Path) -> AsyncIterator[Hooks]:
    async with open_hooks(postgres, tmp_path, check_url=make_url_check((), Names())) as opened:
        yield opened


async def sent_now(hooks: Hooks, name: str) -> Sent:
    """The next message of an endpoint, at this moment of the real clock: libraries compare with it."""
    hooks.day.now = dt.datetime.now(dt.UTC)
    await hooks.happen()
    await hooks.wait(seconds=2)
    return hooks.sent(name)[-1]


def verified_by(secret: str, sent: Sent) -> bool:
    try:
        return bool(Webhook(secret).verify(sent.body, dict(sent.headers)))
    except WebhookVerificationError:
        return False


def verified_with(public_key: str, sent: Sent) -> bool:
    """By the words of Standard Webhooks, with a library of its own for ed25519."""
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key.removeprefix("whpk_")))
    signed = f"{sent.headers['webhook-id']}.{sent.headers['webhook-timestamp']}.".encode() + sent.body
    for signature in sent.headers["webhook-signature"].split():
        if signature.startswith("v1a,"):
            try:
                key.verify(base64.b64decode(signature.removeprefix("v1a,")), signed)
            except InvalidSignature:
                continue
            return True
    return False


async def test_both_secrets_sign_for_a_day_after_a_rotation(hooks: Hooks) -> None:
    made = await hooks.endpoint("turns")
    path = f"{PATH}/{made['endpoint_id']}"
    assert verified_by(made["secret"], await sent_now(hooks, "turns"))
    turned = await hooks.ask("POST", f"{path}/rotate-secret", {})
    assert turned["secret"] != made["secret"]
    (former,) = turned["former_keys"]
    left = dt.datetime.fromisoformat(former["expires_at"]) - hooks.day.now
    assert dt.timedelta(hours=23, minutes=59) < left <= dt.timedelta(hours=24)
    both = await sent_now(hooks, "turns")
    assert len(both.headers["webhook-signature"].split()) == 2
    assert verified_by(made["secret"], both)
    assert verified_by(turned["secret"], both)
    await hooks.wait(hours=25)
    await hooks.happen()
    await hooks.wait(seconds=2)
    assert len(hooks.sent("turns")[-1].headers["webhook-signature"].split()) == 1
    assert (await hooks.ask("GET", path))["former_keys"] == []
    last = await hooks.ask("POST", f"{path}/rotate-secret", {"overlap_hours": 0})
    assert last["former_keys"] == []
    after = await sent_now(hooks, "turns")
    assert verified_by(last["secret"], after)
    assert not verified_by(turned["secret"], after), "its owner said that others know it"


async def test_a_key_pair_signs_and_only_its_public_half_is_shown(hooks: Hooks, postgres: Settings) -> None:
    made = await hooks.endpoint("pair", signing="ed25519")
    path = f"{PATH}/{made['endpoint_id']}"
    assert made["secret"] is None
    assert made["public_key"].startswith("whpk_")
    sent = await sent_now(hooks, "pair")
    assert sent.headers["webhook-signature"].startswith("v1a,")
    assert verified_with(made["public_key"], sent)
    (row,) = await hooks.rows("select secret_encrypted from webhook_endpoints where org_id = $1")
    private = open_key_ring(postgres).open("secrets", row["secret_encrypted"]).decode()
    assert private.startswith("whsk_")
    assert private not in json.dumps([await hooks.ask("GET", path), made])
    turned = await hooks.ask("POST", f"{path}/rotate-secret", {"signing": "hmac"})
    assert (turned["public_key"], turned["former_keys"][0]["public_key"]) == (None, made["public_key"])
    both = await sent_now(hooks, "pair")
    assert verified_by(turned["secret"], both)
    assert verified_with(made["public_key"], both)


async def test_former_secrets_are_bounded(hooks: Hooks) -> None:
    made = await hooks.endpoint("often")
    for _ in range(4):
        await hooks.ask("POST", f"{PATH}/{made['endpoint_id']}/rotate-secret", {})
    refused = await hooks.ask("POST", f"{PATH}/{made['endpoint_id']}/rotate-secret", {}, 409)
    assert refused["code"] == "limit-reached"
    sent = await sent_now(hooks, "often")
    assert len(sent.headers["webhook-signature"].split()) == 5


async def test_an_endpoint_is_changed_field_by_field(hooks: Hooks) -> None:
    made = await hooks.endpoint("first", "project.*", description="Ours")
    path = f"{PATH}/{made['endpoint_id']}"
    changes: list[dict[str, Any]] = [
        {"url": "https://second.example/hook"},
        {"events": ["export.*"]},
        {"description": ""},
    ]
    for change in changes:
        shown = await hooks.ask("PATCH", path, change)
        assert {name: shown[name] for name in change} == change
    assert await hooks.ask("PATCH", path, {}) == await hooks.ask("GET", path)
    await hooks.happen(events.ExportFailed)
    await hooks.happen(events.ProjectCompleted)
    await hooks.wait(seconds=2)
    assert hooks.sent("first") == []
    assert [one.type for one in hooks.sent("second")] == ["export.failed"]
    await hooks.ask("PATCH", f"{PATH}/{hooks.org_id}", {}, 404)


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/hook", "https://127.0.0.1/", "https://[::1]/", "https://intranet/hook",
        "https://metadata.example/latest", "https://a.example:8443/", "https://user:pass@a.example/", "file:///etc/passwd",
        "https://0x7f.1/", "https://2130706433/", "https://[::ffff:10.0.0.1]/",
    ],
)  # fmt: skip
async def test_a_url_is_checked_at_a_change_as_at_the_beginning(hooks: Hooks, url: str) -> None:
    made = await hooks.endpoint("good")
    refusals = [
        await hooks.ask("POST", PATH, {"url": url, "events": ["*"]}, 422),
        await hooks.ask("PATCH", f"{PATH}/{made['endpoint_id']}", {"url": url}, 422),
    ]
    assert {one["code"] for one in refusals} == {"url-refused"}
    assert (await hooks.ask("GET", f"{PATH}/{made['endpoint_id']}"))["url"] == made["url"]


@pytest.mark.parametrize("wrong", [["export"], ["exports.*"], ["webhook.test"], ["*.*"], [], ["*"] * 21])
async def test_a_filter_names_types_that_there_are(hooks: Hooks, wrong: list[str]) -> None:
    await hooks.ask("POST", PATH, {"url": "https://a.example/", "events": wrong}, 422)


async def test_the_schemas_of_the_catalogue_fit_what_is_sent(hooks: Hooks) -> None:
    catalogue = await hooks.ask("GET", "/v1/webhooks/event-types")
    assert sorted(one["type"] for one in catalogue["items"]) == sorted(MESSAGE_TYPES)
    assert catalogue["filters"] == list(FILTERS)
    schemas = {one["type"]: Draft202012Validator(one["schema"]) for one in catalogue["items"]}
    for one in catalogue["items"]:
        assert one["description"].endswith(".")
        assert list(schemas[one["type"]].iter_errors(one["example"])) == []
    made = await hooks.endpoint("reads")
    for kind in (events.ProjectCompleted, events.ProjectFailed, events.ExportFailed, events.ExportCancelled):
        await hooks.happen(kind)
    await hooks.ask("POST", f"{PATH}/{made['endpoint_id']}/test", status=202)
    await hooks.wait(seconds=2)
    assert len(hooks.sent("reads")) == 5
    for sent in hooks.sent("reads"):
        assert list(schemas[sent.type].iter_errors(json.loads(sent.body))) == [], sent.type


async def read_on(hooks: Hooks, after: int, **query: Any) -> tuple[list[str], int]:
    page = await hooks.ask("GET", "/v1/webhooks/messages", after=after, **query)
    return [one["event_id"] for one in page["items"]], page["next_after"]


async def test_messages_are_followed_without_an_endpoint_and_none_is_lost(hooks: Hooks) -> None:
    first = str(await hooks.happen())
    start = await hooks.ask("GET", "/v1/webhooks/messages")
    assert start["items"] == [], "from now on"
    assert await read_on(hooks, 0) == ([first], start["next_after"])
    happened = [str(await hooks.happen(kind)) for kind in (events.ExportFailed, events.ProjectCompleted) * 3]
    seen, after = [], start["next_after"]
    while len(seen) < len(happened):  # each request is a new connection
        ids, after = await read_on(hooks, after, limit=2)
        seen += ids
    assert seen == happened
    assert await read_on(hooks, after) == ([], after)
    chosen, end = await read_on(hooks, 0, events="export.*")
    assert (chosen, end) == (happened[::2], after), "what the filter leaves out is not read again"
    (one,) = (await hooks.ask("GET", "/v1/webhooks/messages", after=0, limit=1))["items"]
    made = await hooks.endpoint("same")
    since = {"since": (hooks.day.now - dt.timedelta(hours=1)).isoformat()}
    await hooks.ask("POST", f"{PATH}/{made['endpoint_id']}/recover", since, 202)
    await hooks.wait(seconds=5)
    assert one["body"].encode() == hooks.sent("same")[0].body, "as it would be sent"


async def test_a_follower_waits_for_the_next_message(hooks: Hooks) -> None:
    page = await hooks.ask("GET", "/v1/webhooks/messages")
    waiting = asyncio.create_task(read_on(hooks, page["next_after"], wait_s=10))
    await asyncio.sleep(0.2)  # it waits by now, or will not wait at all
    event_id = str(await hooks.happen())
    assert (await waiting)[0] == [event_id]
    bobs = await hooks.world.bob.client.get("/v1/webhooks/messages", params={"after": 0})
    assert bobs.json()["items"] == []


class LocalReceiver:
    """A receiver of this machine over a real socket."""

    def __init__(self) -> None:
        self.got: list[str] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower().splitlines()
        fields = dict(line.split(": ", 1) for line in head[1:] if line)
        self.got.append(told_id(await reader.readexactly(int(fields["content-length"]))))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()


@asynccontextmanager
async def served(app: Any, port: int) -> AsyncIterator[None]:
    """The API on a real port, for as long as the block lasts."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, lifespan="off", log_config=None, timeout_graceful_shutdown=1)
    )
    serving = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await serving


async def test_listen_forwards_each_message_once_over_an_outage(hooks: Hooks) -> None:
    """The command line as it is, on the real API and a real receiver; the API goes away in between."""
    receiver = LocalReceiver()
    local = await asyncio.start_server(receiver.answer, "127.0.0.1", 0)
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{local.sockets[0].getsockname()[1]}/hook"
    words = ["listen", "--forward-to", url, "--after", "0", "--count", "4", "--json"]
    words += ["--api", f"http://127.0.0.1:{port}", "--key", hooks.world.ann.key]
    happened = [str(await hooks.happen()) for _ in range(2)]
    async with served(hooks.world.app, port):
        command = [sys.executable, "-m", "cli", *words]
        listening = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)

        async def is_forwarded() -> bool:
            return len(receiver.got) >= len(happened)

        await await_while_moving(is_forwarded, "both messages", progress=lambda: len(receiver.got))
    happened += [str(await hooks.happen()) for _ in range(2)]
    assert len(receiver.got) == 2, "the API is away"
    async with served(hooks.world.app, port):
        out, _ = await asyncio.wait_for(listening.communicate(), HANG_S)
    local.close()
    assert receiver.got == happened
    assert json.loads(out) == {"taken": 4, "failed": 0, "next_after": 4}
