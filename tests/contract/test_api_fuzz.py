"""Whatever a caller sends, the API answers with its own problems: seeded nonsense against every operation."""

from __future__ import annotations

import json
import random
from typing import Any
from uuid import uuid4

import httpx2

from api.app import OPERATIONS
from api.registry import Operation, path_parameters
from streams.settings import Settings
from tests.api.twins import AnalyticsTwin
from tests.contract.api_world import open_world

ROUNDS = 40
TEXTS = (
    "", "a", "\0", "é" * 300, "x" * 5000, "../..", "%00", "'; drop table projects; --", "𝕏\u202e", "null", "9:16", "en",
    "https://a.example/v.mp4", "http://[::1]/", "http://169.254.169.254/", "file:///etc/passwd", "https://a.example:99999/",
    "2026-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59Z", str(uuid4()), "1", "-1", "1e400",
    "NaN",
)  # fmt: skip
NUMBERS = (0, 1, -1, 3.5, 2**31, 2**53, 2**63 - 1, -(2**63), 2**64, 1e308)


def value(rng: random.Random, depth: int = 0) -> Any:
    kind = rng.randrange(8 if depth < 3 else 5)
    if kind < 2:
        return rng.choice(TEXTS)
    if kind < 4:
        return rng.choice(NUMBERS)
    if kind == 4:
        return rng.choice([None, True, False])
    if kind == 5:
        return [value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {rng.choice(["title", "options", "parts", "url", "q"]): value(rng, depth + 1) for _ in range(3)}


def body(rng: random.Random, operation: Operation) -> bytes:
    if operation.request is None or rng.random() < 0.1:
        return rng.choice([b"", b"{", b"[]", b"\xff\xfe", b'{"title":"\\ud800"}', b"null", b"[" * 2000])
    names = operation.request.__struct_fields__
    fields = {name: value(rng) for name in names if rng.random() < 0.7}
    if operation.name == "createProject" and rng.random() < 0.5:
        fields = {"source_url": "https://a.example/v.mp4", "options": {"max_clips": rng.choice(NUMBERS)}}
    return json.dumps(fields).encode()


async def send(rng: random.Random, client: httpx2.AsyncClient, operation: Operation) -> httpx2.Response:
    ids = {name: rng.choice([str(uuid4()), "x", "%00", "%2e%2e"]) for name in path_parameters(operation.path)}
    query = {}
    if operation.query is not None:
        query = {name: rng.choice(TEXTS) for name in operation.query.__struct_fields__ if rng.random() < 0.6}
    headers = {"Content-Type": "application/json"}
    if rng.random() < 0.2:
        headers["Idempotency-Key"] = rng.choice(["k", "k" * 255, "k" * 256, "a b"])
    if rng.random() < 0.2:
        headers["Host"] = rng.choice(["[", "a b", "evil.example"])
    if rng.random() < 0.2:
        headers["Last-Event-ID"] = rng.choice(["1", "x", "9" * 40])
    content = body(rng, operation) if operation.method == "POST" else None
    return await client.request(
        operation.method, operation.path.format(**ids), params=query, content=content, headers=headers
    )


async def test_nonsense_never_becomes_a_server_error(postgres: Settings) -> None:
    rng = random.Random(20261121)
    counts: dict[int, int] = {}
    summary = dict.fromkeys(("projects_started", "clips"), 0)
    async with open_world(postgres, analytics=AnalyticsTwin([summary])) as world:
        for operation in OPERATIONS:
            if operation.tag == "analytics":
                continue
            for _ in range(ROUNDS):
                answer = await send(rng, world.ann.client, operation)
                counts[answer.status_code] = counts.get(answer.status_code, 0) + 1
                assert answer.status_code < 500, (
                    operation.name,
                    answer.request.content,
                    answer.request.url,
                    answer.text,
                )
                if answer.status_code >= 400:
                    assert answer.headers["content-type"] == "application/problem+json", operation.name
                    assert answer.json()["status"] == answer.status_code
    assert {404, 422} <= set(counts)


async def test_odd_paths_are_not_found(postgres: Settings) -> None:
    async with open_world(postgres) as world:
        for path in (
            "/web/%00",
            "/web/../app.py",
            "/web/%2e%2e/app.py",
            "/v1/projects/",
            "/web",
            "/problems/%00",
        ):
            answer = await world.ann.client.get(path)
            assert answer.status_code == 404, path
            assert answer.json()["code"] == "not-found"
