"""ID tokens (OpenID Connect Core 1.0, 3.1.3.7): the key is chosen by us, then each claim is checked.

``alg`` must be of a fixed list of signatures: neither ``none`` nor a MAC, whose key a provider would share with us, and
each has one kind of key only. Headers that name or carry keys (``jku``, ``jwk``, ``x5c``) are not looked at.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from core.infra.openid.faults import ProviderFault
from schemas.common import Value
from schemas.validation.json_errors import repeated_name

MAX_TOKEN_CHARS = 16_384
LEEWAY_S = 60.0
"""How far the clocks of two machines may be apart."""
MAX_SUBJECT_CHARS = 255
"""Of OpenID Connect Core, section 2."""
MIN_RSA_BITS = 2048
_KEY_OF: Mapping[str, tuple[str, str | None]] = {
    "RS256": ("RSA", None),
    "PS256": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "Ed25519": ("OKP", "Ed25519"),
}
"""Algorithm → kind of key and curve."""
_HASH_OF = {"RS256": "sha256", "PS256": "sha256", "ES256": "sha256", "ES384": "sha384", "Ed25519": "sha512"}
_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_TYPES = (None, "JWT", "jwt")
Key = RSAKey | ECKey | OKPKey


class TokenHeader(Value, frozen=True, kw_only=True):
    """What a token says of its signature, nothing of which is believed yet."""

    alg: str
    kid: str | None


def bad_token(why: str) -> ProviderFault:
    """The fault of an ID token; ``why`` is for the log."""
    return ProviderFault("What the provider says of who signed in does not count.", f"ID token: {why}")


def read_header(token: str) -> TokenHeader:
    """The header of a token. Raises ProviderFault."""
    if len(token) > MAX_TOKEN_CHARS or not _SHAPE.fullmatch(token):
        raise bad_token("no signed token of a usable length")
    header = _object(token.partition(".")[0], "header")
    alg, kid = header.get("alg"), header.get("kid")
    if not isinstance(alg, str) or alg not in _KEY_OF:
        raise bad_token("its algorithm is none that we accept")
    if "crit" in header or "b64" in header or header.get("typ") not in _TYPES:
        raise bad_token("its header asks for more than a plain signature")
    if kid is not None and not isinstance(kid, str):
        raise bad_token("its key id is not a text")
    return TokenHeader(alg=alg, kid=kid)


def pick_key(keys: Sequence[Mapping[str, Any]], header: TokenHeader) -> Key | None:
    """The one key of a set that may have signed, or None. Raises ProviderFault for an unusable one."""
    kind, curve = _KEY_OF[header.alg]
    fitting = [
        key
        for key in keys
        if key.get("kty") == kind
        and (curve is None or key.get("crv") == curve)
        and key.get("use") in (None, "sig")
        and key.get("alg") in (None, header.alg)
        and (header.kid is None or key.get("kid") == header.kid)
    ]
    if not fitting or (header.kid is None and len(fitting) > 1):
        return None
    return _import(kind, fitting[0])


def _import(kind: str, key: Mapping[str, Any]) -> Key:
    names = {"RSA": ("kty", "n", "e"), "EC": ("kty", "crv", "x", "y"), "OKP": ("kty", "crv", "x")}[kind]
    public = {name: key.get(name) for name in names}
    if not all(isinstance(value, str) and len(value) <= MAX_TOKEN_CHARS for value in public.values()):
        raise bad_token("the key that signed it is malformed")
    classes: dict[str, Any] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
    try:
        if kind == "RSA" and int.from_bytes(_decoded(public["n"])).bit_length() < MIN_RSA_BITS:
            raise bad_token(f"the key that signed it has fewer than {MIN_RSA_BITS} bits")
        imported: Key = classes[kind].import_key(public)
    except (JoseError, ValueError, TypeError, KeyError):
        raise bad_token("the key that signed it is malformed") from None
    return imported


def read_claims(
    token: str,
    key: Key,
    header: TokenHeader,
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: str,
    now_s: float,
) -> Mapping[str, Any]:
    """The claims of a token that a key signed, for us, now. Raises ProviderFault."""
    try:
        jws.deserialize_compact(token, key, algorithms=[header.alg])
    except (JoseError, ValueError, TypeError):
        raise bad_token("its signature is wrong") from None
    claims = _object(token.split(".")[1], "claims")
    if claims.get("iss") != issuer:
        raise bad_token("it is of another issuer")
    _check_audience(claims, client_id)
    _check_times(claims, now_s)
    _check_bindings(claims, header.alg, nonce, access_token)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT_CHARS or not _printable(subject):
        raise bad_token("its subject is none")
    return claims


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if client_id not in audiences:
        raise bad_token("it is for another client")
    if ("azp" in claims or len(audiences) > 1) and claims.get("azp") != client_id:
        raise bad_token("it was issued to another client")


def _check_times(claims: Mapping[str, Any], now_s: float) -> None:
    times = {name: claims.get(name) for name in ("exp", "iat", "nbf")}
    for name, value in times.items():
        if (value is not None or name != "nbf") and type(value) not in (int, float):
            raise bad_token(f"its {name} is not a time")
    if not times["exp"] > now_s - LEEWAY_S:  # type: ignore[operator]
        raise bad_token("it has expired")
    if max(times["iat"], times["nbf"] or 0) > now_s + LEEWAY_S:  # type: ignore[type-var, operator]
        raise bad_token("it is of the future")


def _check_bindings(claims: Mapping[str, Any], alg: str, nonce: str, access_token: str) -> None:
    nonce_claim = claims.get("nonce")
    if not isinstance(nonce_claim, str) or not hmac.compare_digest(nonce_claim.encode(), nonce.encode()):
        raise bad_token("it answers another request")
    if "at_hash" in claims:
        digest = hashlib.new(_HASH_OF[alg], access_token.encode()).digest()
        expected = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=")
        at_hash = claims["at_hash"]
        if not isinstance(at_hash, str) or not hmac.compare_digest(at_hash.encode(), expected):
            raise bad_token("it came with another access token")


def _decoded(part: Any) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _printable(text: str) -> bool:
    return all("!" <= letter <= "~" for letter in text)


def _object(part: str, name: str) -> dict[str, Any]:
    """A part of a token as an object that names nothing twice. Raises ProviderFault."""
    try:
        raw = _decoded(part)
        if repeated_name(raw):
            raise ValueError
        return msgspec.json.decode(raw, type=dict[str, Any])
    except (ValueError, msgspec.DecodeError, RecursionError):
        raise bad_token(f"its {name} cannot be read") from None
