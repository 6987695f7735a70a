"""The outside HTTP client of webhooks, which takes nothing from its environment. No sockets."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.infra.http.client import OutsideHttp
from tests.support.fake_server import PUBLIC, Names, Wire, answer, fetch


async def test_a_webhook_does_not_follow_redirects() -> None:
    wire = Wire(answer(302, location="http://b.example/"), answer(200))
    client = OutsideHttp(resolver=Names(), connector=wire)
    assert (await client.post("https://a.example/hook", b"{}", {"webhook-id": "1"}, 5)).status == 302
    assert len(wire.connected) == 1
    assert b"webhook-id: 1" in b"".join(wire.sent)


async def test_the_environment_names_no_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:3128")
    wire = Wire(answer(200, b"film"))
    client = OutsideHttp(resolver=Names(), connector=wire)
    await fetch(client, "http://a.example/", tmp_path / "file")
    assert wire.connected == [f"{PUBLIC}:80"]


async def test_a_long_answer_to_a_webhook_is_cut(tmp_path: Path) -> None:
    client = OutsideHttp(resolver=Names(), connector=Wire(answer(200, b"x" * 10**6)))
    assert len((await client.post("https://a.example/", b"", {}, 5)).body) == 64 * 1024
