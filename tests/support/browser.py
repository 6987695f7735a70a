"""A browser that takes web push: its keys, and how it decrypts (RFC 8291), written apart from what encrypts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _hmac(key: bytes, value: bytes) -> bytes:
    return hmac.new(key, value, hashlib.sha256).digest()


class Browser:
    """One subscription."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self._auth = os.urandom(16)
        self.p256dh, self.auth = _text(self._point), _text(self._auth)

    def subscription(self, endpoint: str) -> dict[str, object]:
        """What ``PushSubscription.toJSON()`` gives."""
        return {"endpoint": endpoint, "expirationTime": None, "keys": {"p256dh": self.p256dh, "auth": self.auth}}

    def decrypt(self, body: bytes) -> bytes:
        """The message of a body; raises InvalidTag for one of somebody else."""
        salt, record, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender, rest = body[21 : 21 + length], body[21 + length :]
        assert len(body) - 21 - length <= record
        shared = self._key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
        material = _hmac(_hmac(self._auth, shared), b"WebPush: info\0" + self._point + sender + b"\1")
        extracted = _hmac(salt, material)
        key = _hmac(extracted, b"Content-Encoding: aes128gcm\0\1")[:16]
        nonce = _hmac(extracted, b"Content-Encoding: nonce\0\1")[:12]
        plain, delimiter, padding = AESGCM(key).decrypt(nonce, rest, None).rpartition(b"\2")
        assert delimiter == b"\2"
        assert not padding.strip(b"\0")
        return plain
