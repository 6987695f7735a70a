"""`python -m local.standins.meilisearch`: serve one data directory on a loopback port until SIGTERM.

The master key (at least 16 bytes) comes by the environment (``MEILI_MASTER_KEY``, as Meilisearch itself takes it), not
by an argument, which anybody on the machine could read.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import uvicorn

from core.process_control import hide_memory
from local.standins.meilisearch.http.contents import Contents
from local.standins.meilisearch.http.index_service import Service
from local.standins.meilisearch.http.key_service import KeyService
from local.standins.meilisearch.http.routes import make_app
from local.standins.meilisearch.index.documents import Library
from local.standins.meilisearch.index.key_rows import KeyRows
from local.standins.meilisearch.index.store import Store
from local.standins.meilisearch.keys import Keys
from local.standins.meilisearch.tasks.queue import Tasks


def main() -> None:
    """Serve; on SIGTERM or SIGINT finish the task that runs and close the indexes."""
    hide_memory()
    parser = argparse.ArgumentParser(prog="local.standins.meilisearch", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    options = parser.parse_args()
    master_key = os.environ.get("MEILI_MASTER_KEY")
    if not master_key:
        parser.error("MEILI_MASTER_KEY is not set")
    folder = options.data.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    store = Store(folder / "search.db")
    library = Library(folder, store)
    tasks = Tasks(store, library)
    key_rows = KeyRows(store)
    keys = Keys(master_key, key_rows)
    app = make_app(Service(store, tasks), Contents(store, library, tasks), KeyService(keys, key_rows), keys)
    tasks.start()
    try:
        uvicorn.run(
            app,
            host=options.host,
            port=options.port,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=5,
        )
    finally:
        tasks.stop()
        library.close()


if __name__ == "__main__":
    main()
