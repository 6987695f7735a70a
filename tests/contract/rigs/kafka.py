"""A real Kafka for contract tests: one broker without access rules, with the product's topics."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.rigs.brokers import run_cluster


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """``host:port`` of a broker for the session."""
    with run_cluster(tmp_path_factory.mktemp("kafka"), 1) as cluster:
        yield cluster.bootstrap
