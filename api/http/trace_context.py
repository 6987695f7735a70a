"""W3C trace context of a request: continue the caller's valid one, or begin a new one.

Source: W3C Trace Context, level 1, section 3.2.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

_SHAPE = re.compile(r"^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$")
RandomHex = Callable[[int], str]


def continue_trace(header: str | None, random_hex: RandomHex = secrets.token_hex) -> str:
    """``traceparent`` of this request: the caller's trace id with a new span id, or a new sampled trace."""
    match = _SHAPE.fullmatch(header or "")
    trace_id, flags = (match[1], match[3]) if match else (random_hex(16), "01")
    return f"00-{trace_id}-{random_hex(8)}-{flags}"


def trace_id_of(traceparent: str) -> str:
    """The 32 hex digits that all logs and events of one trace share."""
    return traceparent.split("-")[1]
