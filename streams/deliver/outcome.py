"""Result of a try, and how request and answer are logged. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from core.ports.outside import Response

MAX_LOGGED_BYTES = 2048
"""Bytes of an answer that the log keeps."""
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Controls but tab and line feed, and marks that turn the direction of text."""
SIGNATURE = "webhook-signature"
GONE_STATUS = 410


class TryOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """Result of one try. ``response`` is None without an answer."""

    error: str | None
    response: Response | None = None
    final: bool = False
    was_sent: bool = False
    """Whether a POST went out, or failed on its way: what the endpoint's circuit counts."""
    request_headers: Mapping[str, str] | None = None
    """As they are logged; None where there was nothing to send."""
    latency_ms: int = 0

    @property
    def status(self) -> int | None:
        """HTTP status of the answer; None without one."""
        return self.response.status if self.response is not None else None

    @property
    def is_gone(self) -> bool:
        """Whether the receiver says that it is gone for good."""
        return self.status == GONE_STATUS

    @property
    def was_tried(self) -> bool:
        """Whether there was something to send: a try that counts, though its address may have been refused."""
        return self.request_headers is not None


def outcome_of(response: Response) -> TryOutcome:
    """The result that an answer means: only a 2xx takes the message, also a redirect does not."""
    is_taken = 200 <= response.status < 300
    error = None if is_taken else f"answered {response.status}"
    return TryOutcome(error=error, response=response, final=response.status == GONE_STATUS, was_sent=True)


def readable(body: bytes) -> str:
    """The first 2 KiB of an answer as text; what is no text is replaced."""
    text = body[:MAX_LOGGED_BYTES].decode("utf-8", errors="replace").replace("\r\n", "\n")
    return _CONTROLS.sub("\ufffd", text)


def logged_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Request headers without the signatures themselves: which kinds of signature there were is kept."""
    kinds = " ".join(signature.partition(",")[0] + ",…" for signature in headers[SIGNATURE].split())
    return {**headers, SIGNATURE: kinds}
