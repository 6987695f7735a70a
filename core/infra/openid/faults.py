"""What goes wrong between us and a provider."""

from __future__ import annotations


class ProviderFault(Exception):
    """A provider is away, or its answer does not count. The message is a sentence without what it sent."""

    def __init__(self, detail: str, reason: str = "") -> None:
        """``detail`` is for people; ``reason`` for the log, without tokens and addresses of people."""
        super().__init__(detail)
        self.detail = detail
        self.reason = reason or detail


class SignInDeclined(Exception):
    """A provider did not sign the person in: they said no, or the code counts no longer."""

    def __init__(self, detail: str) -> None:
        """``detail``: a sentence."""
        super().__init__(detail)
        self.detail = detail
