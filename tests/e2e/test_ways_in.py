"""The other ways in: a URL, a producer on Kafka, a large upload in parts; and the way out: erasure."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import hmac
import json
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from tests.e2e.invariants import open_store, own_rows
from tests.e2e.rig import Api, Receiver, serve_files
from tests.support.kafka_login import access_of
from tests.support.media.shared_media import media
from tests.support.progress import HANG_S, Patience, wait_while_moving

FORGOTTEN = ("spans", "transcripts", "moments", "clips", "exports", "deliveries", "attempts")
SHORT = "talking/hamilton_whitehouse_10s_360p.mp4"


def test_a_url_is_clipped_and_its_webhook_retried(api: Api, receiver: Receiver) -> None:
    path = media("talking/auto-editor_example_42s_720p.mp4")
    receiver.refuse = 2
    with serve_files(path.parent, api.stack.files_port) as base:
        body = {"source_url": f"{base}/{path.name}", "title": "by URL", "options": {"max_clips": 1}}
        project_id = api.post("/v1/projects", body, expect=202)["project_id"]
        project = api.wait(project_id)
    assert project["state"] == "completed", project
    assert project["duration_ms"] == pytest.approx(42_450, abs=200)
    receiver.wait_for(project_id, "project.completed")
    assert receiver.refuse == 0, "the first tries were refused, those after the pause were not"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:22/x",
        "http://169.254.169.254/latest",
        "http://[::1]:80/",
        "file:///etc/passwd",
        "http://0x7f.1/",
    ],
)
def test_a_url_that_is_not_public_is_refused_at_the_request(api: Api, url: str) -> None:
    problem = api.post("/v1/projects", {"source_url": url}, expect=422)
    assert problem["type"].startswith("/problems/")
    assert problem["detail"]


def test_a_producer_on_kafka_makes_a_project(api: Api) -> None:
    upload = api.post("/v1/uploads/sign", {"filename": "a.mp4", "size_bytes": media(SHORT).stat().st_size})
    api_upload = api.upload(media(SHORT))
    key = api.get(f"/v1/uploads/{api_upload}")["object_key"]
    assert upload["object_key"] != key
    project_id = str(uuid.uuid4())
    asyncio.run(_publish(api, project_id, key))
    _until_known(api, project_id)
    assert api.get(f"/v1/uploads/{api_upload}")["state"] == "complete"
    project = api.wait(project_id)
    assert project["state"] == "completed"
    assert project["title"] == "from Kafka"
    assert not {"waiting", "running"} & {stage["state"] for stage in project["stages"]}


@pytest.mark.parametrize("fault", ["unsigned", "wrong_secret", "foreign_prefix", "foreign_org"])
def test_a_forged_upload_is_reported_and_gets_no_project(api: Api, fault: str) -> None:
    project_id = str(uuid.uuid4())
    key = f"{uuid.uuid4()}/uploads/x/v.mp4" if fault == "foreign_prefix" else f"{api.stack.org_id}/uploads/x/v.mp4"
    before = _letters(api)
    asyncio.run(_publish(api, project_id, key, fault))
    wait_while_moving(lambda: len(_letters(api)) > len(before), "a dead letter", every_s=0.3)
    letter = next(letter for letter in _letters(api) if letter not in before)
    assert letter["topic"] == "uploads.v1"
    assert letter["reason"].split(".")[0] in ("producer", "upload")
    assert api.http.get(f"/v1/projects/{project_id}").status_code == 404
    told = asyncio.run(_refused(api, project_id))
    assert (told["reason"], told["offset"], told["partition"]) == (
        letter["reason"],
        letter["offset"],
        letter["partition"],
    )
    listed = next(item for item in api.get("/v1/uploads/refused")["items"] if item["project_id"] == project_id)
    assert (listed["reason"], listed["refusal_id"]) == (letter["reason"], told["refusal_id"])
    assert listed["signed"] == told["signed"] == (fault == "foreign_prefix")


def _letters(api: Api) -> list[dict[str, Any]]:
    return list(api.get("/v1/admin/dead-letters", params={"limit": 100})["items"])


def _until_known(api: Api, project_id: str) -> None:
    path = f"/v1/projects/{project_id}"
    wait_while_moving(lambda: api.http.get(path).status_code != 404, "the producer's project", every_s=0.2)


async def _refused(api: Api, project_id: str) -> dict[str, Any]:
    """The refusal of a message with this key, as an operator reads it."""
    consumer = AIOKafkaConsumer(
        "uploads.refused.v1", **access_of(api.stack, "setup").client_options(), auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        async with asyncio.timeout(HANG_S):
            async for record in consumer:
                body: dict[str, Any] = json.loads(record.value)
                if body["message_key"] == project_id:
                    return body
    finally:
        await consumer.stop()
    raise AssertionError("unreachable")


async def _publish(api: Api, project_id: str, key: str, fault: str = "") -> None:
    """Follow docs/producers.md as a producer would, using only the documented recipe."""
    org_id = str(uuid.uuid4()) if fault == "foreign_org" else api.stack.org_id
    event_id, now = str(uuid.uuid4()), dt.datetime.now(dt.UTC).isoformat()
    body = json.dumps({"org_id": org_id, "project_id": project_id, "object_key": key, "title": "from Kafka"}).encode()
    signed = f"{api.stack.producer_key_id}.{org_id}.{now}.{event_id}.".encode() + body
    secret = "wrong" if fault == "wrong_secret" else api.stack.producer_secret
    headers = {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": event_id,
        "ce_source": "/tests",
        "ce_type": "clipstream.UploadReceived",
        "ce_time": now,
        "clipstream-key": api.stack.producer_key_id,
        "clipstream-org": org_id,
        "clipstream-time": now,
        "clipstream-signature": hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest(),
    }
    if fault == "unsigned":
        del headers["clipstream-signature"]
    producer = AIOKafkaProducer(**access_of(api.stack, "producer").client_options(), acks="all")
    await producer.start()
    try:
        raw = [(name, value.encode()) for name, value in headers.items()]
        await producer.send_and_wait("uploads.v1", body, key=project_id.encode(), headers=raw)
    finally:
        await producer.stop()


def test_an_upload_in_parts_arrives_complete(api: Api, tmp_path: Path) -> None:
    body = media("shots/bbb_trailer_55s_720p.mp4").read_bytes()
    path = tmp_path / "trailer.mp4"
    path.write_bytes(body)
    signed = api.post("/v1/uploads/sign", {"filename": path.name, "size_bytes": len(body), "parts": 2})
    assert signed["method"] == "multipart"
    api._parts(signed, body)
    assert api.get(f"/v1/uploads/{signed['upload_id']}")["state"] == "complete"
    aborted = api.post("/v1/uploads/sign", {"filename": path.name, "size_bytes": len(body), "parts": 2})
    api.call("DELETE", f"/v1/uploads/{aborted['upload_id']}")
    api.post("/v1/projects", {"upload_id": aborted["upload_id"]}, expect=409)


def test_the_same_idempotency_key_makes_one_project(api: Api) -> None:
    upload_id = api.upload(media(SHORT))
    key = {"Idempotency-Key": str(uuid.uuid4())}
    body = {"upload_id": upload_id, "options": {"max_clips": 1}}
    first = api.post("/v1/projects", body, headers=key)
    assert api.post("/v1/projects", body, headers=key) == first
    api.post("/v1/projects", {**body, "title": "another"}, headers=key, expect=422)
    api.wait(first["project_id"])


def test_erasing_a_running_project_leaves_nothing(api: Api, receiver: Receiver) -> None:
    project_id = api.start(media("talking/auto-editor_example_42s_720p.mp4"))
    time.sleep(3)
    api.call("DELETE", f"/v1/projects/{project_id}", expect=202)
    assert api.http.get(f"/v1/projects/{project_id}").status_code in (404, 410)
    asked = {"q": "banana", "project_id": project_id}
    wait_while_moving(lambda: not api.get("/v1/search", params=asked)["segments"], "the words' removal", every_s=0.5)
    asyncio.run(_nothing_left(api, project_id))
    assert not receiver.of(project_id, "project.completed")


async def _nothing_left(api: Api, project_id: str) -> None:
    """Wait until rows but the tombstone, and objects, are gone; each removal is progress."""
    owner = await own_rows(api.stack)
    store, bucket = open_store(api.stack)
    prefix = f"{api.stack.org_id}/{project_id}/"
    patience = Patience(f"the erasure of {project_id}")
    while True:
        left = [
            await owner.fetchval(f"select count(*) from {table} where project_id = $1", project_id)
            for table in FORGOTTEN
        ]
        objects = store.list_objects_v2(Bucket=bucket, Prefix=prefix)
        if not any(left) and not objects.get("KeyCount"):
            break
        patience.check((dict(zip(FORGOTTEN, left, strict=True)), objects.get("KeyCount")))
        await asyncio.sleep(0.5)
    row = await owner.fetchrow("select state, title, object_key from projects where project_id = $1", project_id)
    assert tuple(row) == ("erased", "", None)
    await owner.close()
