"""Authentication: who calls, and what they may do.

An API key is looked up by its keyed hash, the session of an access token by its id. A plain key is neither kept nor
logged. What was found counts for ``CACHE_S`` seconds, so a revoked key or session, a removed member and a changed role
take effect within that time.
"""

from __future__ import annotations

import datetime as dt
import hmac
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractAsyncContextManager, suppress
from ipaddress import IPv4Network, IPv6Network, ip_address
from uuid import UUID

import msgspec

from api.problems.problem_details import ApiProblem
from core.domain.identity.actors import NOBODY, Actor
from core.errors import Unavailable
from core.infra.key_ring import KeyRing
from core.infra.postgres.connection import Connection, Pool, org_transaction, person_transaction, transaction
from core.infra.secrets import hash_api_key, looks_like_api_key
from core.services.identity.access_tokens import AccessClaims, AccessTokens, GrantClaims
from core.services.key_rotation import list_kept_peppers
from core.storage.identity.api_keys import ApiKeyRecord, find_api_key, is_api_key_valid, note_use
from core.storage.identity.sessions import Standing, note_session_use, read_standing
from core.storage.oauth.grants import GrantStanding, note_grant_use, read_grant_standing
from schemas.access.permissions import Permission, permissions_of_role, permissions_of_scopes

CACHE_S = 4.0
CACHE_SIZE = 10_000
USE_NOTED_EVERY = dt.timedelta(minutes=1)


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls: the actor, its organisation and what it may do there."""

    org_id: UUID
    actor: Actor
    permissions: frozenset[Permission]
    key_id: UUID | None = None
    """The API key; None for who signed in."""
    scopes: tuple[str, ...] = ()
    """Scopes of the API key, or of the OAuth client's token."""
    plan: str | None = None
    """Plan of the organisation; None: the installation's."""
    session_id: UUID | None = None
    """The session of who signed in."""
    grant_id: UUID | None = None
    """What an OAuth client was granted."""
    client_id: UUID | None = None
    """The OAuth client that calls."""
    test: bool = False
    """Whether work is a draft with a watermark that is not billed."""
    allowed_addresses: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks that requests may come from; empty: any."""

    def may_call_from(self, address: str) -> bool:
        """Whether a request may come from this address."""
        if not self.allowed_addresses:
            return True
        try:
            host = ip_address(address)
        except ValueError:
            return False
        host = getattr(host, "ipv4_mapped", None) or host
        return any(host in network for network in self.allowed_addresses)


ANONYMOUS = Caller(org_id=NOBODY, actor=Actor(kind="system", id=NOBODY), permissions=frozenset())
"""Who calls what is public."""


class Callers:
    """The caller of a credential: an API key, or the access token of who signed in or of an OAuth client."""

    def __init__(self, *, pool: Pool, keys: ApiKeys, tokens: AccessTokens, now: Callable[[], float]) -> None:
        """``now``: a monotonic clock in seconds."""
        self._pool = pool
        self._keys = keys
        self._tokens = tokens
        self._now = now
        self._found: OrderedDict[str, tuple[float, Caller]] = OrderedDict()

    async def caller(self, credential: str) -> Caller | None:
        """The caller of a key or a token, or None where it does not count. Raises Unavailable."""
        if credential.count(".") != 2:
            return await self._keys.caller(credential)
        cached = self._found.get(credential)
        if cached is not None and cached[0] > self._now():
            return cached[1]
        self._found.pop(credential, None)
        claims = self._tokens.verify(credential)
        if claims is None:
            return None
        # read before the look-up, so that what changes during it counts from then on
        counts_until = self._now() + min(CACHE_S, self._tokens.left_s(claims))
        caller = await (self._app(claims) if isinstance(claims, GrantClaims) else self._person(claims))
        if caller is not None:
            self._found[credential] = (counts_until, caller)
            if len(self._found) > CACHE_SIZE:
                self._found.popitem(last=False)
        return caller

    async def _person(self, claims: AccessClaims) -> Caller | None:
        async with person_transaction(self._pool, claims.user_id) as connection:
            standing = await read_standing(connection, claims.session_id, claims.user_id, claims.org_id)
            if standing is None:
                return None
        if standing.stale:
            with suppress(Unavailable):  # who may only read still may
                async with person_transaction(self._pool, claims.user_id) as connection:
                    await note_session_use(connection, claims.session_id)
        return Caller(
            org_id=claims.org_id if claims.org_id is not None and standing.role is not None else NOBODY,
            actor=Actor(kind="user", id=claims.user_id),
            permissions=_permissions_of(standing),
            session_id=claims.session_id,
            plan=standing.plan,
        )

    async def _app(self, claims: GrantClaims) -> Caller | None:
        async with org_transaction(self._pool, claims.org_id) as connection:
            standing = await read_grant_standing(connection, claims.org_id, claims.grant_id, claims.client_id)
        if standing is None:
            return None
        if standing.stale:
            with suppress(Unavailable):  # who may only read still may
                async with org_transaction(self._pool, claims.org_id) as connection:
                    await note_grant_use(connection, claims.org_id, claims.grant_id)
        scopes = tuple(scope for scope in claims.scopes if scope in standing.scopes)
        actor = Actor(kind="app", id=claims.grant_id)
        if standing.service_account_id is not None:
            actor = Actor(kind="service_account", id=standing.service_account_id)
        return Caller(
            org_id=claims.org_id,
            actor=actor,
            permissions=_permissions_of_grant(standing, scopes),
            scopes=scopes,
            grant_id=claims.grant_id,
            client_id=claims.client_id,
            plan=standing.plan,
        )

    async def is_valid(self, connection: Connection, caller: Caller) -> bool:
        """Whether the caller may still read what it began to read; asks the rows that it sees."""
        if caller.grant_id is not None and caller.client_id is not None:
            grant = await read_grant_standing(connection, caller.org_id, caller.grant_id, caller.client_id)
            return grant is not None and _permissions_of_grant(grant, caller.scopes) >= caller.permissions
        if caller.session_id is None:
            return await self._keys.is_valid(connection, caller)
        standing = await read_standing(connection, caller.session_id, caller.actor.id, caller.org_id)
        return standing is not None and _permissions_of(standing) >= caller.permissions


def _permissions_of(standing: Standing) -> frozenset[Permission]:
    if standing.role is None:
        return frozenset()
    return permissions_of_role(standing.role, operator=standing.operator)


def _permissions_of_grant(standing: GrantStanding, scopes: Collection[str]) -> frozenset[Permission]:
    """What the scopes of a token allow, as far as they are granted and the role behind the grant goes."""
    granted = [scope for scope in scopes if scope in standing.scopes]
    return permissions_of_scopes(granted, operator=False) & permissions_of_role(standing.role, operator=False)


def caller_transaction(pool: Pool, caller: Caller) -> AbstractAsyncContextManager[Connection]:
    """A transaction that sees the rows of the caller's organisation, and those of a person who calls."""
    user_id = caller.actor.id if caller.actor.kind == "user" else None
    return person_transaction(pool, user_id, caller.org_id)


class ApiKeys:
    """Caller of a key, with a short cache."""

    def __init__(
        self, *, pool: Pool, ring: KeyRing, now: Callable[[], float], clock: Callable[[], dt.datetime]
    ) -> None:
        """``ring``: the installation's; ``now``: a monotonic clock in seconds; ``clock``: an aware clock."""
        self._pool = pool
        self._ring = ring
        self._pepper = ring.derive("api-keys")
        self._now = now
        self._clock = clock
        self._found: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()

    async def caller(self, plain: str) -> Caller | None:
        """The caller of a key, or None when there is no such key. Raises Unavailable."""
        hashed = hash_api_key(self._pepper, plain)
        cached = self._found.get(hashed)
        if cached is not None and cached[0] > self._now():
            return cached[1]
        self._found.pop(hashed, None)
        if not looks_like_api_key(plain):
            return None
        caller = await self._look_up(plain)
        if caller is not None:
            self._found[hashed] = (self._now() + CACHE_S, caller)
            if len(self._found) > CACHE_SIZE:
                self._found.popitem(last=False)
        return caller

    async def _look_up(self, plain: str) -> Caller | None:
        async with transaction(self._pool) as connection:
            key = await self._find_key(connection, plain)
        if key is not None and (key.last_used_at is None or self._clock() - key.last_used_at > USE_NOTED_EVERY):
            with suppress(Unavailable):  # who may only read still may
                async with org_transaction(self._pool, key.org_id) as connection:
                    await note_use(connection, key)
        return _caller_of(key) if key is not None else None

    async def is_valid(self, connection: Connection, caller: Caller) -> bool:
        """Whether the caller may still read what it began to read; asks the rows of its organisation."""
        return caller.key_id is None or await is_api_key_valid(connection, caller.org_id, caller.key_id)

    async def _find_key(self, connection: Connection, plain: str) -> ApiKeyRecord | None:
        """Ask by the hash under each pepper: of the ring's secrets, newest first, then of those that left it."""
        peppers = [self._ring.derive("api-keys", secret_id) for secret_id in self._ring.ids()]
        if (key := await _find_under(connection, peppers, plain)) is not None:
            return key
        return await _find_under(connection, await list_kept_peppers(connection, self._ring), plain)


def _caller_of(key: ApiKeyRecord) -> Caller:
    permissions = permissions_of_scopes(key.scopes, operator=key.operator)
    actor = Actor(kind="key", id=key.key_id)
    if key.service_account_id is not None and key.service_role is not None:
        permissions &= permissions_of_role(key.service_role, operator=key.operator)
        actor = Actor(kind="service_account", id=key.service_account_id)
    return Caller(
        org_id=key.org_id,
        actor=actor,
        permissions=permissions,
        key_id=key.key_id,
        scopes=key.scopes,
        plan=key.plan,
        test=key.test,
        allowed_addresses=key.allowed_addresses,
    )


async def _find_under(connection: Connection, peppers: Iterable[bytes], plain: str) -> ApiKeyRecord | None:
    for pepper in peppers:
        hashed = hash_api_key(pepper, plain)
        key = await find_api_key(connection, hashed)
        if key is not None and hmac.compare_digest(key.hash, hashed):
            return key
    return None


def bearer(header: str | None) -> str:
    """The key or token of an Authorization header; raises the ``unauthenticated`` problem."""
    scheme, _, key = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise unauthenticated("The request has no `Authorization: Bearer` header.")
    return key.strip()


def unauthenticated(detail: str) -> ApiProblem:
    """A 401 that names the scheme."""
    return ApiProblem("unauthenticated", detail, headers={"WWW-Authenticate": 'Bearer realm="clipstream"'})


def require_permission(caller: Caller, permission: Permission) -> None:
    """Raises the ``forbidden`` problem where the caller lacks ``permission``."""
    if permission not in caller.permissions:
        raise ApiProblem("forbidden", f"The caller lacks the permission `{permission}`.")
