"""Check of callers: the master key, API keys made from it, and tenant tokens signed by those.

As in Meilisearch: a key's text is HMAC-SHA256 of its uid under the master key; a tenant token is a JWT that narrows a
key to some indexes and adds a filter to each search. Sources: ``extractors/authentication`` of its server, and
meilisearch.com/docs/learn/security/tenant_token_reference.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from local.standins.meilisearch.errors import invalid_key, missing_header
from local.standins.meilisearch.index.key_rows import KeyRow, KeyRows

ALGORITHMS = ["HS256", "HS384", "HS512"]


class Claims(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a tenant token says; other claims count for nothing."""

    api_key_uid: UUID
    search_rules: dict[str, dict[str, Any] | None] | list[str]
    exp: int | None = None


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller may do.

    ``rules``: of a tenant token, by pattern of an index's name; None: there is no token.
    """

    actions: tuple[str, ...] = ("*",)
    indexes: tuple[str, ...] = ("*",)
    rules: Mapping[str, Mapping[str, Any] | None] | None = None

    def may(self, action: str) -> bool:
        """Whether an action is allowed, by its name or as one of a group, ``documents.*``."""
        return any(_matches(pattern, action) for pattern in self.actions)

    def reaches(self, index: str) -> bool:
        """Whether an index may be reached: by the key, and by the token too where there is one."""
        patterns = (self.indexes,) if self.rules is None else (self.indexes, tuple(self.rules))
        return all(any(_matches(pattern, index) for pattern in several) for several in patterns)

    def check_index(self, index: str) -> None:
        """Raise MeiliError for an index that may not be reached."""
        if self.rules is not None and not any(_matches(pattern, index) for pattern in self.rules):
            listed = _listed(self.rules)
            raise invalid_key(
                f"The provided tenant token cannot acces the index `{index}`, allowed indexes are {listed}."
            )
        if not any(_matches(pattern, index) for pattern in self.indexes):
            if self.rules is not None:
                raise invalid_key(f"The API key used to generate this tenant token cannot acces the index `{index}`.")
            raise invalid_key(
                f"The API key cannot acces the index `{index}`, authorized indexes are {_listed(self.indexes)}."
            )

    def narrow(self, index: str, search_filter: Any) -> Any:
        """The filter of a search and that of the token: both must hold."""
        token_filter = self._filter(index)
        if token_filter is None or search_filter is None:
            return search_filter if token_filter is None else token_filter
        several = [part if isinstance(part, list) else [part] for part in (search_filter, token_filter)]
        return [*several[0], *several[1]]

    def _filter(self, index: str) -> Any:
        """The filter of the narrowest rule that names an index."""
        fitting = [pattern for pattern in self.rules or () if _matches(pattern, index)]
        if not fitting or self.rules is None:
            return None
        narrowest = max(fitting, key=lambda pattern: (not pattern.endswith("*"), len(pattern)))
        return (self.rules[narrowest] or {}).get("filter")


EVERYTHING = Grant()
"""Of the master key."""


def _matches(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _listed(names: Any) -> str:
    return "[" + ", ".join(f'"{name}"' for name in sorted(names)) + "]"


class Keys:
    """The keys of one server."""

    def __init__(self, master: str, rows: KeyRows) -> None:
        """``rows``: the API keys that were made."""
        self._master, self._rows = master, rows

    def text_of(self, uid: UUID) -> str:
        """The key's own text, which follows from the master key."""
        return hmac.new(self._master.encode(), str(uid).encode(), hashlib.sha256).hexdigest()

    def find_key(self, uid_or_key: str) -> KeyRow | None:
        """An API key by its uid or by its text."""
        return next((row for row in self._rows.every() if uid_or_key in (str(row.uid), self.text_of(row.uid))), None)

    def grant(self, authorization: str | None, action: str) -> Grant:
        """What the caller of a route may do; ``action`` is that of the route. Raises MeiliError."""
        scheme, _, key = (authorization or "").partition(" ")
        if scheme != "Bearer":
            raise missing_header()
        if hmac.compare_digest(key.encode(), self._master.encode()):
            return EVERYTHING
        grant = self._of_token(key) if action == "search" and key.count(".") == 2 else self._of_key(key)
        if not grant.may(action):
            raise invalid_key()
        return grant

    def _of_key(self, key: str) -> Grant:
        for row in self._rows.every():
            if hmac.compare_digest(key.encode(), self.text_of(row.uid).encode()):
                return _grant_of(row)
        raise invalid_key()

    def _of_token(self, token: str) -> Grant:
        """What a tenant token leaves of its key: signature, then expiry, then the key's own."""
        try:
            claimed = msgspec.convert(_unverified(token), Claims)
            row = self._rows.find_key(claimed.api_key_uid)
            if row is None:
                raise invalid_key()
            signing = OctKey.import_key(self.text_of(row.uid))
            claims = msgspec.convert(jwt.decode(token, signing, algorithms=ALGORITHMS).claims, Claims)
        except (JoseError, msgspec.MsgspecError, ValueError) as error:
            raise invalid_key(f"Could not decode tenant token, {type(error).__name__}.") from None
        now = int(time.time())
        if claims.exp is not None and now > claims.exp:
            raise invalid_key(f"Tenant token expired. Was valid up to `{claims.exp}` and we're now `{now}`.")
        rules = claims.search_rules
        by_pattern = rules if isinstance(rules, dict) else dict.fromkeys(rules)
        return msgspec.structs.replace(_grant_of(row), rules=by_pattern)


def _unverified(token: str) -> Any:
    """Claims before the signature is looked at: they name the key."""
    payload = token.split(".")[1]
    return msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def _grant_of(row: KeyRow) -> Grant:
    """What a key may do; raises MeiliError for one that has expired."""
    if row.expires_at is not None and row.expires_at.timestamp() <= time.time():
        raise invalid_key()
    return Grant(actions=row.actions, indexes=row.indexes)
