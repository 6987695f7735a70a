"""Data of an organisation on a real Postgres: secrets, keys, weights, dead letters."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from core.infra.key_ring import open_key_ring
from core.infra.postgres.connection import org_transaction
from core.settings import Settings
from schemas import codec
from schemas.events import DeliveryDue
from tests.contract.rigs.api_world import World, new_letter, new_project, open_world, outbox
from tests.support.progress import await_while_moving


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


async def test_a_webhook_secret_is_shown_once_and_sealed(world: World, postgres: Settings) -> None:
    wanted = {"url": "https://hook.example/in", "events": ["project.completed", "export.completed"]}
    headers = {"Idempotency-Key": "hook-1"}
    made = await world.ann.client.post("/v1/webhooks/endpoints", json=wanted, headers=headers)
    assert made.status_code == 201
    secret = made.json()["secret"]
    assert secret.startswith("whsec_")
    again = await world.ann.client.post("/v1/webhooks/endpoints", json=wanted, headers=headers)
    assert again.json()["secret"] == secret
    async with org_transaction(world.api, world.ann.org_id) as rows:
        sealed = await rows.fetchval("select secret_encrypted from webhook_endpoints")
        kept = await rows.fetchval("select body from idempotency_keys where key like '% hook-1'")
    assert open_key_ring(postgres).open("secrets", sealed).decode() == secret
    assert secret.encode() not in kept
    assert "secret" not in (await world.ann.client.get(made.headers["location"])).json()
    assert (await world.ann.client.delete(made.headers["location"])).status_code == 204
    assert (await world.ann.client.get(made.headers["location"])).status_code == 404


async def test_dead_letters_are_listed_shown_and_replayed(world: World) -> None:
    mine = await new_letter(world, world.ann)
    theirs = await new_letter(world, world.bob)
    nobodys = await new_letter(world, None)
    listed = {
        item["dead_id"] for item in (await world.ann.client.get("/v1/admin/dead-letters?limit=100")).json()["items"]
    }
    assert {str(mine), str(nobodys)} <= listed
    assert str(theirs) not in listed
    bobs = (await world.bob.client.get("/v1/admin/dead-letters?limit=100")).json()["items"]
    assert [item["dead_id"] for item in bobs] == [str(theirs)], "what anybody sent is the operator's to see"
    for method, path in (("GET", ""), ("POST", "/replay")):
        hidden = await world.bob.client.request(method, f"/v1/admin/dead-letters/{nobodys}{path}")
        assert hidden.status_code == 404
    shown = (await world.ann.client.get(f"/v1/admin/dead-letters/{mine}")).json()
    assert shown["payload_base64"] == "AGJ5dGVz"
    for dead_id in (mine, nobodys):
        replayed = await world.ann.client.post(f"/v1/admin/dead-letters/{dead_id}/replay")
        assert replayed.status_code == 202, replayed.text
    rows = await outbox(world, world.ann)
    assert [(row["topic"], row["payload"]) for row in rows] == [("spans.v1", b"\x00bytes")]
    for reason in ("producer.unsigned", "undecodable"):  # whoever sends one again must not vouch for who sent it first
        forged = await new_letter(world, None, reason=reason, topic="uploads.v1")
        refused = await world.ann.client.post(f"/v1/admin/dead-letters/{forged}/replay")
        assert (refused.status_code, refused.json()["code"]) == (409, "not-replayable")
    gone = await new_letter(world, world.ann)
    async with org_transaction(world.worker, world.ann.org_id) as connection:
        await connection.execute("update dead_letters set payload = '' where dead_id = $1", gone)
    refused = await world.ann.client.post(f"/v1/admin/dead-letters/{gone}/replay")
    assert (refused.status_code, refused.json()["code"]) == (409, "not-replayable")


async def test_a_replayed_letter_frees_its_attempt(world: World) -> None:
    project_id = await new_project(world.ann)
    dead_id = await new_letter(world, world.ann)
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        letter = await rows.fetchrow("select * from dead_letters where dead_id = $1", dead_id)
        await rows.execute(
            """insert into attempts
                 (org_id, input_id, stage, project_id, state, fence, tries, waiting_since, topic, key, partition,
                  headers, payload)
               values ($1, $2, 'look', $3, 'gave_up', 4, 5, now() - interval '7 hours', 'spans.v1', 'k', 1, $4, $5)""",
            world.ann.org_id,
            uuid4(),
            project_id,
            letter["headers"],
            letter["payload"],
        )
    for _ in range(2):
        assert (await world.ann.client.post(f"/v1/admin/dead-letters/{dead_id}/replay")).status_code == 202
    async with org_transaction(world.api, world.ann.org_id) as rows:
        attempt = await rows.fetchrow("select * from attempts")
        sent = await rows.fetch("select * from outbox where topic = 'spans.v1'")
    assert (attempt["state"], attempt["tries"], attempt["waiting_since"]) == ("free", 0, None)
    assert [(row["for_stage"], row["emission"]) for row in sent] == [("look", 4)]


async def test_a_replayed_delivery_may_be_sent_again(world: World) -> None:
    """The stage skips a delivery that has ended, so a replay makes it pending and lets its endpoint be probed."""
    project_id, endpoint_id, delivery_id = await new_project(world.ann), uuid4(), uuid4()
    due = DeliveryDue(org_id=world.ann.org_id, project_id=UUID(str(project_id)), delivery_id=delivery_id, attempt=3)
    dead_id = await new_letter(world, world.ann, reason="retries.exhausted", topic="deliveries.v1")
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        await rows.execute("update dead_letters set payload = $2 where dead_id = $1", dead_id, codec.encode(due))
    async with org_transaction(world.api, world.ann.org_id) as rows:
        await rows.execute(
            "insert into webhook_endpoints (org_id, endpoint_id, url, events, secret_encrypted, paused_until) "
            "values ($1, $2, 'https://a.org/', '{project.completed}', '', now() + interval '1 hour')",
            world.ann.org_id,
            endpoint_id,
        )
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        await rows.execute(
            "insert into deliveries "
            "(org_id, delivery_id, endpoint_id, project_id, event_id, event_type, payload, state) "
            "values ($1, $2, $3, $4, $5, 'project.completed', '', 'failed')",
            *(world.ann.org_id, delivery_id, endpoint_id, project_id, uuid4()),
        )
    assert (await world.ann.client.post(f"/v1/admin/dead-letters/{dead_id}/replay")).status_code == 202
    async with org_transaction(world.api, world.ann.org_id) as rows:
        assert await rows.fetchval("select state from deliveries") == "pending"
    endpoint = (await world.ann.client.get(f"/v1/webhooks/endpoints/{endpoint_id}")).json()
    assert (endpoint["failing_since"], endpoint["paused_until"]) == (None, None)


async def test_a_revoked_key_stops_working(world: World) -> None:
    assert (await world.ann.client.get("/v1/me")).json()["org_name"] == "Ann"
    await world.owner.execute("update api_keys set revoked_at = now() where org_id = $1", world.ann.org_id)

    async def is_refused() -> bool:
        return (await world.ann.client.get("/v1/me")).status_code == 401

    await await_while_moving(is_refused, "a refusal, once the key is forgotten")
    assert (await world.bob.client.get("/v1/me")).status_code == 200


async def test_an_organisation_sets_its_own_weights_and_goes_back(world: World) -> None:
    first = (await world.ann.client.get("/v1/scoring/weights")).json()
    assert (first["own"], first["revision"]) == (False, 0)
    own = {"version": "ours-1", "genres": {"none": {"hook": 3, "novelty": 1}}, "quiet": {"energy": 1}}
    answer = await world.ann.client.post("/v1/admin/scoring/weights", json=own)
    assert answer.status_code == 200, answer.text
    now = (await world.ann.client.get("/v1/scoring/weights")).json()
    assert (now["own"], now["revision"], now["weights"]["version"]) == (True, 1, "ours-1")
    assert now["weights"]["genres"]["none"] == {"hook": 3.0, "novelty": 1.0}
    assert (await world.bob.client.get("/v1/scoring/weights")).json()["revision"] == 0
    back = (await world.ann.client.delete("/v1/admin/scoring/weights")).json()
    assert (back["own"], back["revision"], back["weights"]) == (False, 2, first["weights"])


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"genres": {"talk": {"hook": 1}}}, "/genres"),
        ({"genres": {"none": {"hook": 101}}}, "/genres/none/hook"),
        ({"quiet": {"energy": 0}}, "/quiet"),
        ({"version": ""}, "/version"),
    ],
)
async def test_invalid_weights_are_refused(world: World, change: dict[str, object], pointer: str) -> None:
    own = {"version": "v", "genres": {"none": {"hook": 1}}, "quiet": {"energy": 1}} | change
    answer = await world.ann.client.post("/v1/admin/scoring/weights", json=own)
    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
