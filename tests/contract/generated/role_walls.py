"""Every operation with the key of every role of another organisation: who may call it, and that nothing leaks.

The operations, roles and permissions are the registry's own, so a new one is covered as soon as it is registered.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import httpx2
import msgspec

from api.http.operations import Operation, path_parameters
from api.openapi.examples import request_examples
from api.routes import OPERATIONS
from core.infra.key_ring import open_key_ring
from core.infra.postgres.connection import set_org
from core.infra.secrets import mint_api_key
from core.settings import Settings
from schemas.access.permissions import ROLES, Role, permissions_of_role
from tests.contract.rigs.api_world import World


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """One request and its answer."""

    role: Role
    operation: str
    allowed: bool
    """Whether the role has the permission."""
    names_foreign: bool
    """Whether the path or the body names a resource of another organisation."""
    status: int
    text: str


async def key_of_role(world: World, settings: Settings, role: Role) -> str:
    """A key of the second organisation with the permissions of a role."""
    minted, org_id = mint_api_key(open_key_ring(settings).derive("api-keys")), world.bob.org_id
    async with world.owner.transaction():
        await set_org(world.owner, org_id)
        await world.owner.execute(
            "insert into api_keys (org_id, key_id, hash, last4, scopes) values ($1, $2, $3, $4, $5)",
            org_id, uuid.uuid4(), minted.hash, minted.last4, sorted(ROLES[role]),
        )  # fmt: skip
    return minted.plain


async def call_everything(
    client: httpx2.AsyncClient, key: str, role: Role, ids: Mapping[str, Sequence[str]]
) -> list[Answered]:
    """Call every operation with ids of another organisation, as one role."""
    permissions = permissions_of_role(role, operator=False)
    return [
        await _call(client, key, role, operation, ids, allowed=_is_allowed(operation, permissions))
        for operation in OPERATIONS
    ]


def _is_allowed(operation: Operation, permissions: frozenset[str]) -> bool:
    if operation.of_person:  # a key is no person
        return False
    return operation.permission in ("public", "authenticated") or operation.permission in permissions


async def _call(
    client: httpx2.AsyncClient,
    key: str,
    role: Role,
    operation: Operation,
    ids: Mapping[str, Sequence[str]],
    *,
    allowed: bool,
) -> Answered:
    parameters = path_parameters(operation.path)
    path = operation.path
    for name in parameters:
        path = path.replace(f"{{{name}}}", ids.get(name, [str(uuid.UUID(int=7))])[0])
    examples = request_examples().get(operation.name) or {"": {}}
    body = _with_ids(next(iter(examples.values())), ids)
    arguments: dict[str, Any] = {"json": body} if operation.request is not None else {}
    query = {name: value[0] for name, value in ids.items() if operation.query and name in _fields(operation.query)}
    answer = await client.request(
        operation.method, path, params=query, headers={"Authorization": f"Bearer {key}", "If-Match": "*"}, **arguments
    )
    foreign = any(name in ids for name in parameters)
    return Answered(
        role=role, operation=operation.name, allowed=allowed, names_foreign=foreign, status=answer.status_code,
        text=answer.text if answer.headers.get("content-type", "").startswith(("application", "text")) else "",
    )  # fmt: skip


def _fields(struct: type) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(struct)}


def _with_ids(value: Any, ids: Mapping[str, Sequence[str]]) -> Any:
    """A body with the ids of another organisation in the places of its own."""
    if isinstance(value, dict):
        return {
            name: ids[name][0] if name in ids and isinstance(inner, str) else _with_ids(inner, ids)
            for name, inner in value.items()
        }
    return [_with_ids(inner, ids) for inner in value] if isinstance(value, list) else value


def broken_walls(answers: Sequence[Answered], canary: str) -> list[str]:
    """What is wrong with the answers, in a line each."""
    broken = []
    for answer in answers:
        place = f"{answer.role} {answer.operation}: {answer.status}"
        if answer.status >= 500:
            broken.append(f"{place}, a bug")
        if not answer.allowed and answer.status != 403:
            broken.append(f"{place} without the permission")
        if answer.allowed and not answer.names_foreign and answer.status == 403:
            broken.append(f"{place} with the permission")
        if answer.allowed and answer.names_foreign and not 400 <= answer.status < 500:
            broken.append(f"{place} for a foreign id")
        if canary in answer.text:
            broken.append(f"{place} tells {canary}")
    return broken


def uncalled(answers: Sequence[Answered]) -> set[tuple[str, str]]:
    """Pairs of role and operation that were not tried."""
    wanted = {(role, operation.name) for role in get_args(Role) for operation in OPERATIONS}
    return wanted - {(answer.role, answer.operation) for answer in answers}
