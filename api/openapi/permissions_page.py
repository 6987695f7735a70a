"""The page of permissions: every operation with the permission it needs and the roles that have it.

``python -m api.openapi.permissions_page > docs/permissions.md``; a test compares.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import get_args

from api.http.operations import Operation
from api.routes import OPERATIONS
from schemas.access.permissions import BUNDLES, PERMISSIONS, ROLES, Role

_HEAD = """# Permissions, roles and scopes

A person has a role in each organisation that they belong to; an API key has scopes. Both stand for permissions, and
each operation needs one. Who lacks it gets a 403 that names it; what belongs to another organisation is a 404. This
page is made by `python -m api.openapi.permissions_page > docs/permissions.md`, and a change of it is reviewed.

## Roles and scopes

`operator` exists only in the organisation that runs the installation, and `installation:operate` counts only there. The
scopes `read`, `write` and `admin` stand for several permissions; a key can also name single ones. A service account has
a role, and its keys may narrow it.
"""
_ROLES: tuple[Role, ...] = get_args(Role)


def permissions_page(operations: Sequence[Operation]) -> str:
    """The page in Markdown."""
    return f"{_HEAD}\n{_permissions()}\n## Operations\n\n{_operations(operations)}"


def _permissions() -> str:
    head = ["permission", "what it allows", *_ROLES, *(f"`{bundle}`" for bundle in BUNDLES)]
    lines = [_line(head), _line(["---"] * len(head))]
    for permission, words in PERMISSIONS.items():
        holders = [_mark(permission in has) for has in (*ROLES.values(), *BUNDLES.values())]
        lines.append(_line([f"`{permission}`", words, *holders]))
    return "\n".join(lines) + "\n"


def _operations(operations: Sequence[Operation]) -> str:
    head = ["operation", "", "needs", *_ROLES]
    lines = [_line(head), _line(["---"] * len(head))]
    for operation in operations:
        needs = operation.permission
        holders = [_mark(needs in ("public", "authenticated") or needs in ROLES[role]) for role in _ROLES]
        path = f"`{operation.method} {operation.path}`"
        lines.append(_line([f"`{operation.name}`", path, needs, *holders]))
    return "\n".join(lines) + "\n"


def _mark(has: bool) -> str:
    return "yes" if has else ""


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.stdout.write(permissions_page(OPERATIONS))
