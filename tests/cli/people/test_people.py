"""``clipstream people`` and ``clipstream mails``: what they send, and what they print."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cli import __main__ as command_line
from core.infra.smtp import make_message
from tests.cli.terminal import connect

MEMBER = {"user_id": "00000000-0000-4000-8000-000000000007", "email": "ann@example.org", "role": "owner", "name": "Ann"}
INVITATION = {
    "invitation_id": "00000000-0000-4000-8000-000000000008",
    "email": "bea@example.org",
    "role": "editor",
    "expires_at": "2026-12-02T00:00:00Z",
}


class FakePeople:
    """The API's members and invitations."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, Any]] = []
        self.providers = [{"provider": "acme", "label": "Acme"}]

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content) if request.content else None
        self.requests.append((request.method, request.url.path, body))
        match request.method, request.url.path:
            case "GET", "/v1/members":
                return httpx2.Response(200, json={"items": [MEMBER]})
            case "GET", "/v1/invitations":
                return httpx2.Response(200, json={"items": [INVITATION]})
            case "GET", "/v1/auth/providers":
                return httpx2.Response(200, json={"items": self.providers})
            case "POST", "/v1/invitations":
                return httpx2.Response(201, json=INVITATION)
            case "POST", "/v1/auth/register":
                return httpx2.Response(201, json={"org_id": "o", "access_token": "secret"})
            case "PATCH", _:
                return httpx2.Response(200, json=MEMBER | body)
        return httpx2.Response(204)


@pytest.fixture
def people(monkeypatch: pytest.MonkeyPatch) -> FakePeople:
    fake = FakePeople()
    connect(monkeypatch, fake.answer)
    return fake


def run(*words: str) -> int:
    return command_line.main(["people", *words])


def test_members_and_invitations_are_listed(people: FakePeople, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list") == 0
    printed = capsys.readouterr().out
    assert all(text in printed for text in ("ann@example.org", "owner", "bea@example.org", "invited until 2026-12-02"))


def test_providers_are_listed_with_their_addresses(people: FakePeople, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("providers") == 0
    assert "http://api/v1/auth/providers/acme/start" in capsys.readouterr().out
    people.providers = []
    assert run("providers") == 0
    assert "CLIPSTREAM_SIGN_IN_PROVIDERS_FILE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "last"),
    [
        (
            ("invite", "bea@example.org", "--role", "editor"),
            ("POST", "/v1/invitations", {"email": "bea@example.org", "role": "editor"}),
        ),
        (("role", "Ann@example.org", "admin"), ("PATCH", f"/v1/members/{MEMBER['user_id']}", {"role": "admin"})),
        (("remove", "ann@example.org"), ("DELETE", f"/v1/members/{MEMBER['user_id']}", None)),
        (("remove", "bea@example.org"), ("DELETE", f"/v1/invitations/{INVITATION['invitation_id']}", None)),
    ],
)
def test_commands_send_one_request(people: FakePeople, words: Sequence[str], last: tuple[str, str, Any]) -> None:
    assert run(*words) == 0
    assert people.requests[-1] == last


@pytest.mark.parametrize("words", [("role", "x@example.org", "admin"), ("remove", "x@example.org")])
def test_an_unknown_address_changes_nothing(people: FakePeople, words: Sequence[str]) -> None:
    assert run(*words) != 0
    assert {method for method, _, _ in people.requests} == {"GET"}


def test_an_invitation_is_accepted_without_showing_tokens(
    people: FakePeople, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
    assert run("accept", "bea@example.org", "--code", "cli_x", "--json") == 0
    printed = capsys.readouterr().out
    assert "secret" not in printed
    assert "correct horse" not in printed
    sent = people.requests[-1][2]
    assert sent == {
        "email": "bea@example.org", "password": "correct horse battery", "name": "", "invitation": "cli_x",
    }  # fmt: skip


def keep_mail(folder: Path, number: int, subject: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    message = make_message(
        sender="c@a.example", to="b@b.example", subject=subject, text="Code: cli_x\n", html="<p></p>", message_id="1"
    )
    (folder / f"{number:08d}.eml").write_bytes(bytes(message).replace(b"\n", b"\r\n"))


def test_caught_mails_are_listed_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ("--state-dir", str(tmp_path))
    assert command_line.main(["mails", *where]) != 0
    assert "No mail yet" in capsys.readouterr().out
    for number, subject in ((1, "First"), (2, "Second \x1b[31m")):
        keep_mail(tmp_path / "data" / "mail", number, subject)
    assert command_line.main(["mails", *where]) == 0
    printed = capsys.readouterr().out
    assert printed.index("Second") < printed.index("First")
    assert "\x1b" not in printed
    assert command_line.main(["mails", "1", *where]) == 0
    assert capsys.readouterr().out.endswith("Code: cli_x\n\n")
    assert command_line.main(["mails", "3", *where]) != 0
