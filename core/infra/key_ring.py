"""The key ring: named secrets, newest first; each purpose has a key derived from them.

The first secret seals and signs, all of them open and verify. What is sealed or signed names the id of its secret, so
a ring can grow and shrink without losing it. A secret without an id keeps the formats of before there were ids.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path
from secrets import token_bytes
from typing import Literal

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import Unavailable
from core.settings import MissingSettingError, NamedSecret, Settings, parse_secrets

Purpose = Literal[
    "secrets", "idempotency", "cursors", "api-keys", "internal-producer", "peppers", "access-tokens", "accounts",
    "mails", "second-factors", "push", "unsubscribe", "forms",
]  # fmt: skip
"""``secrets``: of producers and webhook endpoints; ``api-keys``: the pepper of their hashes; ``access-tokens``: the
private key that signs them; ``accounts``: keys the names of accounts under which failed sign-ins are counted; ``push``:
addresses of web push, and the key that signs it; ``unsubscribe``: signs links that turn mails off; ``forms``: signs
the forms of pages for people."""
KEY_BYTES = 32
_MAGIC = b"CLK1"
"""Sealed bytes of a named secret: magic, length of the id in one byte, id, nonce, ciphertext with tag."""
_NONCE_BYTES = 12
Ring = tuple[NamedSecret, ...]


class MissingSecretError(Unavailable):
    """A secret is not in the ring: what names it waits until an operator has put it back."""

    def __init__(self, secret_id: str) -> None:
        """``secret_id``: empty for the secret without an id."""
        name = f"the secret {secret_id!r}" if secret_id else "the secret without an id (CLIPSTREAM_SECRET)"
        super().__init__("key ring", f"{name} is not in it: put it back into CLIPSTREAM_SECRETS (docs/operators.md)")


class KeyRing:
    """Derives, seals, opens and signs with the secrets of an installation."""

    def __init__(
        self, read: Callable[[], Ring], now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    ) -> None:
        """``read``: the secrets, newest first, at each use; ``now``: an aware clock."""
        self._read = read
        self._now = now

    @property
    def secrets(self) -> Ring:
        """The secrets that still open, newest first. Raises MissingSettingError where the ring is empty."""
        ring = self._read()
        if not ring:
            raise MissingSettingError(
                "CLIPSTREAM_SECRET is not set: start through `clipstream up`, or set it (docs/operators.md)"
            )
        now = self._now()
        return tuple(
            secret for secret in ring if secret is ring[0] or secret.opens_until is None or now < secret.opens_until
        )

    @property
    def newest_id(self) -> str:
        """Id of the secret that seals and signs."""
        return self.secrets[0].id

    def ids(self) -> tuple[str, ...]:
        """Ids of the secrets that still open, newest first."""
        return tuple(secret.id for secret in self.secrets)

    def derive(self, purpose: Purpose, secret_id: str | None = None) -> bytes:
        """32 bytes for one purpose, of the newest secret or a named one. Raises MissingSecretError."""
        ring = self.secrets
        if secret_id is None:
            return derive_key(ring[0], purpose)
        for secret in ring:
            if secret.id == secret_id:
                return derive_key(secret, purpose)
        raise MissingSecretError(secret_id)

    def seal(self, purpose: Purpose, plain: bytes, random: Callable[[int], bytes] = token_bytes) -> bytes:
        """Encrypt with the newest secret's key (AES-256-GCM), bound to purpose and id."""
        secret, nonce = self.secrets[0], random(_NONCE_BYTES)
        header = _header(secret.id)
        return header + nonce + AESGCM(derive_key(secret, purpose)).encrypt(nonce, plain, purpose.encode() + header)

    def open(self, purpose: Purpose, sealed: bytes) -> bytes:
        """Reverse ``seal``. Raises ValueError for changed bytes, MissingSecretError without their secret."""
        secret_id = secret_id_of(sealed)
        header = _header(secret_id)
        nonce, rest = sealed[len(header) : len(header) + _NONCE_BYTES], sealed[len(header) + _NONCE_BYTES :]
        try:
            return AESGCM(self.derive(purpose, secret_id)).decrypt(nonce, rest, purpose.encode() + header)
        except (InvalidTag, ValueError):
            raise ValueError(
                f"what was sealed for {purpose} does not open: the secret {secret_id!r} is another one than it was "
                "sealed with, or the bytes were changed"
            ) from None


def derive_key(secret: NamedSecret, purpose: Purpose) -> bytes:
    """32 bytes for one purpose.

    HKDF-SHA-256 (RFC 5869) bound to purpose and id; without an id HMAC-SHA-256, as before there were ids.
    """
    if not secret.id:
        return hmac.new(secret.secret, b"clipstream/" + purpose.encode(), hashlib.sha256).digest()
    info = f"clipstream/{purpose}/{secret.id}".encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret.secret)


def secret_id_of(sealed: bytes) -> str:
    """Id of the secret that sealed these bytes; empty where it had none."""
    if not sealed.startswith(_MAGIC) or len(sealed) <= len(_MAGIC):
        return ""
    start = len(_MAGIC) + 1
    return sealed[start : start + sealed[len(_MAGIC)]].decode("ascii", errors="replace")


def _header(secret_id: str) -> bytes:
    return _MAGIC + bytes([len(secret_id)]) + secret_id.encode() if secret_id else b""


def open_key_ring(settings: Settings) -> KeyRing:
    """The key ring of the settings: the file or the list, and the secret without an id last.

    Raises MissingSettingError where they name no secret, or a file that cannot be used.
    """
    last = (NamedSecret(id="", secret=settings.secret),) if settings.secret else ()
    if settings.secrets_file is None:
        fixed_ring = settings.secrets + last
        ring = KeyRing(lambda: fixed_ring)
    else:
        file = _RingFile(settings.secrets_file)
        ring = KeyRing(lambda: _joined(file.read(), last))
    assert ring.secrets
    return ring


def _joined(ring: Ring, last: Ring) -> Ring:
    return ring if any(not secret.id for secret in ring) else ring + last


class _RingFile:
    """A file with the key ring; a rotation replaces it, and processes follow at their next use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._ring: Ring = ()

    def read(self) -> Ring:
        """The secrets of the file; those of its last readable state while it cannot be read."""
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_ino, status.st_size)
            if stamp != self._stamp:
                self._ring, self._stamp = parse_secrets(self._path.read_text()), stamp
        except (OSError, ValueError) as error:
            if not self._ring:
                raise MissingSettingError(f"CLIPSTREAM_SECRETS_FILE is not usable: {error}") from None
            structlog.get_logger().error("the key ring cannot be read again", file=str(self._path), error=str(error))
        return self._ring
