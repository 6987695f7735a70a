"""Commands of an organisation, its plan and presets, and of event types: requests, printed text, exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cli import __main__ as command_line
from cli.exit_codes import ExitCode
from tests.cli.terminal import connect

ACME, OTHER = "0b8e6c4e-7d57-4b52-8a55-6c1f3f0a9e21", "1c9f7d5f-7d57-4b52-8a55-6c1f3f0a9e22"
ORGANISATION = {"org_id": ACME, "name": "Acme", "allowed_origins": [], "created_at": "2026-03-01T12:00:00Z"}
ARCHIVE = {
    "archive_id": ACME, "state": "done", "media": True, "created_at": "2026-03-01T12:00:00Z", "expires_at": None,
}  # fmt: skip
PLAN = {"name": "pro", "title": "Pro", "source_minutes": 1200, "exports": None, "storage_gb": 100, "seats": 5}
PRESET = {"preset_id": ACME, "name": "Weekly talk", "version": 3, "changed_at": "2026-03-01", "options": {"topics": []}}
TYPE = {"type": "export.failed", "description": "An export failed.", "schema": {"type": "object"}, "example": {}}
MEMBERSHIPS = [{"org_id": ACME, "org_name": "Acme"}, {"org_id": OTHER, "org_name": "Bolt"}]
SESSION = {"state": "signed_in", "org_id": ACME, "access_token": "t1", "refresh_token": "r"}
ANSWERS: dict[tuple[str, str], Any] = {
    ("GET", "/v1/organisation"): ORGANISATION,
    ("PATCH", "/v1/organisation"): ORGANISATION,
    ("POST", "/v1/organisations"): {"org_id": OTHER},
    ("GET", "/v1/organisation/archives"): {"items": [ARCHIVE]},
    ("DELETE", "/v1/organisation/erasure"): None,
    ("POST", "/v1/auth/login"): SESSION,
    ("POST", "/v1/auth/refresh"): SESSION | {"org_id": OTHER, "access_token": "t2"},
    ("GET", "/v1/account/memberships"): {"items": MEMBERSHIPS},
    ("GET", "/v1/plans"): {"items": [PLAN]},
    ("PATCH", f"/v1/admin/organisations/{OTHER}/plan"): {"plan": PLAN, "month_until": "2026-04-01T00:00:00Z"},
    ("GET", "/v1/project-presets"): {"items": [PRESET]},
    ("GET", f"/v1/project-presets/{ACME}"): PRESET,
    ("POST", "/v1/project-presets"): PRESET,
    ("PATCH", f"/v1/project-presets/{ACME}"): PRESET | {"version": 4},
    ("DELETE", f"/v1/project-presets/{ACME}"): None,
    ("GET", "/v1/webhooks/event-types"): {"items": [TYPE]},
}


class FakeSettings:
    """The API of an organisation's settings."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, Any]] = []
        self.conditions: list[str | None] = []

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        place = (request.method, request.url.path)
        self.requests.append((*place, json.loads(request.content) if request.content else None))
        self.conditions.append(request.headers.get("if-match"))
        if place == ("POST", "/v1/auth/logout"):
            return httpx2.Response(204)
        body = ANSWERS[place]
        return httpx2.Response(204) if body is None else httpx2.Response(200, json=body)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> FakeSettings:
    fake = FakeSettings()
    connect(monkeypatch, fake.answer, typed="correct horse battery\n")
    return fake


@pytest.mark.parametrize(
    ("line", "request_body", "shown"),
    [
        ("organisation show", None, "Acme"),
        ("organisation change --name Acme", {"name": "Acme"}, "changed"),
        ("organisation change --origin https://a.example", {"allowed_origins": ["https://a.example"]}, "changed"),
        ("organisation change --no-origins", {"allowed_origins": []}, "changed"),
        ("organisation archives", None, "with media"),
        ("organisation keep", None, "stays"),
        ("organisation create Bolt", {"name": "Bolt"}, OTHER),
        ("plans list", None, "1,200"),
        (f"plans set {OTHER} pro", {"plan": "pro"}, "Pro"),
        (f"plans set {OTHER} default", {"plan": None}, "2026-04-01"),
        ("project-presets list", None, "Weekly talk"),
        ("project-presets show 0b8e6c4e", None, '"topics"'),
        ("project-presets delete 0b8e", None, "deleted"),
        ("webhooks event-types", None, "An export failed."),
        ("webhooks event-types --show export.failed", None, '"schema"'),
    ],
)
def test_a_command_sends_one_request_of_its_own(
    settings: FakeSettings, capsys: pytest.CaptureFixture[str], line: str, request_body: Any, shown: str
) -> None:
    assert command_line.main(line.split()) == ExitCode.OK
    assert settings.requests[-1][2] == request_body
    assert shown in capsys.readouterr().out


@pytest.mark.parametrize(
    "line",
    [
        "organisation change",
        "organisation change --no-origins --origin https://a.example",
        "organisation switch Coil --as ann@example.org",
        "project-presets show missing",
        "project-presets change 0b8e",
        "project-presets create New --options missing.json",
        "webhooks event-types --show export.flown",
    ],
)
def test_a_wrong_line_changes_nothing(settings: FakeSettings, line: str) -> None:
    try:
        code = command_line.main(line.split())
    except SystemExit as ended:
        code = int(str(ended.code))
    assert code == ExitCode.USAGE
    assert {place[:2] for place in settings.requests} <= {
        ("POST", "/v1/auth/login"),
        ("GET", "/v1/account/memberships"),
        ("GET", "/v1/project-presets"),
        ("GET", "/v1/webhooks/event-types"),
    }


@pytest.mark.parametrize(("named", "token"), [("Acme", "t1"), ("Bolt", "t2"), ("1c9f", "t2")])
def test_a_switch_prints_the_token_alone(
    settings: FakeSettings, capsys: pytest.CaptureFixture[str], named: str, token: str
) -> None:
    assert command_line.main(["organisation", "switch", named, "--as", "ann@example.org"]) == ExitCode.OK
    assert capsys.readouterr().out == f"{token}\n"
    if token == "t2":
        assert settings.requests[-1] == ("POST", "/v1/auth/refresh", {"refresh_token": "r", "org_id": OTHER})


def test_an_organisation_is_made_by_who_signs_in_for_it(settings: FakeSettings) -> None:
    assert command_line.main(["organisation", "create", "Bolt", "--as", "ann@example.org"]) == ExitCode.OK
    assert [path for _, path, _ in settings.requests] == ["/v1/auth/login", "/v1/organisations", "/v1/auth/logout"]


def test_a_preset_is_made_and_changed_by_a_file(settings: FakeSettings, tmp_path: Path) -> None:
    file = tmp_path / "options.json"
    file.write_text('{"max_clips": 3}')
    assert command_line.main(["project-presets", "create", "New", "--options", str(file)]) == ExitCode.OK
    assert settings.requests[-1][2] == {"name": "New", "options": {"max_clips": 3}}
    assert command_line.main(["project-presets", "change", "weekly TALK", "--options", str(file)]) == ExitCode.OK
    assert settings.requests[-1][2] == {"options": {"max_clips": 3}}
    assert settings.conditions[-1] == '"preset-3"'
