"""The format of API keys: mint, hash, check.

An API key has 30 random base62 characters (178 bits), so a keyed hash is enough: a slow password hash would only slow
us down. Its last six characters are a CRC-32, so a mistyped or cut key is refused without asking the database.
The key of that hash, the pepper, comes from the key ring (core/infra/key_ring.py, core/services/peppers.py).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import zlib
from collections.abc import Callable

import msgspec

PREFIX = "clp_live_"
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
RANDOM_LENGTH = 30
CHECK_LENGTH = 6
RandomBytes = Callable[[int], bytes]


class MintedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A new API key: ``plain`` is shown once and not stored, ``hash`` and ``last4`` are stored."""

    plain: str
    hash: bytes
    last4: str


def mint_api_key(pepper: bytes, random: RandomBytes = secrets.token_bytes) -> MintedKey:
    """Mint a key ``clp_live_<30 base62><6 crc32>`` with the hash to store."""
    number = int.from_bytes(random(32), "big")
    body = PREFIX + _base62(number, RANDOM_LENGTH)
    plain = body + _check(body)
    return MintedKey(plain=plain, hash=hash_api_key(pepper, plain), last4=plain[-4:])


def hash_api_key(pepper: bytes, plain: str) -> bytes:
    """HMAC-SHA-256 of a key under a pepper of 32 bytes."""
    return hmac.new(pepper, plain.encode(), hashlib.sha256).digest()


def looks_like_api_key(plain: str) -> bool:
    """Whether prefix, length and checksum are right; the key may still not exist."""
    if len(plain) != len(PREFIX) + RANDOM_LENGTH + CHECK_LENGTH or not plain.startswith(PREFIX) or not plain.isascii():
        return False
    body, check = plain[:-CHECK_LENGTH], plain[-CHECK_LENGTH:]
    return hmac.compare_digest(_check(body), check)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))


def _check(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), CHECK_LENGTH)
