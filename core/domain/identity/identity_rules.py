"""Rules of registration, sessions and sign-in with providers. Pure data, read by core.settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec


class IdentityRules(msgspec.Struct, frozen=True, kw_only=True):
    """Who may register, and how long sessions last."""

    register: Literal["invitation", "anyone"] = "invitation"
    """``anyone``: who registers gets an organisation of their own, once their address is confirmed."""
    organisations: Literal["off", "on"] = "off"
    """Whether a person who is signed in may make further organisations."""
    access_minutes: Annotated[float, msgspec.Meta(gt=0, le=15)] = 10.0
    """Life of an access token."""
    idle_days: Annotated[float, msgspec.Meta(gt=0)] = 14.0
    """Time without a refresh after which a session ends."""
    session_days: Annotated[float, msgspec.Meta(gt=0)] = 90.0
    """Time after which a session ends, however much it is used."""
    invitation_days: Annotated[float, msgspec.Meta(gt=0)] = 7.0
    mail_days: Annotated[float, msgspec.Meta(gt=0)] = 7.0
    """Time for which mails are kept, and tried."""


class SignInRules(msgspec.Struct, frozen=True, kw_only=True):
    """Sign-in with providers, each an account that somebody has elsewhere, and by one-time codes.

    Sign-in with providers needs a file of them.
    """

    providers_file: Path | None = None
    """JSON file of the providers (docs/people.md); their secrets are no part of it."""
    provider_secrets: tuple[str, ...] = ()
    """``provider:secret`` of each provider that gave one."""
    return_pages: tuple[str, ...] = ()
    """Whole addresses of the pages that a sign-in may lead back to, besides ``web``."""
    codes: Literal["off", "on"] = "off"
    """Whether the operator may make one-time codes that sign the installation's owner in."""
    code_minutes: Annotated[float, msgspec.Meta(gt=0, le=1440)] = 15.0
    """Life of such a code."""
