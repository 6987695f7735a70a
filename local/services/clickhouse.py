"""The real ClickHouse, where its binary is installed: find it, configure it, run one server.

Written by ClickHouse's documentation; its files were tried with Debian's old 18.16. What this repository's tests run is
the engine behind our front (standins.py): the registries that we use have no newer server.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from xml.sax.saxutils import escape

from local.config.state import write_private
from local.errors import StackError
from local.services.readiness import clickhouse_execute, clickhouse_query, knock
from local.services.service import Part, Setting

BINARY_VARIABLE = "CLIPSTREAM_CLICKHOUSE_BIN"
MIN_VERSION = 24
"""Major version. Debian's 18.16 does not know the SQL of ``schemas/clickhouse``."""

_CONFIG = """\
<clickhouse>
  <logger><level>warning</level><console>1</console></logger>
  <listen_host>127.0.0.1</listen_host>
  <http_port>{port}</http_port>
  <path>{data}/</path>
  <tmp_path>{data}/tmp/</tmp_path>
  <user_files_path>{data}/user_files/</user_files_path>
  <format_schema_path>{data}/format_schemas/</format_schema_path>
  <users_config>{users}</users_config>
  <default_profile>default</default_profile>
  <default_database>default</default_database>
  <mark_cache_size>67108864</mark_cache_size>
  <max_server_memory_usage>2000000000</max_server_memory_usage>
</clickhouse>
"""
_USERS = """\
<clickhouse>
  <profiles><default></default></profiles>
  <quotas><default></default></quotas>
  <users>
    <{user}>
      <password_sha256_hex>{password_hash}</password_sha256_hex>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
    </{user}>
  </users>
</clickhouse>
"""


def installed_server(environ: Mapping[str, str]) -> str | None:
    """Path of a recent ``clickhouse``: the given one (else StackError), or one on the PATH."""
    configured = environ.get(BINARY_VARIABLE)
    path = shutil.which(configured or "clickhouse", path=environ.get("PATH"))
    if path is None:
        if configured:
            raise StackError(f"{BINARY_VARIABLE} is {configured} and there is no such program: mend it, or unset it")
        return None
    version = _major_version(path)
    if version >= MIN_VERSION:
        return path
    line = f"{path} is ClickHouse {version or 'of an unknown version'}, and {MIN_VERSION} or newer is needed"
    if configured:
        raise StackError(f"{line}: set {BINARY_VARIABLE} to another, or unset it")
    print(f"{line}: its engine is used instead", flush=True)
    return None


def _major_version(binary: str) -> int:
    """``ClickHouse server version 26.9.1.1 (official build).`` → 26; 0 where it says nothing of the kind."""
    try:
        run = subprocess.run([binary, "server", "--version"], capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.search(r"version (\d+)\.", run.stdout)
    return int(match[1]) if match else 0


def server_part(setting: Setting, binary: str, url: str, user: str, database: str) -> Part:
    """The server with one user, who comes from this machine only."""
    port, run = setting.port("clickhouse"), setting.layout.run("clickhouse")
    data = setting.layout.data("clickhouse-server")  # the front's own is not for a server
    config, users = run / "config.xml", run / "users.xml"

    def prepare() -> None:
        for directory in (data, run):
            directory.mkdir(parents=True, exist_ok=True)
        write_config(config, users, data=data, port=port, user=user, password=setting.secrets.clickhouse)

    def probe() -> None:
        knock(port)
        clickhouse_query(url)

    return Part(
        name="clickhouse",
        argv=(binary, "server", f"--config-file={config}"),
        env={**setting.environ, "CLICKHOUSE_WATCHDOG_ENABLE": "0"},  # the supervisor is its watchdog
        tier="store",
        port=port,
        prepare=prepare,
        probe=probe,
        settle=lambda: make_database(url, database),
        alive=partial(clickhouse_query, url),
        stop_timeout_s=20.0,
    )


def make_database(url: str, database: str) -> None:
    """The product's migrations make tables only."""
    clickhouse_execute(url, f"CREATE DATABASE IF NOT EXISTS {database}")


def write_config(config: Path, users: Path, *, data: Path, port: int, user: str, password: str) -> None:
    """The two files; the password is in neither, only its hash."""
    write_private(config, _CONFIG.format(port=port, data=escape(str(data)), users=escape(str(users))).encode())
    password_hash = hashlib.sha256(password.encode()).hexdigest()
    write_private(users, _USERS.format(user=user, password_hash=password_hash).encode())
