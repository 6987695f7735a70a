"""A real Kafka for contract tests: the local stack's own broker, alone, with the product's topics."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

import pytest

from local import stack
from local.endpoints import GIVEN_BY
from streams.setup.migrate import create_topics


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """``host:port`` of a broker for the session."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("CLIPSTREAM_")}
    if "CLIPSTREAM_CACHE" in os.environ:
        own["CLIPSTREAM_CACHE"] = os.environ["CLIPSTREAM_CACHE"]
    for part, names in GIVEN_BY.items():
        if part != "kafka":
            own |= dict.fromkeys(names, "127.0.0.1:9")
    layout = stack.layout_of(tmp_path_factory.mktemp("kafka") / "stack")
    try:
        info = stack.ensure_running(layout, own, print, stores_only=True, ends_with_us=True)
        asyncio.run(create_topics(info.env["CLIPSTREAM_KAFKA"]))
        yield info.env["CLIPSTREAM_KAFKA"]
    finally:
        stack.reset(layout, print)
