"""One version everywhere: of the package, the command line, the API, the events and outgoing requests."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import cli
from api.health.handlers import Alive
from api.openapi.document import make_document
from api.routes import OPERATIONS
from cli.__main__ import main
from cli.api.client import Client
from core.infra import llm
from core.infra.http import client as http
from schemas.tools.generate import asyncapi
from schemas.version import USER_AGENT, VERSION

ROOT = Path(cli.__file__).parents[1]


def test_every_place_repeats_the_version_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION
    assert make_document(OPERATIONS)["info"]["version"] == VERSION
    assert asyncapi()["info"]["version"] == VERSION
    assert Alive().version == VERSION
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.strip() == f"clipstream {VERSION}"


def test_our_requests_name_the_version() -> None:
    assert USER_AGENT.endswith(f"/{VERSION}")
    client = Client("http://127.0.0.1:1", "key", sleep=lambda _: None)
    assert client._http.headers["user-agent"] == USER_AGENT
    client.close()
    asked = llm.OpenAiChat(url="http://127.0.0.1:1", model="m", key="", timeout_s=1.0, most_tokens=1)
    assert asked._client.headers["user-agent"] == USER_AGENT
    assert http.USER_AGENT == USER_AGENT


def test_no_other_file_writes_a_version_of_its_own() -> None:
    files = [
        path for room in ("api", "cli", "core", "local", "schemas", "streams") for path in (ROOT / room).rglob("*.py")
    ]
    assert len(files) > 300
    own = [str(path) for path in files if f'"{VERSION}"' in path.read_text() or "Clipstream/1" in path.read_text()]
    assert own == []
