"""``clipstream webhooks`` and ``listen``: requests, printed text, and what a receiver gets."""

from __future__ import annotations

import argparse
import datetime as dt
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from rich.console import Console
from standardwebhooks.webhooks import Webhook

from cli.__main__ import main, make_parser
from cli.commands.webhooks import listen as listening
from cli.commands.webhooks.deliveries import moment
from cli.exit_codes import ExitCode
from cli.output.terminal import Display
from tests.cli.fake_api import Twin, problem
from tests.cli.test_main import write_stack

PATH = "/v1/webhooks/endpoints"
ENDPOINT = "0b8e6c4e-7d57-4b52-8a55-6c1f3f0a9e21"
OTHER = "0b8e7777-7d57-4b52-8a55-6c1f3f0a9e21"
DELIVERY = "5b2a1f6e-3c41-5d0e-9b77-0d7c3f9f2a11"
ROW: dict[str, Any] = {
    "endpoint_id": ENDPOINT, "url": "https://a.example/", "description": "Ours", "events": ["export.*"],
    "signing": "hmac", "public_key": None, "former_keys": [], "created_at": "2026-03-01T12:00:00Z", "paused_at": None,
    "disabled_at": None, "disabled_reason": None, "failing_since": None, "paused_until": None,
}  # fmt: skip
SENT: dict[str, Any] = {
    "delivery_id": DELIVERY, "endpoint_id": ENDPOINT, "event_type": "export.failed", "state": "failed", "attempt": 10,
    "response_status": 500, "last_error": "answered 500", "created_at": "2026-03-01T12:00:00Z", "next_try_at": None,
}  # fmt: skip
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def twin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Twin:
    twin = Twin()
    monkeypatch.setattr("cli.__main__._client", lambda _: twin.client())
    write_stack(tmp_path)
    return twin


def run(tmp_path: Path, *words: str) -> int:
    return main([*words, "--state-dir", str(tmp_path)])


def plan(twin: Twin, method: str, path: str, *bodies: Any, status: int = 200) -> None:
    twin.overrides.setdefault((method, path), []).extend(httpx2.Response(status, json=body) for body in bodies)


def listed(twin: Twin, *rows: Any, times: int = 1) -> None:
    plan(twin, "GET", PATH, *({"items": [*rows]} for _ in range(times)))


def test_endpoints_are_listed_with_their_state(twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone = {"disabled_at": "2026-03-01T12:00:00Z", "disabled_reason": "gone"}
    listed(twin, ROW, ROW | gone, ROW | {"paused_at": "x"}, ROW | {"failing_since": "x"})
    assert run(tmp_path, "webhooks", "list") == ExitCode.OK
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("in use", "disabled (gone)", "paused", "failing", "export.*", "Ours"))


def test_a_secret_is_shown_once_and_a_key_pair_by_its_public_half(
    twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan(twin, "POST", PATH, ROW | {"secret": SECRET}, status=201)
    assert run(tmp_path, "webhooks", "create", "https://a.example/", "--events", "export.*", "clip.edited") == 0
    assert twin.seen[-1][2] == {
        "url": "https://a.example/", "events": ["export.*", "clip.edited"], "description": "", "signing": "hmac",
    }  # fmt: skip
    assert SECRET in capsys.readouterr().out
    listed(twin, ROW)
    former = [{"signing": "hmac", "public_key": None, "expires_at": "2026-03-02T12:00:00Z"}]
    turned = ROW | {"secret": None, "public_key": "whpk_x", "signing": "ed25519", "former_keys": former}
    plan(twin, "POST", f"{PATH}/{ENDPOINT}/rotate-secret", turned)
    assert run(tmp_path, "webhooks", "rotate", "0b8e6c", "--signing", "ed25519") == 0
    assert twin.seen[-1][2] == {"overlap_hours": 24.0, "signing": "ed25519"}
    shown = capsys.readouterr().out
    assert "whpk_x" in shown
    assert "2026-03-02 12:00" in shown


@pytest.mark.parametrize(
    ("words", "method", "path", "body"),
    [
        (["update", "0B8E6C4E", "--events", "clip.*"], "PATCH", "", {"events": ["clip.*"]}),
        (["update", ENDPOINT, "--url", "https://b.example/"], "PATCH", "", {"url": "https://b.example/"}),
        (["pause", ENDPOINT], "PATCH", "", {"paused": True}),
        (["enable", ENDPOINT], "POST", "/enable", {}),
        (["delete", ENDPOINT], "DELETE", "", {}),
    ],
)
def test_each_command_asks_for_one_thing(
    twin: Twin, tmp_path: Path, words: list[str], method: str, path: str, body: Any
) -> None:
    listed(twin, ROW, ROW | {"endpoint_id": OTHER})
    plan(twin, method, f"{PATH}/{ENDPOINT}{path}", ROW)
    assert run(tmp_path, "webhooks", *words) == ExitCode.OK
    assert twin.seen[-1] == (method, f"{PATH}/{ENDPOINT}{path}", body)


@pytest.mark.parametrize("typed", ["0b8e", "ffff", "x"])
def test_an_endpoint_that_is_none_or_several_is_refused(
    twin: Twin, tmp_path: Path, typed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    listed(twin, ROW, ROW | {"endpoint_id": OTHER})
    assert run(tmp_path, "webhooks", "pause", typed) == ExitCode.USAGE
    assert "clipstream webhooks list" in capsys.readouterr().err


def test_deliveries_are_listed_shown_and_replayed(
    twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed(twin, ROW, times=4)
    path = f"{PATH}/{ENDPOINT}/deliveries"
    plan(twin, "GET", path, *({"items": [SENT], "next_cursor": None} for _ in range(3)))
    assert run(tmp_path, "webhooks", "deliveries", ENDPOINT, "--state", "failed", "--since", "3d") == ExitCode.OK
    assert twin.queries[-1]["state"] == "failed"
    assert "answered 500" in capsys.readouterr().out
    tried = {"at": "2026-03-01T12:00:00Z", "error": "answered 500", "response_status": 500, "latency_ms": 12,
             "next_try_at": None, "response_body": "\x1b[2Jgone"}  # fmt: skip
    plan(twin, "GET", f"{path}/{DELIVERY}", SENT | {"body": '{"type":"export.failed"}', "attempts": [tried]})
    assert run(tmp_path, "webhooks", "deliveries", ENDPOINT, "--show", "5b2a") == ExitCode.OK
    shown = capsys.readouterr().out
    assert '{"type":"export.failed"}' in shown
    assert "\x1b[2J" not in shown
    plan(twin, "POST", f"{path}/{DELIVERY}/replay", SENT, status=202)
    assert run(tmp_path, "webhooks", "replay", ENDPOINT, "--delivery", "5b2a1f6e") == ExitCode.OK
    assert run(tmp_path, "webhooks", "replay", ENDPOINT) == ExitCode.USAGE


def test_a_recovery_asks_until_nothing_is_left(twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed(twin, ROW, times=2)
    path = f"{PATH}/{ENDPOINT}/recover"
    plan(twin, "POST", path, {"count": 500, "has_more": True}, {"count": 2, "has_more": False}, status=202)
    assert run(tmp_path, "webhooks", "recover", ENDPOINT, "--since", "2026-03-01", "--json") == ExitCode.OK
    assert json.loads(capsys.readouterr().out) == {"count": 502}
    bodies = [body for method, where, body in twin.seen if where == path]
    assert bodies[0] == bodies[1], "both ask for the same time"
    assert bodies[0]["since"] == "2026-03-01T00:00:00+00:00"
    refused = problem(409, "endpoint-not-enabled", "The endpoint takes no messages", "The endpoint is paused.")
    twin.overrides[("POST", path)] = [refused]
    assert run(tmp_path, "webhooks", "recover", ENDPOINT, "--since", "2h") == ExitCode.REFUSED


def test_moments_are_dates_times_or_times_ago() -> None:
    assert moment("2026-03-01T12:00+02:00") == "2026-03-01T12:00:00+02:00"
    before, typed, after = dt.datetime.now(dt.UTC), moment("90min"), dt.datetime.now(dt.UTC)
    assert before <= dt.datetime.fromisoformat(typed) + dt.timedelta(minutes=90) <= after
    for wrong in ("yesterday", "3 days", "-2h", "999999d", ""):
        with pytest.raises(argparse.ArgumentTypeError):
            moment(wrong)


def message(position: int) -> dict[str, Any]:
    body = {"type": "export.failed", "id": f"e-{position}", "data": {"project": {"title": f"Talk {position}"}}}
    return {"position": position, "event_id": f"{position:08}-0000", "event_type": "export.failed",
            "body": json.dumps(body)}  # fmt: skip


class Receiver:
    """Takes what verifies, by the reference library; the second one fails."""

    def __init__(self) -> None:
        self.got: list[tuple[bytes, dict[str, str]]] = []

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.got.append((request.read(), dict(request.headers)))
        if len(self.got) == 2:
            raise httpx2.ConnectError("refused")
        return httpx2.Response(204)


def listen(twin: Twin, receiver: Receiver, *words: str) -> tuple[int, Any, str]:
    console = Console(record=True, width=200)
    args = make_parser().parse_args(["listen", "--forward-to", "http://127.0.0.1:3000/hook", *words])
    transport = httpx2.MockTransport(receiver.answer)
    code, told = listening.listen(twin.client(), args, Display(console, lambda: 0.0), transport)
    return code, told, console.export_text()


def test_listen_forwards_signed_messages_and_goes_on_behind_the_last(twin: Twin) -> None:
    path = "/v1/webhooks/messages"
    plan(twin, "GET", path, {"items": [], "next_after": 6}, {"items": [message(7)], "next_after": 7})
    twin.overrides["GET", path] += [httpx2.Response(503, json={})] * 4  # the API is away: a client's four tries
    plan(twin, "GET", path, {"items": [], "next_after": 9}, {"items": [message(10), message(11)], "next_after": 11})
    receiver = Receiver()
    code, told, shown = listen(twin, receiver, "--secret", SECRET, "--count", "3", "--events", "export.*")
    assert (code, told) == (ExitCode.OK, {"taken": 2, "failed": 1, "next_after": 11})
    assert [query.get("after") for query in twin.queries] == [None, "6", *["7"] * 5, "9"]
    assert twin.queries[-1]["events"] == "export.*"
    for body, headers in receiver.got:
        assert Webhook(SECRET).verify(body, headers)["type"] == "export.failed"
    assert "no answer (ConnectError)" in shown
    assert "Nothing is lost: waiting" in shown
    assert "Talk 11" in shown
    assert "--after 11" in shown


def test_listen_ends_at_ctrl_c_and_says_where_it_was(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(listening, "_ask", interrupt)
    code, told, shown = listen(twin, Receiver(), "--after", "41")
    assert (code, told["next_after"]) == (ExitCode.OK, 41)
    assert "whsec_" in shown


@pytest.mark.parametrize(
    "url", ["http://example.org/", "http://10.0.0.1/", "ftp://127.0.0.1/", "http://127.0.0.1@a.org/"]
)
def test_listen_forwards_to_this_machine_only(url: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        run(tmp_path, "listen", "--forward-to", url)


@pytest.mark.parametrize("typed", ["whsec_%%%", "x", "whsk_AAAA"])
def test_a_secret_that_is_none_is_refused(typed: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        run(tmp_path, "listen", "--forward-to", "http://127.0.0.1/", "--secret", typed)
