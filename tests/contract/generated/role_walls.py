"""Every operation as every role, of another organisation and of the same: who may call it, and that nothing leaks.

The operations, roles and permissions are the registry's own, so a new one is covered as soon as it is registered.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import httpx2
import msgspec

from api.http.operations import Operation, path_parameters
from api.openapi.examples import request_examples
from api.routes import OPERATIONS
from schemas.access.permissions import Role
from tests.api.openapi_checks import document
from tests.contract.generated.wall_callers import Kind, WallCaller, kinds_of, sample_callers

LAST = ("eraseAccount", "logout")
"""Operations that end the caller itself."""
ABSENT_ID = str(uuid.UUID(int=7))
"""What nobody has."""
OPERATED = "org_id"
"""A path parameter that names any organisation by design: who operates the installation may."""
_PUBLIC = frozenset(operation.name for operation in OPERATIONS if operation.permission == "public")


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """One request and its answer."""

    role: Role
    kind: Kind
    operation: str
    allowed: bool
    """Whether the caller has the permission."""
    names_foreign: bool
    """Whether the path or the body names a resource of another organisation."""
    status: int
    text: str
    absent_status: int | None
    """Of the same request with ids that nobody has; None: not asked."""
    code: str
    """Of the problem; empty for none."""
    lacks_permission: bool
    """Whether the answer says that the permission is lacking."""


async def call_as_foreigners(
    callers: Sequence[WallCaller], ids: Mapping[str, Sequence[str]], *, seed: int, whole: bool
) -> list[Answered]:
    """Call every operation with ids of another organisation, as each role; ``whole``: also as each kind of caller."""
    return [
        await _call(caller, operation, ids, foreign=True)
        for operation in sorted(OPERATIONS, key=_place)
        for caller in sample_callers(callers, operation.name, seed=seed, whole=whole)
    ]


def _place(operation: Operation) -> int:
    return 1 + LAST.index(operation.name) if operation.name in LAST else 0


async def call_without_permission(
    callers: Sequence[WallCaller], ids: Mapping[str, Sequence[str]], *, seed: int, whole: bool
) -> list[Answered]:
    """Call what each role of the organisation itself may not, with its own ids."""
    return [
        await _call(caller, operation, ids, foreign=False)
        for operation in OPERATIONS
        for caller in sample_callers(callers, operation.name, seed=seed, whole=whole)
        if not _is_allowed(operation, caller)
    ]


def _is_allowed(operation: Operation, caller: WallCaller) -> bool:
    if operation.of_person and not caller.is_person:
        return False
    return operation.permission in ("public", "authenticated") or operation.permission in caller.permissions


def uuid_parameters() -> set[str]:
    """Path parameters that are ids of something."""
    operations = [operation for methods in document()["paths"].values() for operation in methods.values()]
    parameters = [one for operation in operations for one in operation.get("parameters", [])]
    return {one["name"] for one in parameters if one["in"] == "path" and one["schema"].get("format") == "uuid"}


async def _call(
    caller: WallCaller, operation: Operation, ids: Mapping[str, Sequence[str]], *, foreign: bool
) -> Answered:
    parameters = path_parameters(operation.path)
    is_allowed = _is_allowed(operation, caller)
    names_foreign = foreign and any(name in ids and name != OPERATED for name in parameters)
    answer = await _request(caller, operation, ids)
    compared = is_allowed and names_foreign
    absent = {name: [ABSENT_ID] for name in ids}
    kind = answer.headers.get("content-type", "")
    return Answered(
        role=caller.role, kind=caller.kind, operation=operation.name, allowed=is_allowed,
        names_foreign=names_foreign, status=answer.status_code,
        text=answer.text if kind.startswith(("application", "text")) else "", code=_code(answer),
        absent_status=(await _request(caller, operation, absent)).status_code if compared else None,
        lacks_permission=_lacks(answer),
    )  # fmt: skip


async def _request(caller: WallCaller, operation: Operation, ids: Mapping[str, Sequence[str]]) -> httpx2.Response:
    parameters, path = path_parameters(operation.path), operation.path
    for name in parameters:
        path = path.replace(f"{{{name}}}", ids.get(name, [ABSENT_ID])[0])
    examples = request_examples().get(operation.name) or {"": {}}
    body = _with_ids(next(iter(examples.values())), ids)
    arguments: dict[str, Any] = {"json": body} if operation.request is not None else {}
    query = {name: value[0] for name, value in ids.items() if operation.query and name in _fields(operation.query)}
    endless = "text/event-stream" in operation.media_types and not parameters
    method = "HEAD" if endless else operation.method
    return await caller.client.request(method, path, params=query, headers={"If-Match": "*"}, **arguments)


def _code(answer: httpx2.Response) -> str:
    is_problem = answer.headers.get("content-type", "").startswith("application/problem+json") and answer.content
    return str(answer.json()["code"]) if is_problem else ""


def _lacks(answer: httpx2.Response) -> bool:
    if answer.status_code != 403 or not answer.content:  # an answer to HEAD has no body
        return answer.status_code == 403
    problem = answer.json()
    told = ("The caller lacks the permission", "This is for people who signed in")
    return problem["code"] == "forbidden" and problem["detail"].startswith(told)


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
        place = f"{answer.role} by {answer.kind}, {answer.operation}: {answer.status} {answer.code}"
        if answer.status >= 500:
            broken.append(f"{place}, a bug")
        if not answer.allowed and not answer.lacks_permission:
            broken.append(f"{place} without the permission")
        if answer.allowed and answer.lacks_permission:
            broken.append(f"{place} with the permission")
        if answer.allowed and answer.names_foreign and not 400 <= answer.status < 500:
            broken.append(f"{place} for a foreign id")
        if answer.absent_status not in (None, answer.status):
            broken.append(f"{place} for a foreign id, {answer.absent_status} for one that nobody has")
        if answer.code == "unauthenticated" and answer.operation not in (*LAST, *_PUBLIC):
            broken.append(f"{place}: the caller was not known")
        if canary in answer.text:
            broken.append(f"{place} tells {canary}")
    return broken


def spared(answers: Sequence[Answered]) -> set[str]:
    """Operations with an id in their path that nobody with the permission called with a foreign one."""
    tried = {answer.operation for answer in answers if answer.allowed and answer.names_foreign}
    named = uuid_parameters() - {OPERATED}
    return {operation.name for operation in OPERATIONS if named & set(path_parameters(operation.path))} - tried


def uncalled(
    answers: Sequence[Answered], callers: Sequence[WallCaller], *, whole: bool
) -> set[tuple[str, str, Kind | None]]:
    """Roles and operations that were not tried; ``whole``: with each kind of caller."""
    roles = {caller.role for caller in callers}
    kinds: dict[Role, Sequence[Kind | None]] = {role: list(kinds_of(role)) if whole else [None] for role in roles}
    wanted = {(role, operation.name, kind) for role in roles for operation in OPERATIONS for kind in kinds[role]}
    return wanted - {(answer.role, answer.operation, answer.kind if whole else None) for answer in answers}
