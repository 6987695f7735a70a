"""Readiness probes: a message goes round, a query answers. An open port alone proves nothing.

Clients are imported where they are used: `clipstream status` and `down` need none of them.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import secrets
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from core.infra.kafka.access import KafkaAccess

TIMEOUT_S = 5.0
KAFKA_TOPIC = "stack.probe"
BUCKET = "stack-probe"
_RETENTION_MS = "3600000"


class NotReadyError(RuntimeError):
    """The server answered, and not as a ready one does."""


def knock(port: int, host: str = "127.0.0.1") -> None:
    """Does anybody listen? Cheap: asked before the real question."""
    socket.create_connection((host, port), timeout=TIMEOUT_S).close()


def http_get(url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> bytes:
    """Body of a 2xx answer to GET (POST with a body); raises NotReadyError on any other status."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request("POST" if body is not None else "GET", target, body, dict(headers or {}))
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status >= 300:
        raise NotReadyError(f"{parts.path} answers {answer.status}: {content[:120].decode(errors='replace')}")
    return content


def kafka_round_trip(access: KafkaAccess) -> None:
    """Send one message and read it back."""
    asyncio.run(asyncio.wait_for(_kafka_round_trip(access), 15))


async def _kafka_round_trip(access: KafkaAccess) -> None:
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition  # noqa: PLC0415

    await _ensure_probe_topic(access)
    body = secrets.token_bytes(16)
    producer = AIOKafkaProducer(**access.client_options(), acks="all")
    await producer.start()
    try:
        record = await producer.send_and_wait(KAFKA_TOPIC, body, partition=0)
    finally:
        await producer.stop()
    consumer = AIOKafkaConsumer(**access.client_options(), enable_auto_commit=False)
    await consumer.start()
    try:
        partition = TopicPartition(KAFKA_TOPIC, 0)
        consumer.assign([partition])
        consumer.seek(partition, record.offset)
        if (await consumer.getone()).value != body:
            raise NotReadyError("Kafka gave back another message than the one sent")
    finally:
        await consumer.stop()


async def _ensure_probe_topic(access: KafkaAccess) -> None:
    from aiokafka.admin import AIOKafkaAdminClient, NewTopic  # noqa: PLC0415

    admin = AIOKafkaAdminClient(**access.client_options())
    await admin.start()
    try:
        if KAFKA_TOPIC not in await admin.list_topics():
            settings = {"retention.ms": _RETENTION_MS}
            await admin.create_topics([NewTopic(KAFKA_TOPIC, 1, 1, topic_configs=settings)])
    finally:
        await admin.close()


def postgres_query(dsn: str) -> None:
    """Ask Postgres for one."""

    import asyncpg  # noqa: PLC0415

    async def ask() -> None:
        connection = await asyncpg.connect(dsn, timeout=TIMEOUT_S)
        try:
            await connection.fetchval("select 1")
        finally:
            await connection.close()

    asyncio.run(ask())


def objects_round_trip(endpoint: str, access_key: str, secret_key: str) -> None:
    """Put an object, get it back, delete it."""
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    config = Config(
        s3={"addressing_style": "path"}, retries={"max_attempts": 1}, connect_timeout=TIMEOUT_S, read_timeout=TIMEOUT_S
    )
    client: Any = boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", config=config,
        aws_access_key_id=access_key, aws_secret_access_key=secret_key,
    )  # fmt: skip
    if BUCKET not in {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}:
        client.create_bucket(Bucket=BUCKET)
    key, body = secrets.token_hex(8), secrets.token_bytes(64)
    client.put_object(Bucket=BUCKET, Key=key, Body=body)
    if client.get_object(Bucket=BUCKET, Key=key)["Body"].read() != body:
        raise NotReadyError("the object store gave back other bytes than were put")
    client.delete_object(Bucket=BUCKET, Key=key)


def clickhouse_query(url: str) -> None:
    """Ask ClickHouse for one; ``url`` carries user and password."""
    if clickhouse_execute(url, "SELECT 1 FORMAT TabSeparated").strip() != b"1":
        raise NotReadyError("ClickHouse does not know what one is")


def clickhouse_execute(url: str, statement: str) -> bytes:
    """Run a statement of ours, in no database in particular; gives the answer's body."""
    parts = urlsplit(url)
    headers = {"X-ClickHouse-User": parts.username or "default", "X-ClickHouse-Key": parts.password or ""}
    return http_get(f"http://{parts.hostname}:{parts.port}/", headers=headers, body=statement.encode())


def search_query(endpoint: str, key: str) -> None:
    """Search: healthy, and a query over no index at all is answered."""
    http_get(f"{endpoint}/health")
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    answer = json.loads(http_get(f"{endpoint}/multi-search", headers=headers, body=b'{"queries": []}'))
    if answer.get("results") != []:
        raise NotReadyError("search does not answer a query")


def http_ready(url: str) -> None:
    """A ``/readyz`` that says yes."""
    http_get(url)
