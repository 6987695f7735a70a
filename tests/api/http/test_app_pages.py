"""The web app as the API serves it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from api.app_pages import content_policy, make_app_routes
from core.settings import Settings
from tests.api.conftest import OpenClient


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder as the build writes it."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Clipstream</title>")
    (tmp_path / "assets" / "index-abc.js").write_text("export {}")
    (tmp_path / "secret.txt").write_text("no")
    return tmp_path


def _client(built: Path, settings: Settings) -> httpx2.AsyncClient:
    app = Starlette(routes=make_app_routes(built))
    app.state.context = type("Context", (), {"settings": settings})()
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://api")


def _settings(**changes: Any) -> Settings:
    return Settings(kafka="k", s3="http://store.internal:9000", triton="t", **changes)


async def test_every_address_of_the_app_is_its_page(built: Path) -> None:
    client = _client(built, _settings())
    for path in ("/app/", "/app/projects/1", "/app/sign-in"):
        answer = await client.get(path)
        assert answer.status_code == 200
        assert "Clipstream" in answer.text
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["content-security-policy"] == content_policy(_settings())


async def test_the_root_leads_to_the_app(built: Path) -> None:
    client = _client(built, _settings())
    for path in ("/", "/app"):
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["location"]) == (307, "/app/")


async def test_files_are_kept_and_nothing_else_is_given(built: Path) -> None:
    client = _client(built, _settings())
    file = await client.get("/app/assets/index-abc.js")
    assert file.status_code == 200
    assert "immutable" in file.headers["cache-control"]
    for path in ("/app/assets/none.js", "/app/assets/..%2Fsecret.txt", "/app/assets/%2e%2e/secret.txt"):
        answer = await client.get(path)
        assert answer.text != "no", path


def test_its_policy_lets_in_only_the_object_store() -> None:
    policy = dict(
        part.split(" ", 1) for part in content_policy(_settings(s3_public="https://files.example.org")).split("; ")
    )
    assert "unsafe" not in str(policy)
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    for kind in ("img-src", "media-src", "connect-src"):
        assert policy[kind].split()[-1] == "https://files.example.org"
    assert "store.internal" not in str(policy)


async def test_an_app_that_is_not_built_says_how_to(tmp_path: Path, open_client: OpenClient) -> None:
    client = _client(tmp_path, _settings())
    answer = await client.get("/app/")
    assert answer.status_code == 404
    assert "make web" in answer.text
    assert (await client.get("/")).headers["location"] == "/docs"
    async with open_client() as whole:
        assert (await whole.get("/app/")).status_code in {200, 404}
