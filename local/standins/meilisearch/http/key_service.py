"""API keys: a call in, a status and a JSON value out."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any
from uuid import UUID

import msgspec

from local.standins.meilisearch.errors import MeiliError
from local.standins.meilisearch.http.call import Answer, Call, page
from local.standins.meilisearch.index.key_rows import KeyRow, KeyRows
from local.standins.meilisearch.index.store import now_text
from local.standins.meilisearch.keys import Keys

ACTIONS = {
    "*", "search", "documents.*", "documents.add", "documents.get", "documents.delete", "indexes.*", "indexes.create",
    "indexes.get", "indexes.update", "indexes.delete", "indexes.swap", "tasks.*", "tasks.get", "tasks.cancel",
    "tasks.delete", "settings.*", "settings.get", "settings.update", "stats.*", "stats.get", "version", "keys.create",
    "keys.get", "keys.update", "keys.delete",
}  # fmt: skip
"""Of https://www.meilisearch.com/docs/reference/api/keys, those of routes that are served, and their neighbours."""
_REQUIRED = ("actions", "indexes", "expiresAt")


class KeyService:
    """Makes, shows and removes API keys."""

    def __init__(self, keys: Keys, rows: KeyRows) -> None:
        """``keys`` tell their texts."""
        self._keys, self._rows = keys, rows

    def key_create(self, call: Call) -> Answer:
        """Make a key; its uid may be given, so that its text is known before."""
        body = call.json()
        for name in _REQUIRED:
            if not isinstance(body, dict) or name not in body:
                raise MeiliError(f"missing_api_key_{_snake(name)}", f"Missing field `{name}`")
        row = KeyRow(
            uid=_checked(body.get("uid"), UUID, "uid") or uuid.uuid4(),
            name=_checked(body.get("name"), str, "name"),
            description=_checked(body.get("description"), str, "description"),
            actions=tuple(_checked(body["actions"], list[str], "actions") or ()),
            indexes=tuple(_checked(body["indexes"], list[str], "indexes") or ()),
            expires_at=_checked(body["expiresAt"], dt.datetime, "expires_at"),
            created_at=now_text(),
        )
        for action in row.actions:
            if action not in ACTIONS:
                message = f"Unknown value `{action}` at `.actions`: expected one of {', '.join(sorted(ACTIONS))}"
                raise MeiliError("invalid_api_key_actions", message)
        if not self._rows.add(row):
            raise MeiliError(
                "api_key_already_exists", f"`uid` field value `{row.uid}` is already an existing API key.", status=409
            )
        return 201, self._show_key(row)

    def keys_list(self, call: Call) -> Answer:
        """Each key."""
        return 200, page([self._show_key(row) for row in self._rows.every()], call, "api_key")

    def key_get(self, call: Call, uid_or_key: str) -> Answer:
        """One key."""
        return 200, self._show_key(self._find_key(uid_or_key))

    def key_delete(self, call: Call, uid_or_key: str) -> Answer:
        """Remove a key."""
        self._rows.remove(self._find_key(uid_or_key).uid)
        return 204, None

    def _find_key(self, uid_or_key: str) -> KeyRow:
        row = self._keys.find_key(uid_or_key)
        if row is None:
            raise MeiliError("api_key_not_found", f"API key `{uid_or_key}` not found.", status=404)
        return row

    def _show_key(self, row: KeyRow) -> dict[str, Any]:
        return {
            "name": row.name, "description": row.description, "key": self._keys.text_of(row.uid), "uid": str(row.uid),
            "actions": row.actions, "indexes": row.indexes, "expiresAt": row.expires_at, "createdAt": row.created_at,
            "updatedAt": row.created_at,
        }  # fmt: skip


def _snake(name: str) -> str:
    return "expires_at" if name == "expiresAt" else name


def _checked(value: Any, kind: Any, name: str) -> Any:
    if value is None and name not in ("actions", "indexes"):
        return None
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        message = f"Invalid value type at `.{name}`: {error}"
        raise MeiliError(f"invalid_api_key_{name}", message) from None
