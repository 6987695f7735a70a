"""What a test is by where it lies: those on real servers may open a socket, every other that tries fails."""

from __future__ import annotations

import pytest

TIERS = ("contract", "e2e")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tiers on real servers, and take the ban on sockets (``addopts``, pytest-socket) off them."""
    for item in items:
        for tier in TIERS:
            if f"/tests/{tier}/" in item.path.as_posix():
                item.add_marker(tier)
                item.add_marker("enable_socket")
