"""Standard Webhooks signatures. Pure. Source: Standard Webhooks 1.0, "Signature scheme"."""

from __future__ import annotations

import base64
import hashlib
import hmac

PREFIX = "whsec_"


def headers(secret: str, *, message_id: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """The three headers of a delivery; the signature is over ``id.timestamp.body``."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": f"v1,{signature}",
        "content-type": "application/json",
    }
