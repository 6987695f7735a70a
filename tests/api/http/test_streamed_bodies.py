"""Bodies that are read piece by piece: no limit of size, a deadline from the last piece on, and the same idle time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from api.http.middleware import BodyGuard, Deadline, streaming_matcher
from api.problems.problem_details import ApiProblem, respond

SECONDS = 0.4


async def take(request: Request) -> Response:
    count = 0
    try:
        async for piece in request.stream():
            count += len(piece)
        if b"late" in request.scope["query_string"]:
            await asyncio.sleep(10 * SECONDS)
    except ApiProblem as problem:
        return respond(problem)
    return PlainTextResponse(str(count))


@pytest.fixture
def client() -> httpx2.AsyncClient:
    is_streamed = streaming_matcher([("PATCH", "/files/{id}")])
    app = Starlette(
        routes=[Route("/files/{id}", take, methods=["PATCH", "POST"])],
        middleware=[
            Middleware(Deadline, seconds=SECONDS, is_streamed=is_streamed),
            Middleware(BodyGuard, max_bytes=100, idle_s=SECONDS, is_streamed=is_streamed),
        ],
    )
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://api")


async def pieces(count: int, pause_s: float) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * 90
        await asyncio.sleep(pause_s)


def code(answer: httpx2.Response) -> Any:
    return answer.json()["code"]


async def test_a_streamed_body_may_be_large_and_take_long(client: httpx2.AsyncClient) -> None:
    answer = await client.patch("/files/a", content=pieces(8, SECONDS / 4))
    assert (answer.status_code, answer.text) == (200, "720"), "it took two deadlines"
    assert (await client.patch("/files/a", content=b"x" * 101)).text == "101"
    assert code(await client.post("/files/a", content=b"x" * 101)) == "body-too-large", (
        "another method is another route"
    )
    assert code(await client.post("/files/a", content=pieces(2, 0))) == "body-too-large"


async def test_a_streamed_body_that_stops_is_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.patch("/files/a", content=pieces(2, 3 * SECONDS))
    assert (answer.status_code, code(answer)) in ((408, "slow-body"), (504, "timeout"))


async def test_after_the_last_piece_the_deadline_counts(client: httpx2.AsyncClient) -> None:
    answer = await client.patch("/files/a?late", content=pieces(3, SECONDS / 4))
    assert (answer.status_code, code(answer)) == (504, "timeout")
