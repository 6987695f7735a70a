"""Fixtures of the contract suites: real servers only."""

from __future__ import annotations

from tests.contract.rigs.kafka import kafka
from tests.contract.rigs.postgres import postgres
from tests.contract.rigs.servers import clickhouse_front, search_front, seaweedfs
from tests.contract.rigs.triton_server import triton_server

__all__ = ["clickhouse_front", "kafka", "postgres", "search_front", "seaweedfs", "triton_server"]
