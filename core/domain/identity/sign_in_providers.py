"""Providers that sign people in, as an operator's file describes them; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

MAX_PROVIDERS = 20
_NAME = r"^[a-z][a-z0-9-]{0,31}$"
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
"""A scope (RFC 6749, 3.3)."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class SignInProvider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One provider: OpenID Connect by its issuer, or OAuth with an address that tells who somebody is."""

    name: Annotated[str, Meta(pattern=_NAME)]
    """Name in paths."""
    label: Annotated[str, Meta(max_length=60)] = ""
    """Name that people read; empty: ``name``."""
    issuer: str
    """With the subject the identity of a person; the discovery document lies below it."""
    client_id: Annotated[str, Meta(min_length=1, max_length=500)]
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    confirms_email: bool = False
    """Whether an address that the provider calls verified is confirmed for us, too."""
    links_by_email: bool = False
    """Whether a confirmed address signs in to the account that has it, if that has confirmed it as well."""
    authorization_endpoint: str = ""
    """Of OAuth without OpenID, as the next three."""
    token_endpoint: str = ""
    user_endpoint: str = ""
    """Address whose JSON tells who somebody is; where it is set there is no discovery and no ID token."""
    emails_endpoint: str = ""
    """Address whose JSON lists mail addresses, each ``email`` with ``primary`` and ``verified``."""
    subject_field: str = "id"
    """Field of the user's JSON that never changes and is never given to somebody else."""

    @property
    def is_openid(self) -> bool:
        """Whether the provider is found by discovery and signs ID tokens."""
        return not self.user_endpoint


def decode_providers(raw: bytes, secrets: Sequence[str]) -> Mapping[str, tuple[SignInProvider, str]]:
    """Name → provider with its secret (empty where it has none). Raises ValueError with a sentence."""
    try:
        listed = msgspec.json.decode(raw, type=list[SignInProvider])
    except msgspec.DecodeError as error:
        raise ValueError(f"it does not list providers: {error}") from None
    if len(listed) > MAX_PROVIDERS:
        raise ValueError(f"it lists {len(listed)} providers, at most {MAX_PROVIDERS} are allowed")
    secret_of = dict(_named_secret(entry) for entry in secrets)
    providers: dict[str, tuple[SignInProvider, str]] = {}
    for provider in listed:
        _check(provider)
        if provider.name in providers:
            raise ValueError(f"the name {provider.name!r} stands there twice")
        if any(provider.issuer == other.issuer for other, _ in providers.values()):
            raise ValueError(f"the issuer of {provider.name!r} stands there twice: its people would be two")
        providers[provider.name] = (provider, secret_of.pop(provider.name, ""))
    if secret_of:
        raise ValueError(f"there is a secret for {min(secret_of)!r}, which the file does not list")
    return providers


def _named_secret(entry: str) -> tuple[str, str]:
    name, colon, secret = entry.partition(":")
    if not colon or not secret:
        raise ValueError("a secret is not `provider:secret`")
    return name, secret


def _check(provider: SignInProvider) -> None:
    """Raise ValueError for what would fail at the first sign-in."""
    endpoints = (provider.authorization_endpoint, provider.token_endpoint, provider.user_endpoint)
    if any(endpoints) and not all(endpoints):
        raise ValueError(f"{provider.name!r} needs all of authorization_endpoint, token_endpoint and user_endpoint")
    for address in (provider.issuer, *endpoints, provider.emails_endpoint):
        if address and not is_usable_page(address):
            raise ValueError(
                f"{provider.name!r} has {address!r}, which is not an https address without query and fragment"
            )
    if provider.is_openid and "openid" not in provider.scopes:
        raise ValueError(f"{provider.name!r} does not ask for the scope `openid`")
    if any(not _SCOPE.fullmatch(scope) for scope in provider.scopes):
        raise ValueError(f"{provider.name!r} has a scope with a character that none has")
    if provider.links_by_email and not provider.confirms_email:
        raise ValueError(f"{provider.name!r} links by addresses that it does not confirm: set confirms_email as well")


def is_usable_page(address: str) -> bool:
    """Whether an address is one of https, or of this machine, without name, query and fragment."""
    if any(not "!" <= letter <= "~" or letter in '\\"<>' for letter in address):
        return False
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - raises for a port that is none
    except ValueError:
        return False
    local = parts.scheme == "http" and parts.hostname in _LOOPBACK
    plain = not (parts.query or parts.fragment or "?" in address or "#" in address or "@" in parts.netloc)
    return bool(parts.hostname) and (parts.scheme == "https" or local) and plain
