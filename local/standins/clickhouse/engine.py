"""chDB in this process: a connection per statement, or per session, whose statements run in turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import chdb
import msgspec

from local.standins.clickhouse.errors import FrontError
from local.standins.clickhouse.request import Statement
from local.standins.clickhouse.statement_guard import Guard

Connection: TypeAlias = Any
"""A chdb connection (the library ships no usable types)."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes in the asked format, and what was read and written."""

    body: bytes
    format: str
    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    result_rows: int = 0


class Session:
    """A kept connection with what was SET in it."""

    def __init__(self, connection: Connection) -> None:
        """``lock`` is held by the one statement that runs."""
        self.connection = connection
        self.lock = threading.Lock()
        self.expires_at = 0.0


def quote(text: str) -> str:
    """A string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def identifier(name: str) -> str:
    """A quoted name."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def apply_settings(connection: Connection, settings: Mapping[str, str]) -> None:
    """SET them; ``readonly`` last, because nothing can be set after it."""
    ordered = sorted(settings.items(), key=lambda item: item[0] == "readonly")
    if ordered:
        connection.query("SET " + ", ".join(f"{identifier(name)} = {quote(value)}" for name, value in ordered))


class Engine:
    """One data directory. chDB allows one process a directory, and any number of connections in it."""

    def __init__(self, data: Path, database: str) -> None:
        """Open (or make) the directory and the default database."""
        data.mkdir(parents=True, exist_ok=True)
        self._path = str(data)
        self._keeper: Connection = chdb.connect(self._path)
        self._default = database
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()
        self._keeper.query(f"CREATE DATABASE IF NOT EXISTS {identifier(database)}")
        names = self._keeper.query("SELECT name FROM system.table_functions", "TSV").bytes().decode().split()
        self.guard = Guard(names)
        self.timezone: str = self._keeper.query("SELECT timezone()", "TSV").bytes().decode().strip()

    def run(self, statement: Statement, *, reading: bool) -> Answer:
        """Run one statement. Raises FrontError, or chdb's own error, whose text is ClickHouse's."""
        self.guard.check(statement.sql.encode(), reading=reading)
        if statement.session_id and "readonly" not in statement.settings:
            with self._session(statement) as connection, self._apply_settings(connection, statement.settings):
                return self._execute(connection, statement)
        connection = self._open()
        try:
            return self._execute(connection, statement)
        finally:
            connection.close()

    def _open(self) -> Connection:
        connection = chdb.connect(self._path)
        connection.query(f"USE {identifier(self._default)}")
        return connection

    def _execute(self, connection: Connection, statement: Statement) -> Answer:
        if statement.database:
            connection.query(f"USE {identifier(statement.database)}")
        apply_settings(connection, statement.settings)
        if statement.data is not None:
            return self._insert(connection, statement.sql, statement.format, statement.data)
        result = connection.query(statement.sql, statement.format, params=dict(statement.parameters) or None)
        return Answer(
            body=result.bytes() or b"",
            format=statement.format,
            read_rows=result.storage_rows_read() or 0,
            read_bytes=result.storage_bytes_read() or 0,
            result_rows=result.rows_read() or 0,
        )

    def _insert(self, connection: Connection, sql: str, form: str, data: bytes) -> Answer:
        inserter = connection.send_insert(sql, form)
        try:
            if data:
                inserter.append(data)
            done = inserter.finish()
        except BaseException:
            inserter.cancel()
            raise
        return Answer(body=b"", format=form, written_rows=done.rows_written, written_bytes=done.bytes_written)

    @contextmanager
    def _session(self, statement: Statement) -> Iterator[Connection]:
        with self._lock:
            self._expire()
            session = self._sessions.get(statement.session_id)
            if session is None:
                if statement.session_must_exist:
                    raise FrontError(372, "SESSION_NOT_FOUND", f"Session {statement.session_id} not found")
                session = self._sessions[statement.session_id] = Session(self._open())
            if not session.lock.acquire(blocking=False):
                raise FrontError(
                    373, "SESSION_IS_LOCKED", f"Session {statement.session_id} is locked by a concurrent client"
                )
        try:
            yield session.connection
        finally:
            session.expires_at = time.monotonic() + statement.session_s
            session.lock.release()

    def _expire(self) -> None:
        now = time.monotonic()
        for name, session in list(self._sessions.items()):
            if session.expires_at < now and not session.lock.locked():
                session.connection.close()
                del self._sessions[name]

    @contextmanager
    def _apply_settings(self, connection: Connection, settings: Mapping[str, str]) -> Iterator[None]:
        """Settings of a request end with it; what the session itself SET stays."""
        if not settings:
            yield
            return
        names = ", ".join(quote(name) for name in settings)
        sql = f"SELECT name, value, changed FROM system.settings WHERE name IN ({names})"  # noqa: S608  quoted just above
        rows = msgspec.json.decode(connection.query(sql, "JSONCompact").bytes())["data"]
        try:
            yield
        finally:
            back = [f"{identifier(n)} = {quote(v) if changed else 'DEFAULT'}" for n, v, changed in rows]
            if back:
                connection.query("SET " + ", ".join(back))

    def close(self) -> None:
        """Close every connection, the keeper last: that writes everything out."""
        with self._lock:
            for session in self._sessions.values():
                session.connection.close()
            self._sessions.clear()
        self._keeper.close()
