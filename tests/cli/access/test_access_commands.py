"""Commands of keys, audit log and request log: requests, printed text, exit codes."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cli.__main__ import main
from cli.access.dates import date_or_time
from cli.exit_codes import ExitCode
from core.infra.secrets import mint_api_key
from tests.cli.commands.test_commands import plan, run, sent
from tests.cli.fake_api import Twin
from tests.cli.test_main import write_stack
from tests.core.domain.identity.test_audit_chain import chain

KEY_ID, OTHER_ID = "7d1f20aa-0000-4000-8000-000000000001", "7d1f20ab-0000-4000-8000-000000000002"
MINTED = mint_api_key(b"p" * 32, test=True)
ACTOR = {"kind": "key", "id": KEY_ID}
LISTED = {
    "key_id": KEY_ID, "name": "Import", "last4": "k7Qz", "scopes": ["read"], "test": True, "state": "active",
    "last_used_at": None, "expires_at": "2027-01-31T00:00:00Z", "service_account_id": None, "replaces": None,
}  # fmt: skip


@pytest.fixture
def twin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Twin:
    twin = Twin()
    monkeypatch.setattr("cli.__main__._client", lambda _: twin.client())
    write_stack(tmp_path)
    return twin


def plan_export(twin: Twin, lines: list[dict[str, Any]]) -> None:
    text = "".join(json.dumps(line) + "\n" for line in lines)
    twin.overrides.setdefault(("GET", "/v1/audit/export"), []).append(httpx2.Response(200, text=text))


def test_a_new_key_is_printed_once(twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan(twin, "POST", "/v1/keys", LISTED | {"key": MINTED.plain}, status=201)
    words = (
        "--scope",
        "read",
        "--scope",
        "keys:read",
        "--expires",
        "2027-01-31",
        "--address",
        "192.0.2.0/24",
        "--test",
    )
    assert run(tmp_path, "keys", "create", "Import", *words) == ExitCode.OK
    assert sent(twin, "POST", "/v1/keys") == {
        "name": "Import",
        "scopes": ["read", "keys:read"],
        "test": True,
        "expires_at": "2027-01-31T00:00:00+00:00",
        "allowed_addresses": ["192.0.2.0/24"],
    }
    shown = capsys.readouterr().out
    assert shown.count(MINTED.plain) == 1
    assert "7d1f20aa" in shown


def test_keys_are_listed_rotated_and_revoked_by_their_first_digits(
    twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = {"items": [LISTED, LISTED | {"key_id": OTHER_ID}], "next_cursor": None}
    plan(twin, "GET", "/v1/keys", *[page] * 4)
    assert run(tmp_path, "keys", "list", "--state", "active") == ExitCode.OK
    assert twin.queries[-1] == {"limit": "20", "state": "active"}
    assert "k7Qz" in capsys.readouterr().out
    plan(twin, "POST", f"/v1/keys/{KEY_ID}/rotate", LISTED | {"key": MINTED.plain}, status=201)
    assert run(tmp_path, "keys", "rotate", "7d1f20aa", "--overlap-hours", "0") == ExitCode.OK
    assert sent(twin, "POST", f"/v1/keys/{KEY_ID}/rotate") == {"overlap_hours": 0}
    shown = capsys.readouterr().out
    assert MINTED.plain in shown
    assert "The old key has ended." in shown
    twin.overrides["DELETE", f"/v1/keys/{KEY_ID}"] = [httpx2.Response(204)]
    assert run(tmp_path, "keys", "revoke", KEY_ID) == ExitCode.OK
    assert run(tmp_path, "keys", "revoke", "7d1f20a") == ExitCode.USAGE
    assert "2 keys begin with '7d1f20a'" in capsys.readouterr().err


CLIENT = {
    "client_id": KEY_ID, "name": "Clip Calendar", "kind": "confidential", "scopes": ["projects:read"],
    "redirect_uris": ["https://app.example.org/cb"], "service_account_id": None, "homepage": "", "secret_last4": "k7Qz",
}  # fmt: skip


def test_oauth_clients_are_registered_changed_and_deleted(
    twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = f"/v1/oauth/clients/{KEY_ID}"
    plan(twin, "POST", "/v1/oauth/clients", CLIENT | {"client_secret": "cls_abc"}, CLIENT | {"client_secret": None})
    uri = ("--redirect-uri", "https://app.example.org/cb")
    assert run(tmp_path, "clients", "create", "Clip Calendar", "--scope", "projects:read", *uri) == ExitCode.OK
    assert sent(twin, "POST", "/v1/oauth/clients") == {
        "name": "Clip Calendar",
        "kind": "confidential",
        "scopes": ["projects:read"],
        "redirect_uris": ["https://app.example.org/cb"],
    }
    assert capsys.readouterr().out.count("cls_abc") == 1
    assert run(tmp_path, "clients", "create", "App", "--public", "--scope", "read", *uri) == ExitCode.OK
    assert "it has no secret" in capsys.readouterr().out
    plan(twin, "GET", "/v1/oauth/clients", *[{"items": [CLIENT], "next_cursor": None}] * 5)
    assert run(tmp_path, "clients", "list") == ExitCode.OK
    assert "…k7Qz" in capsys.readouterr().out
    plan(twin, "PATCH", path, CLIENT)
    assert run(tmp_path, "clients", "change", "7d1f", "--scope", "read") == ExitCode.OK
    assert sent(twin, "PATCH", path) == {"scopes": ["read"]}
    assert run(tmp_path, "clients", "change", "7d1f") == ExitCode.USAGE
    plan(twin, "POST", f"{path}/rotate", CLIENT | {"client_secret": "cls_new"})
    assert run(tmp_path, "clients", "rotate", "7d1f", "--overlap-hours", "0") == ExitCode.OK
    printed = capsys.readouterr().out
    assert "cls_new" in printed
    assert "The old secret has ended." in printed
    twin.overrides["DELETE", path] = [httpx2.Response(204)]
    assert run(tmp_path, "clients", "delete", "7d1f") == ExitCode.OK
    assert run(tmp_path, "clients", "delete", "9") == ExitCode.USAGE


def test_a_key_is_checked_without_an_api(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keys", "verify", MINTED.plain]) == ExitCode.OK
    assert "A test key with the right checksum" in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.StringIO(MINTED.plain + "\n"))
    assert main(["keys", "verify", "-", "--json"]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out) == {"valid": True, "kind": "test", "detail": ""}
    assert main(["keys", "verify", MINTED.plain[:-1] + "-"]) == ExitCode.NOT_GENUINE
    shown = capsys.readouterr()
    assert "neither letters nor digits" in shown.err
    assert MINTED.plain[9:20] not in shown.out + shown.err
    assert main(["keys", "verify", MINTED.plain[:-1], "--json"]) == ExitCode.NOT_GENUINE
    assert json.loads(capsys.readouterr().out)["valid"] is False


def test_the_audit_log_is_listed(twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entry = {
        "created_at": "2026-03-01T12:00:00.5Z", "actor": ACTOR, "operation": "createProject", "outcome": "refused",
        "target_kind": "project", "target_ids": [OTHER_ID], "address": "192.0.2.7", "position": None,
    }  # fmt: skip
    plan(twin, "GET", "/v1/audit", {"items": [entry], "next_cursor": None}, {"items": [], "next_cursor": None})
    words = ("--operation", "createProject", "--since", "2026-03-01", "--actor", f"key:{KEY_ID}", "--target", OTHER_ID)
    assert run(tmp_path, "audit", "list", *words) == ExitCode.OK
    assert twin.queries[-1] == {
        "operation": "createProject", "since": "2026-03-01T00:00:00+00:00", "actor": f"key:{KEY_ID}",
        "target_id": OTHER_ID, "limit": "20",
    }  # fmt: skip
    shown = capsys.readouterr().out
    for text in ("createProject (refused)", "key 7d1f20aa", "project 7d1f20ab", "192.0.2.7", "2026-03-01 12:00:00"):
        assert text in shown
    assert run(tmp_path, "audit", "list") == ExitCode.OK
    assert "There is no such entry." in capsys.readouterr().out


def test_requests_are_listed(twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = {
        "created_at": "2026-03-01T12:00:00Z", "method": "GET", "route": "/v1/projects", "status": 429,
        "problem": "rate-limited", "took_ms": 1.5, "actor": ACTOR, "address": "192.0.2.7", "request_id": "r1",
    }  # fmt: skip
    plan(twin, "GET", "/v1/requests", {"items": [call], "next_cursor": None})
    assert run(tmp_path, "requests", "--failed", "--id", "r1", "--method", "GET") == ExitCode.OK
    assert twin.queries[-1] == {"min_status": "400", "request_id": "r1", "method": "GET", "limit": "20"}
    assert "429 rate-limited" in capsys.readouterr().out


def test_an_unbroken_chain_verifies_and_is_known_again(
    twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan_export(twin, chain())
    kept = tmp_path / "audit.ndjson"
    assert run(tmp_path, "audit", "verify", "--out", str(kept), "--json") == ExitCode.OK
    answer = json.loads(capsys.readouterr().out)
    assert (answer["valid"], answer["entries"], answer["position"]) == (True, 5, 5)
    head = f"{answer['position']}:{answer['hash']}"
    plan_export(twin, chain())
    assert run(tmp_path, "audit", "verify", "--contains", head) == ExitCode.OK
    assert head in capsys.readouterr().out


def test_a_file_is_verified_without_an_api(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "audit.ndjson"
    file.write_text("".join(json.dumps(line) + "\n" for line in chain()))
    assert main(["audit", "verify", "--file", str(file)]) == ExitCode.OK
    assert "5 entries in one unbroken chain." in capsys.readouterr().out
    lines = chain()
    lines[3]["outcome"] = "refused"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert main(["audit", "verify", "--file", str(file)]) == ExitCode.NOT_GENUINE
    assert "The audit log was changed: position 3 was changed" in capsys.readouterr().err
    file.write_text("[]\n")
    assert main(["audit", "verify", "--file", str(file)]) == ExitCode.NOT_GENUINE
    assert "line 1 is not one of an export" in capsys.readouterr().err
    file.write_text("")
    assert main(["audit", "verify", "--file", str(file), "--json"]) == ExitCode.NOT_GENUINE
    assert json.loads(capsys.readouterr().out)["error"]["exit_code"] == ExitCode.NOT_GENUINE
    assert main(["audit", "verify", "--file", str(tmp_path / "none")]) == ExitCode.USAGE


@pytest.mark.parametrize(
    "words",
    [
        ("audit", "verify", "--contains", "5:abc"),
        ("audit", "verify", "--contains", "x"),
        ("audit", "list", "--since", "yesterday"),
        ("keys", "create", "x"),
        ("keys", "rotate", "x", "--overlap-hours", "169"),
    ],
)
def test_wrong_words_are_refused(twin: Twin, tmp_path: Path, words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(tmp_path, *words)
    assert ended.value.code == ExitCode.USAGE
    assert twin.seen == []


def test_a_time_keeps_its_zone() -> None:
    assert date_or_time("2026-03-01T12:00:00+02:00") == "2026-03-01T12:00:00+02:00"
    assert date_or_time("2026-03-01") == "2026-03-01T00:00:00+00:00"
