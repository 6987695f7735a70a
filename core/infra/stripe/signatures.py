"""Signatures of Stripe's events: HMAC-SHA-256 over ``time.body``. Pure."""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Collection
from itertools import product

TOLERANCE_S = 300
MAX_HEADER_CHARACTERS = 4096


def check_signature(body: bytes, header: str, secrets: Collection[str], now: dt.datetime) -> None:
    """Check the header ``Stripe-Signature``.

    Raises ValueError, with a reason for a person, unless a secret has signed the body within the tolerance.
    """
    if not header or len(header) > MAX_HEADER_CHARACTERS:
        raise ValueError("The event has no Stripe-Signature.")
    parts = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    signatures = [value for name, _, value in parts if name == "v1"]
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit() and len(times[0]) < 12) or not signatures:
        raise ValueError("The Stripe-Signature cannot be read.")
    signed = times[0].encode() + b"." + body
    expected = [hmac.new(secret.encode(), signed, "sha256").hexdigest() for secret in secrets]
    # every pair is compared, so that the time says nothing
    pairs = product(expected, signatures)
    matches = [hmac.compare_digest(digest.encode(), signature.encode()) for digest, signature in pairs]
    if not any(matches):
        raise ValueError("The event is not signed by a secret of this installation.")
    if abs(now.timestamp() - int(times[0])) > TOLERANCE_S:
        raise ValueError(f"The event was signed more than {TOLERANCE_S} s ago, or the clocks differ.")
