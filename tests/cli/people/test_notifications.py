"""``clipstream notifications``: whose preferences it reads and changes, and that the session ends."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from cli import __main__ as command_line
from tests.cli.terminal import connect

ITEM = {"kind": "clips.ready", "mail": "each", "push": "on", "title": "A project has ended, and its clips are ready"}


class FakeAccount:
    """A person's sign-in and preferences."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, str, Any]] = []
        self.state = "signed_in"

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content) if request.content else None
        bearer = request.headers["authorization"].removeprefix("Bearer ")
        self.requests.append((request.method, request.url.path, bearer, body))
        if request.url.path == "/v1/auth/login":
            return httpx2.Response(200, json={"state": self.state, "access_token": "token"})
        if request.url.path == "/v1/auth/logout":
            return httpx2.Response(204)
        changed = body["items"][0] if body else {}
        return httpx2.Response(200, json={"items": [ITEM | changed]})


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> FakeAccount:
    fake = FakeAccount()
    connect(monkeypatch, fake.answer, typed="correct horse battery\n")
    return fake


def run(*arguments: str) -> int:
    return command_line.main(["notifications", *arguments])


def test_a_token_of_ones_own_lists(account: FakeAccount, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list") == 0
    assert account.requests == [("GET", "/v1/account/notifications", "key", None)]
    assert "clips.ready" in capsys.readouterr().out


def test_a_person_signs_in_for_one_command(account: FakeAccount, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("set", "clips.ready", "--mail", "daily", "--as", "ann@example.org", "--json") == 0
    assert account.requests == [
        ("POST", "/v1/auth/login", "key", {"email": "ann@example.org", "password": "correct horse battery"}),
        ("PATCH", "/v1/account/notifications", "token", {"items": [{"kind": "clips.ready", "mail": "daily"}]}),
        ("POST", "/v1/auth/logout", "token", {}),
    ]
    assert json.loads(capsys.readouterr().out)["items"][0]["mail"] == "daily"


def test_what_changes_nothing_is_refused(account: FakeAccount, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("set", "clips.ready") == 2
    assert "--mail, --push, or both" in capsys.readouterr().err
    assert account.requests == []


def test_a_second_factor_is_explained(account: FakeAccount, capsys: pytest.CaptureFixture[str]) -> None:
    account.state = "second_factor"
    assert run("list", "--as", "ann@example.org") == 2
    assert "--code" in capsys.readouterr().err
