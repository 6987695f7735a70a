"""`python -m local.standins.clickhouse`: serve one data directory on a loopback port until SIGTERM.

The password comes by the environment (``CLICKHOUSE_PASSWORD``, as ClickHouse's own images take it), not by an argument,
which anybody on the machine could read.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import uvicorn

from core.process_control import hide_memory
from local.standins.clickhouse.app import make_app
from local.standins.clickhouse.engine import Engine


def main() -> None:
    """Serve; on SIGTERM or SIGINT finish what runs and close the engine."""
    hide_memory()
    parser = argparse.ArgumentParser(prog="local.standins.clickhouse", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--user", required=True)
    parser.add_argument("--database", required=True)
    options = parser.parse_args()
    password = os.environ.get("CLICKHOUSE_PASSWORD")
    if not password:
        parser.error("CLICKHOUSE_PASSWORD is not set")
    engine = Engine(options.data.resolve(), options.database)
    try:
        uvicorn.run(
            make_app(engine, options.user, password),
            host=options.host,
            port=options.port,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=5,
        )
    finally:
        engine.close()


if __name__ == "__main__":
    main()
