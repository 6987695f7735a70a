"""What a test is by where it lies: those on real servers may open a socket, every other that tries fails."""

from __future__ import annotations

import hypothesis
import pytest

TIERS = ("contract", "e2e")

# How long an example takes is no fault of it: machines are shared.
hypothesis.settings.register_profile("shared machine", deadline=None)
hypothesis.settings.load_profile("shared machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tiers on real servers, lift the ban on sockets (``addopts``, pytest-socket) there, keep them together.

    Together means in one process when there are several (pytest-xdist, `make test`): they share their servers.
    """
    for item in items:
        for tier in TIERS:
            if f"/tests/{tier}/" in item.path.as_posix():
                item.add_marker(tier)
                item.add_marker("enable_socket")
                item.add_marker(pytest.mark.xdist_group("servers"))
