"""The command line in front of a stand-in of the API, at a terminal where somebody types."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from cli import __main__ as command_line
from cli.api.client import Client


def connect(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[httpx2.Request], httpx2.Response], *, typed: str = ""
) -> None:
    """Let commands ask ``answer`` instead of an API. ``typed``: lines of the standard input, passwords among them."""

    def client(_access: Any) -> Client:
        return Client("http://api", "key", sleep=lambda _s: None, transport=httpx2.MockTransport(answer))

    monkeypatch.setattr(command_line, "_client", client)
    monkeypatch.setenv("CLIPSTREAM_API", "http://api")
    monkeypatch.setenv("CLIPSTREAM_API_KEY", "key")
    if typed:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
