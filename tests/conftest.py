"""Rules for all tests: which may open sockets, how they share processes, and that no task is lost unnoticed."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

TIERS = ("contract", "e2e")

# The time that an example takes says how busy the machine is.
hypothesis.settings.register_profile("shared machine", deadline=None)
hypothesis.settings.load_profile("shared machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tiers on real servers, and take the ban on sockets (``addopts``, pytest-socket) off them."""
    for item in items:
        for tier in TIERS:
            if f"/tests/{tier}/" in item.path.as_posix():
                item.add_marker(tier)
                item.add_marker("enable_socket")


class LostTasks(logging.Handler):
    """Collects asyncio's messages about tasks that were destroyed early or failed without being awaited."""

    MESSAGES = ("Task was destroyed", "Task exception was never retrieved")

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message.startswith(self.MESSAGES):
            self.messages.append(message)


LOST_TASKS = LostTasks()
logging.getLogger("asyncio").addHandler(LOST_TASKS)


@pytest.fixture(autouse=True)
def no_lost_task() -> Iterator[None]:
    """Fail the test after which a lost task is noticed: asyncio reports it only when it is collected."""
    yield
    lost = LOST_TASKS.messages.copy()
    LOST_TASKS.messages.clear()
    assert not lost, lost


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """In runs of two processes (`make test`), keep a tier on real servers in one: its tests share its servers."""
    return TiersFirst(config, log)


class TiersFirst(LoadScopeScheduling):
    """Each tier on real servers is one unit of work, started first; each other file is a unit of its own."""

    def _split_scope(self, nodeid: str) -> str:
        tier = nodeid.split("/")[1]
        return tier if tier in TIERS else nodeid.partition("::")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        """Start with the tiers, which take longest, although unit-test files hold more tests."""
        for tier in TIERS:
            if tier in self.workqueue:
                self.workqueue.move_to_end(tier, last=False)
        super()._assign_work_unit(node)
