"""The SQLite store of indexes, documents and tasks, from which the full-text index is derived."""

from __future__ import annotations

import datetime as dt
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from local.standins.meilisearch.errors import index_not_found

_SCHEMA = """
create table if not exists indexes (
  no integer primary key, uid text not null unique, primary_key text, settings text not null default '{}',
  created_at text not null, updated_at text not null, dirty integer not null default 0);
create table if not exists documents (
  no integer primary key autoincrement, index_no integer not null, id text not null, body text not null,
  unique (index_no, id));
create table if not exists attributes (
  index_no integer not null, field text not null, kind text not null, text text, folded text, number real,
  document_no integer not null);
create index if not exists attributes_text on attributes (index_no, field, kind, folded, document_no);
create index if not exists attributes_number on attributes (index_no, field, kind, number, document_no);
create index if not exists attributes_document on attributes (document_no);
create table if not exists vectors (
  index_no integer not null, embedder text not null, document_no integer not null, part integer not null,
  body blob not null, primary key (index_no, embedder, document_no, part)) without rowid;
create table if not exists paths (index_no integer not null, path text not null, primary key (index_no, path));
create table if not exists tasks (
  uid integer primary key autoincrement, index_uid text, status text not null, type text not null, details text,
  error text, canceled_by integer, enqueued_at text not null, started_at text, finished_at text, custom_metadata text,
  payload text);
create table if not exists keys (uid text primary key, created_at text not null, body text not null);
create index if not exists tasks_waiting on tasks (uid) where status in ('enqueued', 'processing');
"""


def now_text() -> str:
    """The time now, as `time_text`."""
    return time_text(dt.datetime.now(dt.UTC))


def time_text(at: dt.datetime) -> str:
    """A time in UTC as Meilisearch writes it: its clients require the fraction of a second."""
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


class IndexRow(msgspec.Struct, frozen=True, kw_only=True):
    """One index."""

    number: int
    uid: str
    primary_key: str | None
    settings: dict[str, Any]
    created_at: str
    updated_at: str
    dirty: bool

    def public(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "uid": self.uid,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
            "primaryKey": self.primary_key,
        }


class Store:
    """One file; a connection per thread, one writer at a time."""

    def __init__(self, path: Path) -> None:
        """Open or make the file."""
        self._path = path
        self._local = threading.local()
        self._writing = threading.RLock()
        self.read().executescript(_SCHEMA)

    def read(self) -> sqlite3.Connection:
        """This thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._path, timeout=30, isolation_level=None)
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = full")
            self._local.connection = connection
        return connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it or nothing."""
        connection = self.read()
        with self._writing:
            connection.execute("begin immediate")
            try:
                yield connection
            except BaseException:
                connection.execute("rollback")
                raise
            connection.execute("commit")

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """A transaction that reads one state of everything."""
        connection = self.read()
        connection.execute("begin")
        try:
            yield connection
        finally:
            connection.execute("commit")

    def indexes(self) -> list[IndexRow]:
        """All indexes by uid."""
        sql = "select no, uid, primary_key, settings, created_at, updated_at, dirty from indexes order by uid"
        return [
            IndexRow(
                number=no,
                uid=uid,
                primary_key=key,
                settings=msgspec.json.decode(settings),
                created_at=created,
                updated_at=updated,
                dirty=bool(dirty),
            )
            for no, uid, key, settings, created, updated, dirty in self.read().execute(sql)
        ]

    def find_index(self, uid: str) -> IndexRow | None:
        """One index, if it is there."""
        return next((row for row in self.indexes() if row.uid == uid), None)

    def index(self, uid: str) -> IndexRow:
        """One index; raises MeiliError index_not_found."""
        row = self.find_index(uid)
        if row is None:
            raise index_not_found(uid)
        return row

    def bodies(self, numbers: list[int]) -> dict[int, dict[str, Any]]:
        """Documents by their numbers; those that are gone are absent."""
        documents: dict[int, dict[str, Any]] = {}
        for start in range(0, len(numbers), 500):
            part = numbers[start : start + 500]
            marks = ",".join("?" * len(part))
            sql = f"select no, body from documents where no in ({marks})"  # noqa: S608  question marks only
            documents |= {no: msgspec.json.decode(body) for no, body in self.read().execute(sql, part)}
        return documents

    def paths(self, index_no: int) -> list[str]:
        """Every attribute of an index that holds text to be found."""
        sql = "select path from paths where index_no = ? order by path"
        return [row[0] for row in self.read().execute(sql, (index_no,))]

    def count(self, index_no: int) -> int:
        """Documents in an index."""
        row = self.read().execute("select count(*) from documents where index_no = ?", (index_no,)).fetchone()
        return int(row[0])
