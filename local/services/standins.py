"""ClickHouse and search: the real server where it is installed, else our stand-in."""

from __future__ import annotations

import shutil
import sys
from functools import partial

from local.services.clickhouse import installed_server, server_part
from local.services.readiness import clickhouse_query, http_get, knock, search_query
from local.services.service import Part, Setting

USER, DATABASE = "clipstream", "clipstream"


def clickhouse_url(setting: Setting) -> str:
    """Address of analytics."""
    return f"http://{USER}:{setting.secrets.clickhouse}@127.0.0.1:{setting.port('clickhouse')}/{DATABASE}"


def clickhouse_part(setting: Setting) -> Part:
    """ClickHouse itself if it is installed, else its engine behind its HTTP protocol."""
    url = clickhouse_url(setting)
    if real := installed_server(setting.environ):
        return server_part(setting, real, url, USER, DATABASE)
    port, data = setting.port("clickhouse"), setting.layout.data("clickhouse")

    def prepare() -> None:
        data.mkdir(parents=True, exist_ok=True)

    def probe() -> None:
        knock(port)
        clickhouse_query(url)

    return Part(
        name="clickhouse",
        argv=(
            sys.executable, "-m", "local.standins.clickhouse", "--data", str(data), "--port", str(port),
            "--user", USER, "--database", DATABASE,
        ),
        env={**setting.environ, "CLICKHOUSE_PASSWORD": setting.secrets.clickhouse},
        tier="store",
        port=port,
        prepare=prepare,
        probe=probe,
        alive=partial(clickhouse_query, url),
        stop_timeout_s=10.0,
    )  # fmt: skip


def search_url(setting: Setting) -> str:
    """Address of search."""
    return f"http://127.0.0.1:{setting.port('search')}"


def search_part(setting: Setting) -> Part:
    """Meilisearch itself if it is installed, else the server that speaks its API."""
    port, data, key = setting.port("search"), setting.layout.data("search"), setting.secrets.search
    real = shutil.which("meilisearch", path=setting.environ.get("PATH"))
    front = (sys.executable, "-m", "local.standins.meilisearch", "--data", str(data), "--port", str(port))
    server = (str(real), "--no-analytics", "--env=production", f"--http-addr=127.0.0.1:{port}", f"--db-path={data}/db",
              "--max-indexing-memory=500MiB")  # fmt: skip

    def prepare() -> None:
        data.mkdir(parents=True, exist_ok=True)

    def probe() -> None:
        knock(port)
        search_query(search_url(setting), key)

    return Part(
        name="search",
        argv=server if real else front,
        env={**setting.environ, "MEILI_MASTER_KEY": key},
        tier="store",
        port=port,
        prepare=prepare,
        probe=probe,
        alive=partial(http_get, f"{search_url(setting)}/health"),  # type: ignore[arg-type]
        stop_timeout_s=10.0,
    )
