"""What a test is by where it lies: those on real servers may open a socket, every other that tries fails."""

from __future__ import annotations

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

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
    """`make test` runs two processes: a tier on real servers is in one of them, for its tests share its servers."""
    return TiersFirst(config, log)


class TiersFirst(LoadScopeScheduling):
    """A tier on real servers is one piece of work, and they come first, side by side; then each other file is one."""

    def _split_scope(self, nodeid: str) -> str:
        tier = nodeid.split("/")[1]
        return tier if tier in TIERS else nodeid.partition("::")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        """The whole stack takes longest, so it begins at once, though files of cheap tests hold more of them."""
        for tier in TIERS:
            if tier in self.workqueue:
                self.workqueue.move_to_end(tier, last=False)
        super()._assign_work_unit(node)
