"""Documents of an index: add, replace, update, delete, with the derived indexes kept in step.

SQLite is written first, with the index marked dirty; then tantivy; then the mark is taken away. An index that is
still dirty at start is rebuilt, so a kill at any moment loses nothing.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from sqlite3 import Connection
from typing import Any

import msgspec

from local.standins.meilisearch.errors import MeiliError
from local.standins.meilisearch.index.attributes import Values
from local.standins.meilisearch.index.fulltext import FullText, searchable_texts
from local.standins.meilisearch.index.index_settings import REBUILDS, merge_defaults, update_settings
from local.standins.meilisearch.index.store import IndexRow, Store, now_text
from local.standins.meilisearch.index.vectors import FIELD, Embedders, Vectors, read_vectors

_IDENTITY = re.compile(r"^[A-Za-z0-9_-]{1,511}$")
_MANUALLY = "Please specify the primary key manually using the `primaryKey` query parameter."


def identity_of(document: Mapping[str, Any], primary_key: str) -> str:
    """The id of a document as text; raises MeiliError when it has none or a bad one."""
    if primary_key not in document:
        excerpt = msgspec.json.encode(document)[:200].decode(errors="replace")
        message = f"Document doesn't have a `{primary_key}` attribute: `{excerpt}`."
        raise MeiliError("missing_document_id", message)
    value = document[primary_key]
    if isinstance(value, bool) or not isinstance(value, (str, int)) or not _IDENTITY.match(str(value)):
        message = (
            f"Document identifier `{value!r}` is invalid. A document identifier can be of type integer or string, only "
            "composed of alphanumeric characters (a-z A-Z 0-9), hyphens (-) and underscores (_), "
            "and can not be more than 511 bytes."
        )
        raise MeiliError("invalid_document_id", message)
    return str(value)


def guess_primary_key(document: Mapping[str, Any]) -> str:
    """The one attribute that ends in ``id``; raises MeiliError for none, or several."""
    candidates = [name for name in document if name.lower().endswith("id")]
    if not candidates:
        detail = "the engine did not find any field ending with `id` in its name"
        message = f"The primary key inference failed as {detail}. {_MANUALLY}"
        raise MeiliError("index_primary_key_no_candidate_found", message)
    if len(candidates) > 1:
        message = (
            f"The primary key inference failed as the engine found {len(candidates)} fields ending with `id` "
            f"in their names: '{candidates[0]}' and '{candidates[1]}'. {_MANUALLY}"
        )
        raise MeiliError("index_primary_key_multiple_candidates_found", message)
    return candidates[0]


Document = dict[str, Any]


class Library:
    """All indexes of one data folder. One thread writes (the tasks' runner), any thread reads."""

    def __init__(self, folder: Path, store: Store) -> None:
        """Open every index; rebuild those that a kill left dirty."""
        self.store = store
        self._folder = folder
        self._open: dict[int, FullText] = {}
        self.vectors = Vectors(store)
        self._lock = threading.Lock()
        for row in store.indexes():
            if row.dirty:
                self.rebuild(row)

    def fulltext(self, index_no: int) -> FullText:
        """The full-text side of an index."""
        with self._lock:
            if index_no not in self._open:
                self._open[index_no] = FullText(self._folder / f"index-{index_no}")
            return self._open[index_no]

    def close(self) -> None:
        """Close every index."""
        for opened in self._open.values():
            opened.close()

    def create(self, uid: str, primary_key: str | None) -> IndexRow:
        """Make an index; it may not exist."""
        now = now_text()
        with self.store.write() as connection:
            sql = "insert into indexes (uid, primary_key, created_at, updated_at) values (?, ?, ?, ?)"
            connection.execute(sql, (uid, primary_key, now, now))
        return self.store.index(uid)

    def drop(self, row: IndexRow) -> None:
        """Forget an index and all in it."""
        with self.store.write() as connection:
            for table, column in (
                *((t, "index_no") for t in ("attributes", "documents", "paths", "vectors")),
                ("indexes", "no"),
            ):
                connection.execute(f"delete from {table} where {column} = ?", (row.number,))  # noqa: S608  fixed names
        with self._lock:
            opened = self._open.pop(row.number, None)
        (opened or FullText(self._folder / f"index-{row.number}")).destroy()

    def set_primary_key(self, row: IndexRow, primary_key: str) -> None:
        """Name the primary key; refused once there are documents."""
        if row.primary_key != primary_key and self.store.count(row.number):
            message = f"Index `{row.uid}`: Index already has a primary key: `{row.primary_key}`."
            raise MeiliError("index_primary_key_already_exists", message)
        with self.store.write() as connection:
            sql = "update indexes set primary_key = ?, updated_at = ? where no = ?"
            connection.execute(sql, (primary_key, now_text(), row.number))

    def put(self, uid: str, documents: Sequence[Document], primary_key: str | None, *, partial: bool) -> int:
        """Add or replace documents (``partial``: merge), all or none. Creates a missing index."""
        row = self.store.find_index(uid) or self.create(uid, primary_key)
        key = row.primary_key or primary_key or (guess_primary_key(documents[0]) if documents else None)
        if primary_key and key != primary_key:
            self.set_primary_key(row, primary_key)
        identities = [identity_of(document, key or "") for document in documents]
        settings = merge_defaults(row.settings)
        changed: dict[int, Document] = {}
        with self.store.write() as connection:
            self._touch(connection, row, key)
            values = Values(connection, row.number)
            for identity, document in zip(identities, documents, strict=True):
                number, body = self._upsert(connection, row, identity, document, settings["embedders"], partial=partial)
                values.put(number, body, self._value_attributes(settings))
                changed[number] = body
        self._write_texts(row, changed, settings)
        return len(documents)

    def _upsert(
        self,
        connection: Connection,
        row: IndexRow,
        identity: str,
        document: Document,
        embedders: Embedders,
        *,
        partial: bool,
    ) -> tuple[int, Document]:
        provided = read_vectors(document, embedders, identity)
        document = _remove_vectors(document, provided)
        sql = "select no, body from documents where index_no = ? and id = ?"
        stored = connection.execute(sql, (row.number, identity)).fetchone()
        body = {**msgspec.json.decode(stored[1]), **document} if stored and partial else document
        text = msgspec.json.encode(body).decode()
        if stored:
            number = int(stored[0])
            connection.execute("update documents set body = ? where no = ?", (text, number))
        else:
            sql = "insert into documents (index_no, id, body) values (?, ?, ?)"
            number = int(connection.execute(sql, (row.number, identity, text)).lastrowid or 0)
        missing = [] if stored and partial else [name for name in embedders if name not in provided]
        self.vectors.put(connection, row.number, number, provided, missing)
        return number, body

    def delete(self, row: IndexRow, numbers: Iterable[int]) -> int:
        """Delete documents by number."""
        gone = list(numbers)
        with self.store.write() as connection:
            self._touch(connection, row, row.primary_key)
            for number in gone:
                connection.execute("delete from attributes where document_no = ?", (number,))
                connection.execute("delete from documents where no = ?", (number,))
                self.vectors.remove(connection, row.number, number)
        opened = self.fulltext(row.number)
        for number in gone:
            opened.remove(number)
        self._finish(row)
        return len(gone)

    def change_settings(self, row: IndexRow, change: Mapping[str, Any]) -> None:
        """Store settings, and reindex if they require it."""
        stored = update_settings(row.settings, change)
        rebuild = any(merge_defaults(row.settings)[name] != merge_defaults(stored)[name] for name in REBUILDS)
        with self.store.write() as connection:
            self._change_embedders(connection, row, merge_defaults(stored)["embedders"])
            sql = "update indexes set settings = ?, updated_at = ?, dirty = dirty or ? where no = ?"
            values = (msgspec.json.encode(stored).decode(), now_text(), rebuild, row.number)
            connection.execute(sql, values)
        if rebuild:
            self.rebuild(self.store.index(row.uid))

    def _change_embedders(self, connection: Connection, row: IndexRow, embedders: Embedders) -> None:
        """Vectors of embedders that go are forgotten; for new ones every document must bring its own, or none."""
        before = merge_defaults(row.settings)["embedders"]
        for name in [name for name in before if before[name] != embedders.get(name)]:
            self.vectors.forget(connection, row.number, name)
        fresh = {name: rules for name, rules in embedders.items() if before.get(name) != rules}
        if not fresh:
            return
        sql = "select no, id, body from documents where index_no = ?"
        for number, identity, text in connection.execute(sql, (row.number,)).fetchall():
            provided = read_vectors(msgspec.json.decode(text), fresh, identity)
            self.vectors.put(connection, row.number, number, provided, [name for name in fresh if name not in provided])

    def rebuild(self, row: IndexRow) -> None:
        """Derive values and texts of every document again."""
        settings = merge_defaults(row.settings)
        with self.store.write() as connection:
            self._touch(connection, row, row.primary_key)
            connection.execute("delete from attributes where index_no = ?", (row.number,))
            connection.execute("delete from paths where index_no = ?", (row.number,))
            values = Values(connection, row.number)
            sql = "select no, body from documents where index_no = ?"
            bodies = {no: msgspec.json.decode(body) for no, body in connection.execute(sql, (row.number,))}
            for number, body in bodies.items():
                values.put(number, body, self._value_attributes(settings))
        self.fulltext(row.number).clear()
        self._write_texts(row, bodies, settings)

    @staticmethod
    def _value_attributes(settings: Mapping[str, Any]) -> list[str]:
        rules = [rule.split(":")[0] for rule in settings["rankingRules"] if ":" in rule]
        return [*settings["filterableAttributes"], *settings["sortableAttributes"], *rules]

    @staticmethod
    def _touch(connection: Connection, row: IndexRow, primary_key: str | None) -> None:
        sql = "update indexes set dirty = 1, primary_key = ?, updated_at = ? where no = ?"
        connection.execute(sql, (primary_key, now_text(), row.number))

    def _write_texts(self, row: IndexRow, documents: Mapping[int, Document], settings: Mapping[str, Any]) -> None:
        opened = self.fulltext(row.number)
        paths: set[str] = set()
        for number, body in documents.items():
            texts = searchable_texts(body, settings["searchableAttributes"])
            opened.put(number, texts, settings["localizedAttributes"])
            paths |= texts.keys()
        self._finish(row, paths)

    def _finish(self, row: IndexRow, paths: Iterable[str] = ()) -> None:
        self.fulltext(row.number).commit()
        with self.store.write() as connection:
            connection.executemany("insert or ignore into paths values (?, ?)", [(row.number, path) for path in paths])
            connection.execute("update indexes set dirty = 0 where no = ?", (row.number,))


def _remove_vectors(document: Document, embedders: Iterable[str]) -> Document:
    """A document without the vectors of configured embedders, which are stored apart from it."""
    if FIELD not in document:
        return document
    left = {name: value for name, value in document[FIELD].items() if name not in embedders}
    body = {name: value for name, value in document.items() if name != FIELD}
    return body | ({FIELD: left} if left else {})
