"""Secrets at rest and the format of API keys: derive, mint, hash, encrypt.

An API key has 30 random base62 characters (178 bits), so a keyed hash is enough: a slow password hash would only slow
us down. Its last six characters are a CRC-32, so a mistyped or cut key is refused without asking the database.
Producer and webhook secrets must be read again to sign with them, so they are encrypted (AES-256-GCM), not hashed.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import zlib
from collections.abc import Callable

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PREFIX = "clp_live_"
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
RANDOM_LENGTH = 30
CHECK_LENGTH = 6
_NONCE_BYTES = 12
RandomBytes = Callable[[int], bytes]


class MintedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A new API key: ``plain`` is shown once and not stored, ``hash`` and ``last4`` are stored."""

    plain: str
    hash: bytes
    last4: str


def derive_key(secret: bytes, purpose: str) -> bytes:
    """32 bytes for one purpose from the installation's secret (HMAC-SHA-256 of the purpose's name)."""
    return hmac.new(secret, b"clipstream/" + purpose.encode(), hashlib.sha256).digest()


def mint_api_key(secret: bytes, random: RandomBytes = secrets.token_bytes) -> MintedKey:
    """Mint a key ``clp_live_<30 base62><6 crc32>`` with the hash to store."""
    number = int.from_bytes(random(32), "big")
    body = PREFIX + _base62(number, RANDOM_LENGTH)
    plain = body + _check(body)
    return MintedKey(plain=plain, hash=hash_api_key(secret, plain), last4=plain[-4:])


def hash_api_key(secret: bytes, plain: str) -> bytes:
    """HMAC-SHA-256 of a key under a pepper derived from the installation's secret."""
    return hmac.new(derive_key(secret, "api-keys"), plain.encode(), hashlib.sha256).digest()


def looks_like_api_key(plain: str) -> bool:
    """Whether prefix, length and checksum are right; the key may still not exist."""
    if len(plain) != len(PREFIX) + RANDOM_LENGTH + CHECK_LENGTH or not plain.startswith(PREFIX) or not plain.isascii():
        return False
    body, check = plain[:-CHECK_LENGTH], plain[-CHECK_LENGTH:]
    return hmac.compare_digest(_check(body), check)


def encrypt(secret: bytes, purpose: str, plain: bytes, random: RandomBytes = secrets.token_bytes) -> bytes:
    """``nonce || ciphertext || tag``, bound to ``purpose``."""
    nonce = random(_NONCE_BYTES)
    return nonce + AESGCM(derive_key(secret, purpose)).encrypt(nonce, plain, purpose.encode())


def decrypt(secret: bytes, purpose: str, sealed: bytes) -> bytes:
    """Reverse ``encrypt``. Raises ValueError if the bytes were changed or sealed under another secret."""
    try:
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        return AESGCM(derive_key(secret, purpose)).decrypt(nonce, rest, purpose.encode())
    except InvalidTag:
        raise ValueError(
            f"the {purpose} secret does not open: CLIPSTREAM_SECRET is not the one it was sealed with"
        ) from None


def encrypt_secret(master: bytes, plain: bytes) -> bytes:
    """Seal a producer's or a webhook endpoint's secret for its ``secret_encrypted`` column."""
    return encrypt(master, "secrets", plain)


def decrypt_secret(master: bytes, sealed: bytes) -> bytes:
    """Read a secret from its ``secret_encrypted`` column. Raises ValueError as ``decrypt`` does."""
    return decrypt(master, "secrets", sealed)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))


def _check(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), CHECK_LENGTH)
