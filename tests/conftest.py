"""Rules for all tests: which may open sockets, how they share processes, and that no task is lost unnoticed."""

from __future__ import annotations

import faulthandler
import logging
import os
import threading
from collections.abc import Iterator

import hypothesis
import pytest
from xdist.remote import Producer

from tests.support.tiers import TIERS, TiersFirst

GRACE_S = 240.0
"""What a test that was cut off by its timeout, and the fixtures that it ends, may still take."""

# The time that an example takes says how busy the machine is.
hypothesis.settings.register_profile("shared machine", deadline=None)
hypothesis.settings.load_profile("shared machine")


class Stderr:
    """Where this process itself writes, also while pytest captures what a test prints."""

    fd = 2


def pytest_configure() -> None:
    """Keep the stream of errors before tests begin."""
    Stderr.fd = os.dup(2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tiers on real servers, and take the ban on sockets (``addopts``, pytest-socket) off them."""
    for item in items:
        for tier in TIERS:
            if f"/tests/{tier}/" in item.path.as_posix():
                item.add_marker(tier)
                item.add_marker("enable_socket")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """End this process where a test outlives its timeout, which asyncio may swallow; xdist starts another."""
    marker = item.get_closest_marker("timeout")
    limit_s = float(marker.args[0] if marker else item.config.getini("timeout"))
    guard = threading.Timer(limit_s + GRACE_S, _end_process, [item.nodeid])
    guard.daemon = True
    guard.start()
    try:
        return (yield)
    finally:
        guard.cancel()


def _end_process(nodeid: str) -> None:
    os.write(Stderr.fd, f"\n{nodeid} did not end after its timeout\n".encode())
    faulthandler.dump_traceback(file=Stderr.fd)
    os._exit(1)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Name a failed test at once: a run that is cut off never comes to its summary."""
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        reasons = [line for line in str(report.longrepr).splitlines() if line.startswith("E ")]
        print(f"\nfailed: {report.nodeid} ({report.when})", *reasons[:3], sep="\n", flush=True)


class LostTasks(logging.Handler):
    """Collects asyncio's messages about tasks that were destroyed early or failed without being awaited."""

    MESSAGES = ("Task was destroyed", "Task exception was never retrieved")
    NOT_OURS = "/playwright/_impl/"
    """Where a page closes, the browser's driver leaves its own tasks."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message.startswith(self.MESSAGES) and self.NOT_OURS not in message:
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


@pytest.fixture(autouse=True)
def ordinary_priority() -> Iterator[None]:
    """Take back the real-time priority that SVT-AV1 gives its caller where that is root.

    A child of the product may not have it. A busy loop with it, started by a later test, would keep a core for itself.
    """
    yield
    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> TiersFirst:
    """In runs of two processes (`make test`), keep a tier on real servers in one: its tests share its servers."""
    return TiersFirst(config, log)
