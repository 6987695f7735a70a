"""``clipstream organisation``: an archive that is downloaded and compared, an erasure that is signed in for."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cli import __main__ as command_line
from cli.exit_codes import ExitCode
from tests.cli.terminal import connect

BODY = b"the archive"
ARCHIVE = {
    "archive_id": "0b8e6c4e-7d57-4b52-8a55-6c1f3f0a9e21",
    "state": "done",
    "size_bytes": len(BODY),
    "sha256": hashlib.sha256(BODY).hexdigest(),
    "url": "http://objects/archive",
    "counts": {"projects": 2, "files": 3},
    "failure_detail": None,
}
ERASURE = {"state": "requested", "requested_at": "2026-03-01T12:00:00Z", "grace_until": "2026-03-08T12:00:00Z"}


class FakeOrganisation:
    """The API of one organisation."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, Any, str]] = []
        self.archive: dict[str, Any] = dict(ARCHIVE)
        self.second_factor = False

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content) if request.content else None
        place = (request.method, request.url.path)
        self.requests.append((*place, body, request.headers.get("authorization", "")))
        signed_in = {"state": "signed_in", "org_id": "other", "access_token": "t1", "refresh_token": "r"}
        match place:
            case "GET", "/archive":
                return httpx2.Response(200, content=BODY)
            case "GET", "/v1/me":
                return httpx2.Response(200, json={"org_id": "mine", "org_name": "Acme"})
            case "POST", "/v1/organisation/archives":
                return httpx2.Response(202, json=self.archive | {"state": "queued", "url": None})
            case "GET", _ if "archives" in request.url.path:
                return httpx2.Response(200, json=self.archive)
            case "POST", "/v1/auth/login" if self.second_factor:
                return httpx2.Response(200, json={"state": "second_factor", "challenge": "clc"})
            case "POST", "/v1/auth/login" | "/v1/auth/login/verify":
                return httpx2.Response(200, json=signed_in)
            case "POST", "/v1/auth/refresh":
                return httpx2.Response(200, json=signed_in | {"org_id": "mine", "access_token": "t2"})
        return httpx2.Response(202, json=ERASURE)

    def sent(self, path: str) -> tuple[Any, str]:
        return next((body, bearer) for _, asked, body, bearer in self.requests if asked == path)


@pytest.fixture
def organisation(monkeypatch: pytest.MonkeyPatch) -> FakeOrganisation:
    fake = FakeOrganisation()
    connect(monkeypatch, fake.answer)
    return fake


def run(*words: str) -> int:
    return command_line.main(["organisation", *words])


def test_an_archive_is_waited_for_and_compared(
    organisation: FakeOrganisation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "acme.zip"
    assert run("export", "--media", "--out", str(out)) == ExitCode.OK
    assert out.read_bytes() == BODY
    assert organisation.sent("/v1/organisation/archives")[0] == {"media": True}
    assert "2 projects, 3 files" in capsys.readouterr().out
    organisation.archive["sha256"] = "0" * 64
    assert run("export", "--out", str(out)) == ExitCode.REFUSED
    assert not out.exists()
    organisation.archive |= {"state": "failed", "url": None, "failure_detail": "It would have 300 GB."}
    assert run("export", "--out", str(out)) == ExitCode.REFUSED
    assert "300 GB" in capsys.readouterr().err


def test_an_erasure_needs_the_name_and_a_sign_in(
    organisation: FakeOrganisation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("Acme\ncorrect horse\n"))
    assert run("erase", "ann@example.org") == ExitCode.OK
    assert organisation.sent("/v1/auth/login")[0] == {"email": "ann@example.org", "password": "correct horse"}
    assert organisation.sent("/v1/auth/refresh")[0] == {"refresh_token": "r", "org_id": "mine"}
    assert organisation.sent("/v1/organisation/erasure") == ({"name": "Acme"}, "Bearer t2")
    printed = capsys.readouterr()
    assert "2026-03-08 12:00 UTC" in printed.out
    assert "t2" not in printed.out + printed.err
    assert run("erasure") == ExitCode.OK
    assert "requested" in capsys.readouterr().out


def test_another_name_erases_nothing(organisation: FakeOrganisation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("acme\ncorrect horse\n"))
    assert run("erase", "ann@example.org") == ExitCode.USAGE
    assert [path for _, path, _, _ in organisation.requests] == ["/v1/me"]


def test_a_second_factor_needs_its_code(organisation: FakeOrganisation, monkeypatch: pytest.MonkeyPatch) -> None:
    organisation.second_factor = True
    monkeypatch.setattr("sys.stdin", io.StringIO("Acme\ncorrect horse\n"))
    assert run("erase", "ann@example.org") == ExitCode.USAGE
    monkeypatch.setattr("sys.stdin", io.StringIO("Acme\ncorrect horse\n"))
    assert run("erase", "ann@example.org", "--code", "123456") == ExitCode.OK
    assert organisation.sent("/v1/auth/login/verify")[0] == {"challenge": "clc", "code": "123456"}
