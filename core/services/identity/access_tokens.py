"""Access tokens: JWTs (RFC 9068) that the key ring signs with Ed25519 (RFC 9864).

A token says who signed in, in which session and for which organisation; or which client calls, by which grant and
with which scopes. The rows say whether that still counts: see ``Callers`` in api/http/auth.py.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from core.infra.key_ring import KeyRing
from schemas.common import Value
from schemas.validation.json_errors import repeated_name

ALGORITHM = "Ed25519"
TYPE = "at+jwt"
MAX_CHARS = 2048
"""Length of a token: ours have about 500 characters."""
LEEWAY_S = 5
"""Clocks of several machines differ by so much."""
_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}")
_HEADER = {"alg", "typ", "kid"}
_CLAIMS = {"iss", "aud", "sub", "sid", "org", "jti", "iat", "exp"}
_GRANT_CLAIMS = {"iss", "aud", "sub", "gid", "org", "client_id", "scope", "jti", "iat", "exp"}


class AccessClaims(Value, frozen=True, kw_only=True):
    """What a valid access token says."""

    user_id: UUID
    session_id: UUID
    org_id: UUID | None
    expires_at: float
    """Seconds since 1970."""


class GrantClaims(Value, frozen=True, kw_only=True):
    """What a valid access token of an OAuth client says."""

    token_id: UUID
    subject: UUID
    """The person who granted; of a client that calls for itself, the client."""
    grant_id: UUID
    org_id: UUID
    client_id: UUID
    scopes: tuple[str, ...]
    issued_at: float
    expires_at: float
    """Seconds since 1970, as ``issued_at``."""


class AccessTokens:
    """Issues and verifies access tokens by the keys of the ring."""

    def __init__(self, ring: KeyRing, *, issuer: str, life: dt.timedelta, clock: Callable[[], dt.datetime]) -> None:
        """``issuer``: the API's public address, which is the audience, too."""
        self._ring = ring
        self._issuer = issuer
        self._life = life
        self._clock = clock
        self._made_of: tuple[bytes, ...] = ()
        self._keys: dict[str, OKPKey] = {}

    @property
    def life_s(self) -> int:
        """Seconds that a token counts."""
        return int(self._life.total_seconds())

    def issue(self, user_id: UUID, session_id: UUID, org_id: UUID | None) -> str:
        """A token for a session."""
        org = {} if org_id is None else {"org": str(org_id)}
        return self._sign({"sub": str(user_id), "sid": str(session_id)} | org)

    def issue_for_grant(
        self, subject: UUID, *, grant_id: UUID, org_id: UUID, client_id: UUID, scopes: Sequence[str]
    ) -> str:
        """A token for an OAuth client."""
        ids = {"sub": str(subject), "gid": str(grant_id), "org": str(org_id), "client_id": str(client_id)}
        return self._sign(ids | {"scope": " ".join(scopes)})

    def _sign(self, claims: dict[str, str]) -> str:
        now = int(self._clock().timestamp())
        kid, key = next(iter(self._current().items()))
        times = {"jti": str(uuid4()), "iat": now, "exp": now + self.life_s}
        header = {"alg": ALGORITHM, "typ": TYPE, "kid": kid}
        ours = {"iss": self._issuer, "aud": self._issuer}
        return jwt.encode(header, ours | claims | times, key, algorithms=[ALGORITHM])

    @property
    def issuer(self) -> str:
        """Who issues the tokens, and whom they are for."""
        return self._issuer

    def verify(self, token: str) -> AccessClaims | GrantClaims | None:
        """The claims of a token that is ours and counts now; None for any other."""
        if len(token) > MAX_CHARS or not _SHAPE.fullmatch(token):
            return None
        header, claims = (_object(part) for part in token.split(".")[:2])
        if header is None or claims is None or set(header) != _HEADER:
            return None
        of_grant = set(claims) == _GRANT_CLAIMS
        if not of_grant and not set(claims) <= _CLAIMS:
            return None
        kid = header["kid"]
        key = self._current().get(kid) if isinstance(kid, str) else None
        if key is None or header["alg"] != ALGORITHM or header["typ"] != TYPE or not self._is_current(claims):
            return None
        try:
            jwt.decode(token, key, algorithms=[ALGORITHM])
            return _grant_claims(claims) if of_grant else _session_claims(claims)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def left_s(self, claims: AccessClaims | GrantClaims) -> float:
        """Seconds until a token has expired."""
        return claims.expires_at - self._clock().timestamp()

    def jwks(self) -> dict[str, Any]:
        """The public keys of all secrets that still open (RFC 7517)."""
        return {
            "keys": [
                {name: key.as_dict(private=False)[name] for name in ("kty", "crv", "x")}
                | {"kid": kid, "use": "sig", "alg": ALGORITHM}
                for kid, key in self._current().items()
            ]
        }

    def _is_current(self, claims: dict[str, Any]) -> bool:
        now = self._clock().timestamp()
        issued_at, expires_at = claims.get("iat"), claims.get("exp")
        if type(issued_at) is not int or type(expires_at) is not int:
            return False
        return (
            claims.get("iss") == self._issuer
            and claims.get("aud") == self._issuer
            and isinstance(claims.get("jti"), str)
            and issued_at <= now + LEEWAY_S
            and now < expires_at <= issued_at + self.life_s
        )

    def _current(self) -> dict[str, OKPKey]:
        """Key id → key, the newest secret's first; derived once for each state of the ring."""
        seeds = tuple(self._ring.derive("access-tokens", secret_id) for secret_id in self._ring.ids())
        if seeds != self._made_of:
            self._keys = dict(_key_of(seed) for seed in seeds)
            self._made_of = seeds
        return self._keys


def _session_claims(claims: dict[str, Any]) -> AccessClaims:
    return AccessClaims(
        user_id=UUID(claims["sub"]),
        session_id=UUID(claims["sid"]),
        org_id=UUID(claims["org"]) if "org" in claims else None,
        expires_at=float(claims["exp"]),
    )


def _grant_claims(claims: dict[str, Any]) -> GrantClaims:
    return GrantClaims(
        token_id=UUID(claims["jti"]),
        subject=UUID(claims["sub"]),
        grant_id=UUID(claims["gid"]),
        org_id=UUID(claims["org"]),
        client_id=UUID(claims["client_id"]),
        scopes=tuple(claims["scope"].split()),
        issued_at=float(claims["iat"]),
        expires_at=float(claims["exp"]),
    )


def _key_of(seed: bytes) -> tuple[str, OKPKey]:
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    kid = _base64url(hashlib.sha256(public).digest())[:16]
    return kid, OKPKey.import_key(
        {"kty": "OKP", "crv": "Ed25519", "d": _base64url(seed), "x": _base64url(public), "kid": kid}
    )


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _object(part: str) -> dict[str, Any] | None:
    """A part of a token as an object; None where it is not one, or names something twice."""
    try:
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        if _base64url(raw) != part or repeated_name(raw):
            return None
        return msgspec.json.decode(raw, type=dict[str, Any])
    except (ValueError, msgspec.DecodeError, RecursionError):
        return None
