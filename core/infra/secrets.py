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

LIVE_PREFIX, TEST_PREFIX = "clp_live_", "clp_test_"
"""Of equal length. A key that is found somewhere says whether it is worth money."""
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHARACTERS = frozenset(ALPHABET)
RANDOM_LENGTH = 30
CHECK_LENGTH = 6
RandomBytes = Callable[[int], bytes]


class BadKeyError(ValueError):
    """A text is no API key; the message says why."""


class MintedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A new API key: ``plain`` is shown once and not stored, ``hash`` and ``last4`` are stored."""

    plain: str
    hash: bytes
    last4: str


def mint_api_key(pepper: bytes, random: RandomBytes = secrets.token_bytes, *, test: bool = False) -> MintedKey:
    """Mint a key ``clp_live_<30 base62><6 crc32>`` (``clp_test_…``) with the hash to store."""
    number = int.from_bytes(random(32), "big")
    body = (TEST_PREFIX if test else LIVE_PREFIX) + _base62(number, RANDOM_LENGTH)
    plain = body + _check(body)
    return MintedKey(plain=plain, hash=hash_api_key(pepper, plain), last4=plain[-4:])


def hash_api_key(pepper: bytes, plain: str) -> bytes:
    """HMAC-SHA-256 of a key under a pepper of 32 bytes."""
    return hmac.new(pepper, plain.encode(), hashlib.sha256).digest()


def looks_like_api_key(plain: str) -> bool:
    """Whether prefix, length and checksum are right; the key may still not exist."""
    try:
        check_api_key(plain)
    except BadKeyError:
        return False
    return True


def check_api_key(plain: str) -> bool:
    """Check prefix, length, characters and checksum, and say whether it is a test key. Raises BadKeyError."""
    prefix = plain[: len(LIVE_PREFIX)]
    if prefix not in (LIVE_PREFIX, TEST_PREFIX):
        raise BadKeyError(f"it begins neither with {LIVE_PREFIX} nor with {TEST_PREFIX}")
    length = len(prefix) + RANDOM_LENGTH + CHECK_LENGTH
    if len(plain) != length:
        raise BadKeyError(f"it has {len(plain)} characters and not {length}")
    if not set(plain[len(prefix) :]) <= _CHARACTERS:
        raise BadKeyError("after its prefix it has characters that are neither letters nor digits")
    body, check = plain[:-CHECK_LENGTH], plain[-CHECK_LENGTH:]
    if not hmac.compare_digest(_check(body), check):
        raise BadKeyError("its checksum is wrong: it was mistyped or made up")
    return prefix == TEST_PREFIX


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))


def _check(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), CHECK_LENGTH)
