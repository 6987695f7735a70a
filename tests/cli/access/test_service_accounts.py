"""Commands of service accounts, and changes of keys: requests, printed text, exit codes."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from cli.exit_codes import ExitCode
from tests.cli.access.test_access_commands import KEY_ID, LISTED
from tests.cli.commands.test_commands import plan, run, sent
from tests.cli.fake_api import Twin
from tests.cli.test_main import write_stack

PATH = "/v1/service-accounts"
ACCOUNT = {"service_account_id": KEY_ID, "name": "Importer", "role": "editor", "disabled_at": None}


@pytest.fixture
def twin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Twin:
    twin = Twin()
    monkeypatch.setattr("cli.__main__._client", lambda _: twin.client())
    write_stack(tmp_path)
    return twin


def test_service_accounts_are_made_changed_and_disabled(
    twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan(twin, "POST", PATH, ACCOUNT, status=201)
    assert run(tmp_path, "service-accounts", "create", "Importer", "--role", "editor") == ExitCode.OK
    assert sent(twin, "POST", PATH) == {"name": "Importer", "role": "editor"}
    assert f"--service-account {KEY_ID}" in capsys.readouterr().out
    plan(twin, "GET", PATH, *[{"items": [ACCOUNT], "next_cursor": None}] * 4)
    assert run(tmp_path, "service-accounts", "list") == ExitCode.OK
    assert "in use" in capsys.readouterr().out
    plan(twin, "PATCH", f"{PATH}/{KEY_ID}", ACCOUNT | {"role": "viewer"})
    assert run(tmp_path, "service-accounts", "change", "7d1f", "--role", "viewer") == ExitCode.OK
    assert sent(twin, "PATCH", f"{PATH}/{KEY_ID}") == {"role": "viewer"}
    assert run(tmp_path, "service-accounts", "change", "7d1f") == ExitCode.USAGE
    twin.overrides["DELETE", f"{PATH}/{KEY_ID}"] = [httpx2.Response(204)]
    assert run(tmp_path, "service-accounts", "disable", "7d1f") == ExitCode.OK
    assert run(tmp_path, "service-accounts", "disable", "beef") == ExitCode.USAGE
    assert "`clipstream service-accounts list` shows them" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "request_body"),
    [
        (("--name", "CI"), {"name": "CI"}),
        (("--expires", "2027-06-30"), {"expires_at": "2027-06-30T00:00:00+00:00"}),
        (("--expires", "never", "--from-anywhere"), {"expires_at": None, "allowed_addresses": []}),
        (("--address", "192.0.2.0/24"), {"allowed_addresses": ["192.0.2.0/24"]}),
    ],
)
def test_a_key_is_changed_in_what_is_given(
    twin: Twin, tmp_path: Path, words: tuple[str, ...], request_body: dict[str, object]
) -> None:
    plan(twin, "GET", "/v1/keys", {"items": [LISTED], "next_cursor": None})
    plan(twin, "PATCH", f"/v1/keys/{KEY_ID}", LISTED)
    assert run(tmp_path, "keys", "change", "7d1f20aa", *words) == ExitCode.OK
    assert sent(twin, "PATCH", f"/v1/keys/{KEY_ID}") == request_body


@pytest.mark.parametrize("words", [(), ("--from-anywhere", "--address", "192.0.2.0/24")])
def test_a_change_of_a_key_must_say_one_thing(twin: Twin, tmp_path: Path, words: tuple[str, ...]) -> None:
    assert run(tmp_path, "keys", "change", "7d1f20aa", *words) == ExitCode.USAGE
    assert twin.seen == []
