"""One real stack for all end-to-end tests, started here and removed afterwards; never an existing stack."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local import stack as local_stack
from local.stack import StackInfo
from tests.e2e.rig import Api, Receiver, serving

SHORT = {
    "CLIPSTREAM_SPANS_TARGET_MS": "40000",
    "CLIPSTREAM_SPANS_SEARCH_MS": "8000",
    "CLIPSTREAM_RATE_LIMIT_PER_MINUTE": "60000",
    "CLIPSTREAM_IDENTITY_ORGANISATIONS": "on",
    "CLIPSTREAM_DATA_GRACE_DAYS": "0",
}
"""Short spans make short videos cross seams; tests ask more often than people; organisations are erased at once."""


Started = tuple[StackInfo, float]
"""A stack, and the seconds from its start until every part was ready."""


@contextmanager
def started() -> Iterator[Started]:
    """A stack with every part ready, in a directory of its own; removed afterwards."""
    root = Path(tempfile.mkdtemp(prefix="clipstream-e2e-"))
    root.chmod(0o755)
    layout = local_stack.layout_of(root / "state")
    try:
        began = time.monotonic()
        info = local_stack.ensure_running(layout, os.environ | SHORT, print, ends_with_us=True)
        yield info, time.monotonic() - began
    finally:
        keep = os.environ.get("CLIPSTREAM_KEEP_LOGS")
        if keep:
            _copy_logs(layout.logs, Path(keep))
        local_stack.reset(layout, print)
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="session")
def first_start() -> Iterator[Started]:
    """The one stack that the tests share, and how long it took to start."""
    with started() as found:
        yield found


@pytest.fixture(scope="session")
def stack(first_start: Started) -> StackInfo:
    """Every part running and ready."""
    return first_start[0]


def _copy_logs(logs: Path, to: Path) -> None:
    to.mkdir(parents=True, exist_ok=True)
    for log in logs.glob("*.log"):
        (to / log.name).write_bytes(log.read_bytes())


@pytest.fixture(scope="session")
def api(stack: StackInfo) -> Iterator[Api]:
    """The API, as the first organisation."""
    with Api(stack) as client:
        yield client


@pytest.fixture(scope="session")
def receiver(stack: StackInfo, api: Api) -> Iterator[Receiver]:
    """A webhook receiver subscribed to everything."""
    made = Receiver(stack.webhook_port)
    kinds = ["project.completed", "project.failed", "export.completed", "export.failed"]
    endpoint = api.post("/v1/webhooks/endpoints", {"url": made.url, "events": kinds})
    made.secret = endpoint["secret"]
    with serving(made.server):
        yield made


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test on a stuck project fails with its stages once the stack stalls; the timer is only a last resort."""
    for item in items:
        if "/e2e/" in str(item.path) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(1800))
