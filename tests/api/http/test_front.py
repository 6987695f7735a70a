"""Dispatch and middleware: problems, authentication, limits, headers, deadlines, pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from api.problems.problem_types import CATALOGUE
from core.errors import Unavailable
from core.infra.secrets import mint_api_key
from tests.api.conftest import OpenClient
from tests.api.fakes import PEPPER, READER, PoolTwin, SearchTwin, make_settings


def is_problem(response: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, f"/problems/{code}")
    assert body["request_id"] == response.headers["x-request-id"]
    assert "Traceback" not in response.text
    return body


async def test_unknown_paths_methods_and_ids_are_problems(open_client: OpenClient) -> None:
    async with open_client() as client:
        is_problem(await client.get("/v1/nothing"), 404, "not-found")
        wrong = await client.patch("/v1/projects")
        is_problem(wrong, 405, "method-not-allowed")
        assert {"GET", "POST"} <= set(wrong.headers["allow"].replace(" ", "").split(","))
        for method, path in (("DELETE", "uploads/refused"), ("GET", "uploads/sign"), ("PATCH", "projects/estimate")):
            answer = await client.request(method, f"/v1/{path}")  # no upload and no project is called so
            is_problem(answer, 405, "method-not-allowed")
            assert method not in answer.headers["allow"]
        is_problem(await client.get("/v1/projects/not-a-uuid"), 404, "not-found")
        is_problem(await client.get(f"/v1/projects/{uuid4()}"), 404, "not-found")


async def test_a_request_without_a_valid_key_gets_no_answer(open_client: OpenClient) -> None:
    async with open_client() as client:
        unknown = mint_api_key(PEPPER).plain
        for header in ("", "Basic abc", "Bearer ", "Bearer clp_live_short", f"Bearer {unknown}"):
            response = await client.get("/v1/projects", headers={"Authorization": header})
            is_problem(response, 401, "unauthenticated")
            assert response.headers["www-authenticate"].startswith("Bearer")


async def test_guessing_keys_is_limited_by_address(open_client: OpenClient) -> None:
    async with open_client() as client:
        statuses = [(await client.get("/v1/me", headers={"Authorization": "Bearer x"})).status_code for _ in range(20)]
        assert statuses[:15] == [401] * 15
        assert statuses[15:] == [429] * 5
        assert (await client.get("/v1/me")).status_code == 200


async def test_a_key_may_do_only_what_its_scopes_say(open_client: OpenClient) -> None:
    async with open_client() as client:
        reader = {"Authorization": f"Bearer {READER.plain}"}
        assert (await client.get("/v1/projects", headers=reader)).status_code == 200
        is_problem(await client.post("/v1/projects", headers=reader, json={}), 403, "forbidden")
        is_problem(await client.get("/v1/admin/dead-letters", headers=reader), 403, "forbidden")


async def test_a_valid_key_is_cached_and_a_revoked_key_is_dropped(open_client: OpenClient) -> None:
    now = 0.0
    revoked = False
    pool = PoolTwin()
    known = pool.rows._script["from api_keys where hash"]
    pool.rows._script["from api_keys where hash"] = lambda hashed: None if revoked else known(hashed)  # type: ignore[index]

    def look_ups() -> int:
        return sum("from api_keys where hash" in sql for sql, _ in pool.rows.statements)

    async with open_client(pool=pool, monotonic=lambda: now) as client:
        assert [(await client.get("/v1/projects")).status_code for _ in range(3)] == [200] * 3
        assert look_ups() == 1
        revoked, now = True, 4.9
        assert (await client.get("/v1/projects")).status_code == 401


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"filename": 3, "size_bytes": 1}, "/filename"),
        ({"filename": "a.mp4", "size_bytes": 0}, "/size_bytes"),
        ({"filename": "a.mp4", "size_bytes": 1, "surprise": 1}, "/surprise"),
        ({"filename": "a\0.mp4", "size_bytes": 1}, "/filename"),
        ({"filename": "a.mp4", "size_bytes": 1, "content_type": "video"}, "/content_type"),
    ],
)
async def test_a_bad_field_is_pointed_at(open_client: OpenClient, body: dict[str, Any], pointer: str) -> None:
    async with open_client() as client:
        problem = is_problem(await client.post("/v1/uploads/sign", json=body), 422, "invalid")
        assert problem["errors"][0]["pointer"] == pointer


async def test_nested_fields_and_query_parameters_are_pointed_at(open_client: OpenClient) -> None:
    async with open_client() as client:
        wanted = {"source_url": "https://a.example/v.mp4", "options": {"max_clips": "many"}}
        problem = is_problem(await client.post("/v1/projects", json=wanted), 422, "invalid")
        assert problem["errors"][0]["pointer"] == "/options/max_clips"
        problem = is_problem(await client.get("/v1/projects?limit=0"), 422, "invalid")
        assert problem["errors"][0]["pointer"] == "?limit"
        is_problem(await client.get("/v1/projects?cursor=AAAA"), 400, "cursor-invalid")


async def test_a_repeated_query_parameter_is_refused(open_client: OpenClient) -> None:
    async with open_client() as client:
        problem = is_problem(await client.get("/v1/projects?limit=5&limit=7"), 422, "invalid")
        assert problem["errors"][0]["pointer"] == "?limit"


@pytest.mark.parametrize(
    ("content", "media_type", "status", "code"),
    [
        (b"{", "application/json", 400, "malformed-request"),
        (b'{"title":"\xff"}', "application/json", 400, "malformed-request"),
        (b"", "application/json", 400, "malformed-request"),
        (b"{}", "text/plain", 415, "unsupported-media-type"),
        (b"x" * 10_001, "application/json", 413, "body-too-large"),
    ],
)
async def test_unreadable_bodies_are_problems(
    open_client: OpenClient, content: bytes, media_type: str, status: int, code: str
) -> None:
    async with open_client() as client:
        response = await client.post("/v1/projects", content=content, headers={"Content-Type": media_type})
        is_problem(response, status, code)


async def test_a_body_that_is_nested_too_deeply_is_malformed(open_client: OpenClient) -> None:
    nested = b'{"operations":[{"x":' + b"[" * 4000 + b"]" * 4000 + b"}]}"
    async with open_client() as client:
        path, headers = f"/v1/clips/{uuid4()}/edit", {"Content-Type": "application/json"}
        is_problem(await client.patch(path, content=nested, headers=headers), 400, "malformed-request")


async def test_a_body_without_length_is_cut_off_at_the_limit(open_client: OpenClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 1000

    async with open_client() as client:
        response = await client.post("/v1/projects", content=endless(), headers={"Content-Type": "application/json"})
        is_problem(response, 413, "body-too-large")


async def test_a_key_beyond_its_rate_limit_gets_429_and_headers(open_client: OpenClient) -> None:
    async with open_client(settings=make_settings(rate_limit_per_minute=8)) as client:
        first = await client.get("/v1/projects")
        assert first.headers["ratelimit-policy"] == '"default";q=8;w=60'
        assert first.headers["ratelimit"].startswith('"default";r=1;t=')
        await client.get("/v1/projects")
        limited = await client.get("/v1/projects")
        is_problem(limited, 429, "rate-limited")
        assert int(limited.headers["retry-after"]) >= 1


async def test_an_unavailable_part_gives_503_and_a_bug_500_without_detail(open_client: OpenClient) -> None:
    class Away(SearchTwin):
        async def search(self, *_: Any) -> Any:
            raise Unavailable("search", "secret host name")

    class Broken(SearchTwin):
        async def search(self, *_: Any) -> Any:
            raise RuntimeError("secret detail")

    async with open_client(search=Away()) as client:
        response = await client.get("/v1/search?q=a")
        is_problem(response, 503, "unavailable")
        assert "retry-after" in response.headers
        assert "host name" not in response.text
    async with open_client(search=Broken()) as client:
        response = await client.get("/v1/search?q=a")
        is_problem(response, 500, "internal")
        assert "secret detail" not in response.text


async def test_a_request_that_takes_too_long_is_504(open_client: OpenClient) -> None:
    class Slow(SearchTwin):
        async def search(self, *_: Any) -> Any:
            await asyncio.sleep(5)

    async with open_client(search=Slow(), request_timeout_s=0.05) as client:
        is_problem(await client.get("/v1/search?q=a"), 504, "timeout")


async def test_every_answer_carries_guards_and_a_trace(open_client: OpenClient) -> None:
    async with open_client() as client:
        for path in ("/v1/projects", "/v1/nothing", "/docs", "/healthz"):
            headers = (await client.get(path, headers={"X-Request-Id": "caller-id-1"})).headers
            assert "default-src 'self'" in headers["content-security-policy"]
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-request-id"] == "caller-id-1"
        odd = await client.get("/healthz", headers={"X-Request-Id": "a b\tc<script>"})
        assert odd.headers["x-request-id"] != "a b\tc<script>"


async def test_the_docs_load_no_external_resource(open_client: OpenClient) -> None:
    async with open_client() as client:
        page = (await client.get("/docs")).text
        assert "http://" not in page
        assert "https://" not in page
        for path in ("/web/vendor/swagger-ui/swagger-ui-bundle.js", "/web/vendor/swagger-ui/swagger-ui.css"):
            assert path in page
            assert (await client.get(path)).status_code == 200
        document = (await client.get("/openapi.json")).json()
        assert document["openapi"] == "3.1.0"


async def test_every_problem_has_a_page(open_client: OpenClient) -> None:
    async with open_client() as client:
        index = (await client.get("/problems")).text
        for code, kind in CATALOGUE.items():
            assert f"/problems/{code}" in index
            page = await client.get(f"/problems/{code}")
            assert page.status_code == 200
            assert str(kind.status) in page.text
        is_problem(await client.get("/problems/none"), 404, "not-found")


async def test_readiness_names_the_part_that_is_down(open_client: OpenClient) -> None:
    async def fine() -> None:
        return None

    async def down() -> None:
        raise Unavailable("x", "y")

    async with open_client(probes={"postgres": fine, "search": down}) as client:
        degraded = await client.get("/readyz")
        assert (degraded.status_code, degraded.json()["status"], degraded.json()["down"]) == (
            200,
            "degraded",
            ["search"],
        )
    async with open_client(probes={"postgres": down, "search": fine}) as client:
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["down"]) == (503, ["postgres"])
        metrics = (await client.get("/metrics")).text
        assert 'clipstream_api_part_up{part="postgres"} 0.0' in metrics
        assert 'clipstream_api_requests_total{method="GET",route="/readyz",status="503"} 1.0' in metrics


async def test_no_log_line_holds_a_key_or_a_query(open_client: OpenClient, capsys: pytest.CaptureFixture[str]) -> None:
    async with open_client() as client:
        await client.get("/v1/search?q=verysecretwords")
        await client.post("/v1/projects", json={"title": "verysecretwords"})
    out = capsys.readouterr()
    assert "request" in out.out + out.err
    assert "verysecret" not in out.out + out.err
    assert "clp_live_" not in out.out + out.err
