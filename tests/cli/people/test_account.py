"""``clipstream account``: what it reads and changes for a person, and that the session of the command ends."""

from __future__ import annotations

import io
import json
from typing import Any

import httpx2
import pytest

from cli import __main__ as command_line
from cli.exit_codes import ExitCode
from tests.cli.terminal import connect

SESSION = {
    "session_id": "7d1f20aa-0000-4000-8000-000000000001", "current": True, "address": "192.0.2.1",
    "last_used_at": "2026-03-01T12:00:00Z", "methods": ["password"], "user_agent": "a browser",
}  # fmt: skip
OTHER = SESSION | {"session_id": "7d1f20ab-0000-4000-8000-000000000002", "current": False}
GRANT = {
    "grant_id": SESSION["session_id"], "client_name": "Clip Calendar", "org_name": "Acme", "scopes": ["projects:read"],
    "last_used_at": None,
}  # fmt: skip
MEMBERSHIP = {"org_id": SESSION["session_id"], "org_name": "Acme", "role": "owner", "current": True}
AS_ANN = ("--as", "ann@example.org")
LISTS: dict[str, Any] = {
    "/v1/account/sessions": [SESSION, OTHER],
    "/v1/account/grants": [GRANT],
    "/v1/account/memberships": [MEMBERSHIP],
}


class FakeAccount:
    """A person's sign-in, sessions and grants."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, str, Any]] = []
        self.second_factor = False

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content) if request.content else None
        bearer = request.headers["authorization"].removeprefix("Bearer ")
        self.requests.append((request.method, request.url.path, bearer, body))
        if request.url.path == "/v1/auth/login" and self.second_factor:
            return httpx2.Response(200, json={"state": "second_factor", "challenge": "clc"})
        if request.url.path.startswith("/v1/auth/login"):
            return httpx2.Response(200, json={"state": "signed_in", "access_token": "token"})
        if request.method == "GET":
            return httpx2.Response(200, json={"items": LISTS[request.url.path]})
        return httpx2.Response(204)

    @property
    def told(self) -> list[tuple[str, str, str]]:
        return [(method, path, bearer) for method, path, bearer, _ in self.requests]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> FakeAccount:
    fake = FakeAccount()
    connect(monkeypatch, fake.answer, typed="correct horse battery\nanother horse battery\n")
    return fake


def run(*words: str) -> int:
    return command_line.main(["account", *words])


@pytest.mark.parametrize(
    ("command", "shown"), [("sessions", "192.0.2.1"), ("apps", "Clip Calendar"), ("organisations", "owner")]
)
def test_a_token_of_ones_own_lists(
    account: FakeAccount, capsys: pytest.CaptureFixture[str], command: str, shown: str
) -> None:
    assert run(command) == ExitCode.OK
    assert [bearer for _, _, bearer in account.told] == ["key"]
    printed = capsys.readouterr().out
    assert shown in printed
    assert "7d1f20aa" in printed


def test_a_session_is_ended_by_its_first_digits(account: FakeAccount, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("end-session", "7d1f20ab", *AS_ANN) == ExitCode.OK
    assert account.told == [
        ("POST", "/v1/auth/login", "key"),
        ("GET", "/v1/account/sessions", "token"),
        ("DELETE", f"/v1/account/sessions/{OTHER['session_id']}", "token"),
        ("POST", "/v1/auth/logout", "token"),
    ]
    assert run("end-session", "7d1f20a") == ExitCode.USAGE
    assert "2 sessions begin with '7d1f20a'" in capsys.readouterr().err
    assert run("end-session", "7d1f20ab", "--others") == ExitCode.USAGE
    assert run("end-session") == ExitCode.USAGE
    assert run("end-session", "--others") == ExitCode.OK
    assert account.told[-1] == ("DELETE", "/v1/account/sessions", "key")


def test_what_an_app_may_do_is_taken_back(account: FakeAccount) -> None:
    assert run("withdraw", "7d1f") == ExitCode.OK
    assert account.told[-1] == ("DELETE", f"/v1/account/grants/{GRANT['grant_id']}", "key")
    assert run("withdraw", "beef") == ExitCode.USAGE


def test_a_password_is_changed_and_never_shown(account: FakeAccount, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("password", *AS_ANN) == ExitCode.OK
    assert account.requests[0][3] == {"email": "ann@example.org", "password": "correct horse battery"}
    assert account.requests[1] == (
        "POST",
        "/v1/account/password",
        "token",
        {"current_password": "correct horse battery", "password": "another horse battery"},
    )
    printed = capsys.readouterr()
    assert "battery" not in printed.out + printed.err


def test_a_second_factor_needs_its_code(
    account: FakeAccount, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account.second_factor = True
    assert run("sessions", *AS_ANN) == ExitCode.USAGE
    assert "--code" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
    assert run("sessions", *AS_ANN, "--code", "123456") == ExitCode.OK
    assert ("POST", "/v1/auth/login/verify", "key", {"challenge": "clc", "code": "123456"}) in account.requests
