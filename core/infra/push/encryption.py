"""The body of a web push: encrypted for one browser (RFC 8291), in one record of aes128gcm (RFC 8188)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from secrets import token_bytes

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

RECORD_BYTES = 4096
"""Size of the record, which a push service must take. Source: RFC 8291, section 4."""
MAX_PLAIN_BYTES = RECORD_BYTES - 86 - 17
"""Longest message: the record without its header, tag and delimiter. Source: RFC 8291, section 4."""
_AUTH_BYTES = 16
_POINT_BYTES = 65
_LAST = b"\x02"
"""Delimiter of the last record. Source: RFC 8188, section 2."""


def decode_key(text: str) -> bytes:
    """Bytes of base64url, with or without padding. Raises ValueError."""
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a key of a push subscription is base64url") from None


def encode_key(key: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(key).rstrip(b"=").decode()


def check_keys(p256dh: str, auth: str) -> None:
    """Raise ValueError unless these are the keys of a browser: a point of P-256, and 16 bytes."""
    point = decode_key(p256dh)
    if len(point) != _POINT_BYTES:
        raise ValueError("p256dh is an uncompressed point of P-256: 65 bytes")
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    if len(decode_key(auth)) != _AUTH_BYTES:
        raise ValueError("auth has 16 bytes")


def encrypt(
    plain: bytes,
    *,
    p256dh: bytes,
    auth: bytes,
    random: Callable[[int], bytes] = token_bytes,
    new_key: Callable[[], ec.EllipticCurvePrivateKey] = lambda: ec.generate_private_key(ec.SECP256R1()),
) -> bytes:
    """The body of a push; ``random`` and ``new_key`` are for tests. Raises ValueError for one too long."""
    if len(plain) > MAX_PLAIN_BYTES:
        raise ValueError(f"a push has at most {MAX_PLAIN_BYTES} bytes")
    own_key, salt = new_key(), random(16)
    own_point = own_key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = own_key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), p256dh))
    key_material = _hkdf(shared, auth, b"WebPush: info\0" + p256dh + own_point, 32)
    key = _hkdf(key_material, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _hkdf(key_material, salt, b"Content-Encoding: nonce\0", 12)
    header = salt + RECORD_BYTES.to_bytes(4, "big") + bytes([len(own_point)]) + own_point
    return header + AESGCM(key).encrypt(nonce, plain + _LAST, None)


def _hkdf(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)
