"""The outside HTTP client of webhooks, which takes nothing from its environment. No sockets."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.errors import InputRejected, NoAnswer
from core.infra.http.client import OutsideHttp
from tests.support.fake_server import PUBLIC, Names, Stream, Wire, answer, fetch


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
    assert len((await client.post("https://a.example/", b"", {}, 5)).body) == 16 * 1024


async def test_a_webhook_goes_to_no_address_that_its_name_has_changed_to() -> None:
    """The name was public when the endpoint was made: each delivery checks its own answer."""
    wire = Wire(answer(204), answer(204))
    client = OutsideHttp(resolver=Names([PUBLIC], ["10.0.0.8"], [PUBLIC, "169.254.169.254"]), connector=wire)
    assert (await client.post("https://a.example/hook", b"{}", {}, 5)).status == 204
    for _ in range(2):
        with pytest.raises(InputRejected, match=r"url\.not_public"):
            await client.post("https://a.example/hook", b"{}", {}, 5)
    assert wire.connected == [f"{PUBLIC}:443"]


async def test_an_answer_that_drips_is_cut_off_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline is for the whole answer: each byte comes in time, the end never does."""

    class Dripping(Stream):
        async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            await asyncio.sleep(0.02)
            return await super().read(1, timeout)

    monkeypatch.setattr("tests.support.fake_server.Stream", Dripping)
    client = OutsideHttp(resolver=Names(), connector=Wire(answer(200, b"x" * 10**4)))
    with pytest.raises(NoAnswer, match="no answer within"):
        await client.post("https://a.example/hook", b"{}", {}, 0.3)
