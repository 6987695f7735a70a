"""Errors of OAuth, as its answers name them (RFC 6749, 4.1.2.1 and 5.2; RFC 8707)."""

from __future__ import annotations

from typing import Literal

ErrorCode = Literal[
    "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type",
    "unsupported_response_type", "invalid_scope", "access_denied", "invalid_target",
]  # fmt: skip


class OAuthError(Exception):
    """A client asked for what it does not get; the answer has the code and says why."""

    def __init__(self, code: ErrorCode, detail: str) -> None:
        """``detail``: a sentence for the client's developer, in ASCII without quotes (RFC 6749, 5.2)."""
        super().__init__(f"{code}: {detail}")
        self.code: ErrorCode = code
        self.detail = detail
