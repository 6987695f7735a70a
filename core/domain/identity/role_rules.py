"""Who may give, change and take which role in an organisation."""

from __future__ import annotations

from collections.abc import Collection

from schemas.access.permissions import Permission, Role, permissions_of_role


def role_fault(
    role: Role, *, giver: Collection[Permission], giver_owns: bool, operator: bool, first_owner: bool = False
) -> str:
    """Why a caller may not give, or take, a role; empty where they may.

    ``giver``: permissions of the caller; ``operator``: the organisation runs the installation; ``first_owner``: the
    organisation has no owner yet, so a key that administers it names the first.
    """
    if role == "operator" and not operator:
        return "Only the organisation that runs the installation has operators."
    if role == "owner" and first_owner:
        return ""
    if role == "owner" and not giver_owns:
        return "Only an owner makes or unmakes owners."
    lacking = permissions_of_role(role, operator=operator) - frozenset(giver)
    # an owner of the organisation that runs the installation appoints who operates it
    if lacking - (frozenset({"installation:operate"}) if giver_owns and operator else frozenset()):
        return f"The caller lacks the permission `{min(lacking)}` of the role `{role}`, and may not give it."
    return ""
