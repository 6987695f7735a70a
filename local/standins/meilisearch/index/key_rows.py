"""The rows of API keys. Their texts are not kept: they follow from the master key."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import msgspec

from local.standins.meilisearch.index.store import Store, now_text


class KeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """One API key."""

    uid: UUID
    name: str | None
    description: str | None
    actions: tuple[str, ...]
    indexes: tuple[str, ...]
    expires_at: dt.datetime | None
    created_at: str


class KeyRows:
    """Reads and writes them."""

    def __init__(self, store: Store) -> None:
        """``store`` has the table."""
        self._store = store

    def every(self) -> list[KeyRow]:
        """Each key, the newest first."""
        sql = "select body from keys order by created_at desc, uid"
        return [msgspec.json.decode(body, type=KeyRow) for (body,) in self._store.read().execute(sql)]

    def find_key(self, uid: UUID) -> KeyRow | None:
        """A key by its uid."""
        row = self._store.read().execute("select body from keys where uid = ?", (str(uid),)).fetchone()
        return msgspec.json.decode(row[0], type=KeyRow) if row is not None else None

    def add(self, row: KeyRow) -> bool:
        """Keep a new key; False where its uid is taken."""
        sql = "insert into keys (uid, created_at, body) values (?, ?, ?) on conflict do nothing"
        with self._store.write() as connection:
            cursor = connection.execute(sql, (str(row.uid), now_text(), msgspec.json.encode(row).decode()))
            return cursor.rowcount == 1

    def remove(self, uid: UUID) -> None:
        """Forget a key; its tenant tokens end with it."""
        with self._store.write() as connection:
            connection.execute("delete from keys where uid = ?", (str(uid),))
