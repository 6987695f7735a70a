"""Opaque tokens: 256 random bits with a prefix that says what they are; only their SHA-256 is kept."""

from __future__ import annotations

import hashlib
import secrets
from typing import Literal

TokenKind = Literal[
    "refresh", "mail", "invitation", "challenge", "client-secret", "oauth-code", "oauth-refresh", "one-time-code",
    "share",
]  # fmt: skip
_PREFIXES: dict[TokenKind, str] = {
    "refresh": "clr_",
    "mail": "clm_",
    "invitation": "cli_",
    "challenge": "clc_",
    "client-secret": "cls_",
    "oauth-code": "clo_",
    "oauth-refresh": "clg_",
    "one-time-code": "cln_",
    "share": "clw_",
}
_RANDOM_BYTES = 32


def mint_token(kind: TokenKind) -> tuple[str, bytes]:
    """A new token and the hash to store."""
    token = _PREFIXES[kind] + secrets.token_urlsafe(_RANDOM_BYTES)
    return token, hash_token(token)


def hash_token(token: str) -> bytes:
    """SHA-256 of a token."""
    return hashlib.sha256(token.encode("utf-8", errors="surrogatepass")).digest()
