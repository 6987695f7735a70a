"""What a test is by where it lies: those on real servers may open a socket, every other that tries fails."""

from __future__ import annotations

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

TIERS = ("contract", "e2e")

# How long an example takes is no fault of it: machines are shared.
hypothesis.settings.register_profile("shared machine", deadline=None)
hypothesis.settings.load_profile("shared machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tiers on real servers, and take the ban on sockets (``addopts``, pytest-socket) off them."""
    for item in items:
        for tier in TIERS:
            if f"/tests/{tier}/" in item.path.as_posix():
                item.add_marker(tier)
                item.add_marker("enable_socket")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """`make test` runs two processes: all tests on real servers are in one, for they share them."""
    return ServersTogether(config, log)


class ServersTogether(LoadScopeScheduling):
    """The tiers on real servers are one piece of work, the largest and so the first; each other file is one."""

    def _split_scope(self, nodeid: str) -> str:
        return "servers" if nodeid.split("/")[1] in TIERS else nodeid.partition("::")[0]
