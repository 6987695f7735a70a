"""Refusals of sign-in and of what people change; the API answers each with the problem of its code."""

from __future__ import annotations

from typing import Literal

from core.services.billing.quotas import Excess

RefusalCode = Literal[
    "wrong-credentials", "sign-in-locked", "email-not-verified", "code-invalid", "unauthenticated", "role-refused",
    "last-owner", "account-exists", "already-member", "sign-in-again", "not-found", "forbidden", "limit-reached",
    "invalid", "second-factor-exists", "quota-exceeded", "sign-in-refused", "provider-failed", "last-way-in",
    "identity-linked",
]  # fmt: skip


class IdentityRefused(Exception):
    """A person, or who wants to be one, may not do this."""

    def __init__(
        self, code: RefusalCode, detail: str, *, wait_s: float = 0.0, pointer: str = "", limit: str = ""
    ) -> None:
        """``detail``: a sentence; ``wait_s``: until it may be tried again; ``pointer``: the field at fault;
        ``limit``: that of the plan."""
        super().__init__(f"{code}: {detail}")
        self.code: RefusalCode = code
        self.detail = detail
        self.wait_s = wait_s
        self.pointer = pointer
        self.limit = limit


WRONG_CREDENTIALS = "The address and the password do not belong together."


def wrong_credentials() -> IdentityRefused:
    """Address or password is wrong; which of them stays unsaid."""
    return IdentityRefused("wrong-credentials", WRONG_CREDENTIALS)


def refuse_excess(excess: Excess | None) -> None:
    """Raise IdentityRefused where the plan has no more room."""
    if excess is not None:
        raise IdentityRefused("quota-exceeded", excess.detail, limit=excess.limit)


def invalid_code() -> IdentityRefused:
    """A code of a mail does not count, or counts no longer."""
    return IdentityRefused("code-invalid", "The code is unknown, was used, or has expired.")


def ended_session() -> IdentityRefused:
    """A refresh token or its session has ended."""
    return IdentityRefused("unauthenticated", "The session has ended: sign in again.")
