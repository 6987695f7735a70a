"""What callers may do: permissions, the roles of people and the scopes of keys that are made of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal, get_args

Permission = Literal[
    "projects:read", "projects:write",
    "brand:read", "brand:write",
    "scoring:read", "scoring:write",
    "analytics:read",
    "webhooks:read", "webhooks:write",
    "dead-letters:read", "dead-letters:write",
    "members:read", "members:write",
    "keys:read", "keys:write",
    "audit:read",
    "usage:read",
    "billing:read", "billing:write",
    "organisation:read", "organisation:write", "organisation:erase",
    "installation:operate",
]  # fmt: skip
Role = Literal["owner", "admin", "editor", "viewer", "billing", "operator"]
Bundle = Literal["read", "write", "admin"]

PERMISSIONS: Mapping[Permission, str] = {
    "projects:read": "read uploads, projects, transcripts, clips and exports, and search them",
    "projects:write": "upload, make, edit, export, cancel and erase them",
    "brand:read": "read brand kits, caption templates and assets",
    "brand:write": "change them",
    "scoring:read": "read the weights of the score",
    "scoring:write": "change them",
    "analytics:read": "read analytics",
    "webhooks:read": "read webhook endpoints and what was delivered",
    "webhooks:write": "change endpoints and deliver again",
    "dead-letters:read": "read dead letters and stuck projects",
    "dead-letters:write": "replay dead letters",
    "members:read": "see who belongs to the organisation",
    "members:write": "invite people, change their roles, remove them",
    "keys:read": "list API keys, service accounts and apps",
    "keys:write": "make, rotate and revoke them",
    "audit:read": "read the audit log and the request log",
    "usage:read": "read usage",
    "billing:read": "read plan, invoices and limits",
    "billing:write": "change the plan and how it is paid",
    "organisation:read": "read the organisation's own settings",
    "organisation:write": "change them, export its data",
    "organisation:erase": "erase the organisation",
    "installation:operate": "operate the installation, above its organisations",
}

_VIEWS: frozenset[Permission] = frozenset(
    {"projects:read", "brand:read", "scoring:read", "analytics:read", "members:read", "organisation:read"}
)
_EDITS: frozenset[Permission] = _VIEWS | {"projects:write", "brand:write", "webhooks:read", "usage:read"}
_ALL: frozenset[Permission] = frozenset(get_args(Permission))
_OWNS: frozenset[Permission] = _ALL - {"installation:operate"}
_ADMINISTERS: frozenset[Permission] = _OWNS - {"organisation:erase", "billing:write"}

ROLES: Mapping[Role, frozenset[Permission]] = {
    "owner": _OWNS,
    "admin": _ADMINISTERS,
    "editor": _EDITS,
    "viewer": _VIEWS,
    "billing": frozenset({"billing:read", "billing:write", "usage:read", "members:read", "organisation:read"}),
    "operator": _ADMINISTERS | {"installation:operate"},
}
"""Role → its permissions. Only the organisation that runs the installation has operators."""

BUNDLES: Mapping[Bundle, frozenset[Permission]] = {
    "read": _VIEWS | {"webhooks:read", "usage:read"},
    "write": frozenset({"projects:write", "brand:write", "webhooks:write"}),
    "admin": _ADMINISTERS - _EDITS - {"webhooks:write"} | {"installation:operate"},
}
"""Scopes that stand for several permissions. ``admin`` operates the installation where the organisation runs it."""
Scope = Literal[Permission, Bundle]
SCOPES: tuple[Scope, ...] = (*get_args(Bundle), *get_args(Permission))
AppScope = Literal[
    "read", "write",
    "projects:read", "projects:write",
    "brand:read", "brand:write",
    "scoring:read", "scoring:write",
    "analytics:read",
    "webhooks:read", "webhooks:write",
    "members:read",
    "usage:read",
    "billing:read",
    "audit:read",
    "organisation:read",
]  # fmt: skip
"""Scopes of OAuth clients. None of them changes who may call, for how long, or who pays: that would outlive a grant."""
NEEDS_OPERATOR: frozenset[Permission] = frozenset({"installation:operate"})
"""What no caller may outside the organisation that runs the installation."""


def permissions_of_scopes(scopes: Collection[str], *, operator: bool) -> frozenset[Permission]:
    """Permissions of a key with these scopes.

    ``operator``: its organisation runs the installation. A scope that this version does not know allows nothing.
    """
    single = frozenset(permission for permission in _ALL if permission in scopes)
    bundled = [permissions for bundle, permissions in BUNDLES.items() if bundle in scopes]
    return _without_operator(single.union(*bundled), operator=operator)


def permissions_of_role(role: Role, *, operator: bool) -> frozenset[Permission]:
    """Permissions of a member with this role; ``operator``: its organisation runs the installation."""
    return _without_operator(ROLES[role], operator=operator)


def _without_operator(permissions: frozenset[Permission], *, operator: bool) -> frozenset[Permission]:
    return permissions if operator else permissions - NEEDS_OPERATOR
