"""Scopes of OAuth clients: what of a request is allowed, and what it means in plain words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import get_args
from unicodedata import category

from core.domain.oauth.errors import OAuthError
from schemas.access.permissions import AppScope, Permission, permissions_of_scopes

APP_SCOPES: tuple[AppScope, ...] = get_args(AppScope)

SENTENCES: Mapping[AppScope, str] = {
    "read": "See projects, transcripts, clips, brand kits, analytics, webhooks, usage and who belongs to it",
    "write": "Make, change and erase projects, clips, exports, brand kits and webhooks",
    "projects:read": "See uploads, projects, transcripts, clips and exports, and search them",
    "projects:write": "Upload videos, and make, change, export and erase projects and clips",
    "brand:read": "See brand kits, caption templates and their files",
    "brand:write": "Change brand kits, caption templates and their files",
    "scoring:read": "See how clips are scored",
    "scoring:write": "Change how clips are scored",
    "analytics:read": "See analytics",
    "webhooks:read": "See webhook endpoints and what was delivered to them",
    "webhooks:write": "Change webhook endpoints, and deliver again",
    "members:read": "See who belongs to the organisation",
    "usage:read": "See what was used",
    "billing:read": "See plan, invoices and limits",
    "audit:read": "See the audit log and the request log",
    "organisation:read": "See the settings of the organisation",
}
"""Scope → what it allows, for the page that asks a person for it."""


def read_scopes(text: str | None, allowed: Collection[str]) -> list[str]:
    """The scopes of a request, in the order of ``APP_SCOPES``; all that are allowed where it names none.

    Raises OAuthError for one beyond the client's.
    """
    requested = set(text.split(" ")) - {""} if text else set(allowed)
    if beyond := requested - set(allowed):
        public_names = sorted(beyond & set(APP_SCOPES))
        suffix = f" {public_names[0]}" if public_names else ""
        raise OAuthError("invalid_scope", f"The client may not ask for the scope{suffix}.")
    if not requested:
        raise OAuthError("invalid_scope", "The request asks for no scope.")
    return [scope for scope in APP_SCOPES if scope in requested]


def name_fault(name: str) -> str:
    """Why an app may not have a name; empty where it may: people trust what they read when it asks them."""
    if name != name.strip() or any(category(letter)[0] in "CZ" and letter != " " for letter in name):
        return "The name has no spaces around it, and no characters that are not seen or that turn the text around."
    return ""


def scopes_within(scopes: Collection[str], permissions: Collection[Permission]) -> list[str]:
    """The scopes of which a caller with these permissions may do at least a part."""
    permission_set = frozenset(permissions)
    return [scope for scope in scopes if permissions_of_scopes([scope], operator=False) & permission_set]
