"""Keys and signatures of Standard Webhooks: HMAC-SHA-256 and ed25519. Randomness is given.

Source: Standard Webhooks 1.0, "Signature scheme".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from secrets import token_bytes
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Signing = Literal["hmac", "ed25519"]
SHARED_PREFIX = "whsec_"
PRIVATE_PREFIX = "whsk_"
PUBLIC_PREFIX = "whpk_"
_SECRET_BYTES = 32
_SEED_BYTES = 32
"""A private key is the seed and the public key behind it, 64 bytes."""


def new_secret(signing: Signing = "hmac", random: Callable[[int], bytes] = token_bytes) -> str:
    """A secret that signs: ``whsec_`` or, for ed25519, ``whsk_``, and base64."""
    if signing == "hmac":
        return SHARED_PREFIX + base64.b64encode(random(_SECRET_BYTES)).decode()
    seed = random(_SEED_BYTES)
    return PRIVATE_PREFIX + base64.b64encode(seed + _public_bytes(Ed25519PrivateKey.from_private_bytes(seed))).decode()


def public_key_of(secret: str) -> str | None:
    """The public key (``whpk_``) of a private one; None for a shared secret."""
    if not secret.startswith(PRIVATE_PREFIX):
        return None
    return PUBLIC_PREFIX + base64.b64encode(_public_bytes(_private_key(secret))).decode()


def sign(secret: str, *, message_id: str, timestamp_s: int, body: bytes) -> str:
    """``v1,`` or ``v1a,`` and the base64 signature of ``id.timestamp.body``."""
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    if secret.startswith(PRIVATE_PREFIX):
        return "v1a," + base64.b64encode(_private_key(secret).sign(signed)).decode()
    key = base64.b64decode(secret.removeprefix(SHARED_PREFIX))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def headers(secrets: Sequence[str], *, message_id: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """The headers of a delivery; ``webhook-signature`` has one signature a secret, split by spaces."""
    signatures = [sign(secret, message_id=message_id, timestamp_s=timestamp_s, body=body) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(signatures),
        "content-type": "application/json",
    }


def _private_key(secret: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(secret.removeprefix(PRIVATE_PREFIX))[:_SEED_BYTES])


def _public_bytes(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
