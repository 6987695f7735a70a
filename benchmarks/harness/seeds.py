"""Runs a measurement of several seeds on a Triton server of its own."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from benchmarks.harness.claims import Claim
from tests.contract.rigs.triton_server import running

Measure = Callable[[str, Iterable[int]], Awaitable[list[Claim]]]
"""Takes the server's address and the seeds."""


def measure_seeds(measure: Measure, count: int) -> list[Claim]:
    """The claims for the seeds 1 to ``count``, with speech and alignment served."""

    async def run(url: str) -> list[Claim]:
        return await measure(url, range(1, count + 1))

    with tempfile.TemporaryDirectory() as place, running(Path(place) / "log", ("whisper", "align")) as server:
        return asyncio.run(run(server.url))
