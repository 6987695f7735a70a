"""Roles and scopes stand for the permissions that the page says."""

from __future__ import annotations

from typing import get_args

import pytest

from schemas.access.permissions import (
    BUNDLES,
    PERMISSIONS,
    ROLES,
    Permission,
    Role,
    permissions_of_role,
    permissions_of_scopes,
)


def test_every_permission_has_words_and_a_role() -> None:
    assert set(PERMISSIONS) == set(get_args(Permission))
    assert frozenset().union(*ROLES.values()) == set(PERMISSIONS)


@pytest.mark.parametrize(("role", "contained"), [("editor", "viewer"), ("admin", "editor"), ("owner", "admin")])
def test_a_role_contains_the_one_below_it(role: Role, contained: Role) -> None:
    assert permissions_of_role(contained, operator=False) < permissions_of_role(role, operator=False)


def test_only_operators_have_installation_permissions() -> None:
    for role in get_args(Role):
        assert "installation:operate" not in permissions_of_role(role, operator=False)
    assert "installation:operate" not in permissions_of_scopes(["admin", "installation:operate"], operator=False)
    assert "installation:operate" in permissions_of_scopes(["admin"], operator=True)
    assert "installation:operate" not in permissions_of_role("owner", operator=True)


def test_an_unknown_scope_allows_nothing() -> None:
    assert permissions_of_scopes(["projects:read"], operator=True) == {"projects:read"}
    assert permissions_of_scopes(["read"], operator=False) == BUNDLES["read"]
    assert permissions_of_scopes(["everything", "projects"], operator=True) == frozenset()


def test_bundles_are_disjoint_and_exclude_money_and_erasure() -> None:
    read, write, admin = BUNDLES.values()
    assert not read & write
    assert not write & admin
    assert not {"organisation:erase", "billing:write"} & (read | write | admin)
