"""Serve the API on the host and port of CLIPSTREAM_API until SIGTERM, then drain: ``python -m api``."""

from __future__ import annotations

import asyncio
import os
import sys
from urllib.parse import urlsplit

from api.app import create_app
from api.server import make_server
from api.wiring import context_opener
from core.errors import Unavailable
from core.infra import telemetry
from core.infra.key_ring import open_key_ring
from core.infra.postgres.connection import create_pool
from core.process_control import hide_memory
from core.settings import MissingSettingError, Settings, load_settings


def main() -> int:
    """Serve; on failure print one line on standard error and return a code other than 0."""
    hide_memory()
    try:
        settings = load_settings(os.environ, "api")
        open_key_ring(settings)
    except MissingSettingError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    try:
        asyncio.run(_check_postgres(settings))
    except Unavailable as error:
        sys.stderr.write(f"{error}: start it, or correct CLIPSTREAM_POSTGRES_API\n")
        return 3
    telemetry.set_up("api", settings)
    address = urlsplit(settings.api)
    app = create_app(
        context_opener(settings),
        max_body_bytes=settings.max_body_bytes,
        request_timeout_s=settings.request_timeout_s,
    )
    server = make_server(app, address.hostname or "127.0.0.1", address.port or 8080)
    server.run()
    return 0 if server.started else 3


async def _check_postgres(settings: Settings) -> None:
    """Fail with one plain line where Postgres does not answer: without it no request can be served."""
    pool = await create_pool(settings.postgres_api, size=1, name="clipstream-api-start")
    await pool.close()


if __name__ == "__main__":
    sys.exit(main())
