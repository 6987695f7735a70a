"""A worker's /readyz says which walls stand around its children, and is not ready where `strict` misses one."""

from __future__ import annotations

import httpx2
import pytest

from core.media.sandbox.walls import SandboxPolicy
from streams.runtime.health import Pulse, serve_health
from streams.runtime.metrics import OF_STAGE, ProcessMetrics
from tests.contract.rigs.servers import free_ports
from tests.support.progress import HANG_S, await_while_moving

pytestmark = pytest.mark.contract


async def test_readiness_waits_for_the_walls() -> None:
    sandbox = SandboxPolicy()
    sandbox.demand("strict")
    (port,) = free_ports(1)
    pulse, metrics = Pulse(stall_s=HANG_S, now=lambda: 0.0), ProcessMetrics(OF_STAGE)
    async with (
        serve_health("127.0.0.1", port, pulse, metrics, ready=lambda: True, sandbox=sandbox),
        httpx2.AsyncClient(trust_env=False, timeout=HANG_S) as client,
    ):

        async def answer() -> httpx2.Response | None:
            try:
                return await client.get(f"http://127.0.0.1:{port}/readyz")
            except httpx2.TransportError:
                return None

        before = await await_while_moving(answer, "the server")
        assert before.status_code == 503
        assert before.json()["sandbox"] == {"policy": "strict", "walls": None, "missing": ""}
        sandbox.standing = ("system_calls", "worker_memory")
        missing = await answer()
        assert missing is not None
        assert missing.status_code == 503
        assert "Landlock or a mount namespace" in missing.json()["sandbox"]["missing"]
        sandbox.standing = ("system_calls", "landlock", "own_user", "worker_memory")
        full = await answer()
        assert full is not None
        assert full.status_code == 200
        assert full.json()["sandbox"]["walls"] == ["system_calls", "landlock", "own_user", "worker_memory"]
