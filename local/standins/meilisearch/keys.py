"""API keys and tenant tokens: who may do what on which index. The master key may do all."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

from local.standins.meilisearch.errors import MeiliError, invalid_key, missing_header
from local.standins.meilisearch.index.store import Store, now_text

_COLUMNS = "uid, name, description, actions, indexes, expires_at, created_at, updated_at"
NAMESPACE = uuid.UUID("6b1d3c0e-52f7-5d0f-9a55-0b4f0e3c9d21")
_DEFAULTS = (
    ("Default Search API Key", "Use it to search from the frontend", ["search"]),
    ("Default Admin API Key", "Use it for anything that is not a search operation. Keep it secret", ["*"]),
)  # fmt: skip


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller may do. ``rules``: a tenant token's filter for each index pattern, None without a token."""

    actions: tuple[str, ...]
    indexes: tuple[str, ...]
    rules: Mapping[str, Any] | None = None

    def require(self, action: str, index: str | None = None) -> None:
        """Raise MeiliError invalid_api_key unless allowed."""
        group = action.split(".", maxsplit=1)[0] + ".*"
        if not {"*", action, group} & set(self.actions) or (self.rules is not None and action != "search"):
            raise invalid_key()
        if index is not None and not any(_fits(pattern, index) for pattern in self.indexes):
            raise invalid_key()
        if index is not None and self.rules is not None and not any(_fits(p, index) for p in self.rules):
            raise invalid_key()

    def filter_for(self, index: str) -> object:
        """The filter that a tenant token adds to each search of an index: the most exact pattern's."""
        fitting = sorted((p for p in self.rules or {} if _fits(p, index)), key=len, reverse=True)
        exact = [index] if index in (self.rules or {}) else fitting
        rule = (self.rules or {}).get(exact[0]) if exact else None
        return rule.get("filter") if isinstance(rule, Mapping) else None


MASTER = Access(actions=("*",), indexes=("*",))


def _fits(pattern: str, index: str) -> bool:
    return pattern in ("*", index) or (pattern.endswith("*") and index.startswith(pattern[:-1]))


def _unpack(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


class Keys:
    """The keys of one server. A key's secret is derived from the master key and its uid, as in Meilisearch."""

    def __init__(self, store: Store, master: str) -> None:
        """Makes the two default keys once."""
        self._store, self._master = store, master
        for name, description, actions in _DEFAULTS:
            identity = str(uuid.uuid5(NAMESPACE, name))
            if self._row(identity) is None:
                self._insert(
                    {"uid": identity, "name": name, "description": description, "actions": actions, "indexes": ["*"]}
                )

    def secret(self, identity: str) -> str:
        """The key that a caller sends."""
        return hmac.new(self._master.encode(), identity.encode(), hashlib.sha256).hexdigest()

    def access(self, authorization: str | None) -> Access:
        """What the sender of an Authorization header may do."""
        if not authorization:
            raise missing_header()
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise missing_header()
        if hmac.compare_digest(given.encode(), self._master.encode()):
            return MASTER
        for key in self.list():
            if hmac.compare_digest(given.encode(), key["key"].encode()):
                return self._access_of(key)
        return self._tenant(given)

    def _access_of(self, key: Mapping[str, Any]) -> Access:
        if key["expiresAt"] and dt.datetime.fromisoformat(key["expiresAt"]) <= dt.datetime.now(dt.UTC):
            raise invalid_key()
        return Access(actions=tuple(key["actions"]), indexes=tuple(key["indexes"]))

    def _tenant(self, token: str) -> Access:
        """Access of a tenant token: a JWT (HS256) signed with an API key, naming that key's uid."""
        try:
            head, body, signature = token.split(".")
            header, claims = msgspec.json.decode(_unpack(head)), msgspec.json.decode(_unpack(body))
            identity, rules, expires = str(claims["apiKeyUid"]), claims["searchRules"], claims.get("exp")
            given = _unpack(signature)
        except (ValueError, KeyError, TypeError, AttributeError, binascii.Error, msgspec.DecodeError):
            raise invalid_key() from None
        key = self._row(identity)
        expected = hmac.new(self.secret(identity).encode(), f"{head}.{body}".encode(), hashlib.sha256).digest()
        if key is None or header.get("alg") != "HS256" or not hmac.compare_digest(given, expected):
            raise invalid_key()
        if expires is not None and expires <= dt.datetime.now(dt.UTC).timestamp():
            raise invalid_key()
        parent = self._access_of(key)
        named = dict.fromkeys(rules) if isinstance(rules, list) else rules
        return Access(actions=parent.actions, indexes=parent.indexes, rules=named)

    def _shown(self, row: tuple[Any, ...]) -> dict[str, Any]:
        identity, name, description, actions, indexes, expires, created, updated = row
        return {
            "uid": identity,
            "key": self.secret(identity),
            "name": name,
            "description": description,
            "actions": msgspec.json.decode(actions),
            "indexes": msgspec.json.decode(indexes),
            "expiresAt": expires,
            "createdAt": created,
            "updatedAt": updated,
        }

    def _row(self, identity: str) -> dict[str, Any] | None:
        row = self._store.read().execute(f"select {_COLUMNS} from keys where uid = ?", (identity,)).fetchone()  # noqa: S608
        return self._shown(row) if row else None

    def list(self) -> list[dict[str, Any]]:
        """Every key, newest first."""
        rows = self._store.read().execute(f"select {_COLUMNS} from keys order by created_at desc, name desc")  # noqa: S608
        return [self._shown(row) for row in rows]

    def get(self, wanted: str) -> dict[str, Any]:
        """A key by its uid or by itself."""
        for key in self.list():
            if wanted in (key["uid"], key["key"]):
                return key
        raise MeiliError("api_key_not_found", f"API key `{wanted}` not found.", status=404)

    def create(self, given: object) -> dict[str, Any]:
        """A new key."""
        if not isinstance(given, dict):
            raise MeiliError("bad_request", "Invalid value type: expected an object")
        for name in ("actions", "indexes", "expiresAt"):
            if name not in given:
                raise MeiliError(f"missing_api_key_{name.replace('At', '_at').lower()}", f"Missing field `{name}`")
        identity = str(given.get("uid") or uuid.uuid4())
        if self._row(identity):
            message = f"`uid` field value `{identity}` is already an existing API key."
            raise MeiliError("api_key_already_exists", message, status=409)
        self._insert({**given, "uid": identity})
        return self.get(identity)

    def _insert(self, key: Mapping[str, Any]) -> None:
        now = now_text()
        lists = (msgspec.json.encode(key["actions"]).decode(), msgspec.json.encode(key["indexes"]).decode())
        row = (key["uid"], key.get("name"), key.get("description"), *lists, key.get("expiresAt"), now, now)
        with self._store.write() as connection:
            connection.execute(f"insert into keys ({_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?)", row)  # noqa: S608

    def update(self, wanted: str, given: object) -> dict[str, Any]:
        """Another name or description; nothing else may change."""
        key = self.get(wanted)
        if not isinstance(given, dict):
            raise MeiliError("bad_request", "Invalid value type: expected an object")
        for name in given:
            if name not in ("name", "description"):
                code = "immutable_api_key_" + name.replace("At", "_at").lower()
                raise MeiliError(code, f"Immutable field `{name}`: expected one of `description`, `name`")
        changed = {**key, **given}
        with self._store.write() as connection:
            sql = "update keys set name = ?, description = ?, updated_at = ? where uid = ?"
            connection.execute(sql, (changed["name"], changed["description"], now_text(), key["uid"]))
        return self.get(key["uid"])

    def delete(self, wanted: str) -> None:
        """Take a key back."""
        key = self.get(wanted)
        with self._store.write() as connection:
            connection.execute("delete from keys where uid = ?", (key["uid"],))
