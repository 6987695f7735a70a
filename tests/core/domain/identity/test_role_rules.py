"""Who may give and take which role."""

from __future__ import annotations

from typing import get_args

import pytest

from core.domain.identity.role_rules import role_fault
from schemas.access.permissions import ROLES, Role, permissions_of_role, permissions_of_scopes

GIVEN: dict[Role, set[Role]] = {
    "owner": {"owner", "admin", "editor", "viewer", "billing"},
    "admin": {"admin", "editor", "viewer"},
    "editor": {"editor", "viewer"},
    "viewer": {"viewer"},
    "billing": {"billing"},
    "operator": {"admin", "editor", "viewer"},
}
"""Role → the roles it has all permissions of; whether it may change members at all is asked before."""


@pytest.mark.parametrize("giver", get_args(Role))
@pytest.mark.parametrize("operator", [False, True])
def test_a_role_gives_what_it_has(giver: Role, operator: bool) -> None:
    permissions = permissions_of_role(giver, operator=operator)
    given = {
        role
        for role in ROLES
        if not role_fault(role, giver=permissions, giver_owns=giver == "owner", operator=operator)
    }
    more: set[Role] = {"operator"} if operator and giver in ("owner", "operator") else set()
    assert given == GIVEN[giver] | more


def test_a_key_of_every_scope_names_the_first_owner_alone() -> None:
    key = permissions_of_scopes(("read", "write", "admin"), operator=False)
    assert role_fault("owner", giver=key, giver_owns=False, operator=False)
    assert role_fault("owner", giver=key, giver_owns=False, operator=False, first_owner=True) == ""
    assert role_fault("billing", giver=key, giver_owns=False, operator=False, first_owner=True)
    assert role_fault("admin", giver=key, giver_owns=False, operator=False) == ""
