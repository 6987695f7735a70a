"""API keys: make, list, read, change, rotate, revoke. A plain key is shown once and not stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from msgspec import UNSET

from api.access.key_models import (
    ApiKey,
    ChangeKey,
    CreateKey,
    KeyPage,
    ListKeys,
    NewKey,
    RotateKey,
    address_errors,
    is_over,
    key_fields,
    parse_networks,
)
from api.http.conditional import check_if_held, etag_of_parts, reply_with_etag
from api.http.operations import Call, Operation, Reply
from api.http.pagination import decode_cursor, next_cursor, place_of
from api.problems.problem_details import ApiProblem, invalid, not_found, require
from core.infra.postgres.connection import Connection, Row
from core.infra.secrets import MintedKey, mint_api_key
from core.storage import organisations
from core.storage.identity import api_keys, service_accounts
from schemas.access.permissions import PERMISSIONS, SCOPES, Permission, permissions_of_scopes

MAX_KEYS = 200


async def require_scopes(rows: Connection, call: Call[Any, Any], scopes: Sequence[str]) -> None:
    """Raise a 403 where the scopes hold a permission that the caller lacks."""
    operator = await organisations.is_operator(rows, call.org_id)
    single_scopes: set[Permission] = {permission for permission in PERMISSIONS if permission in scopes}
    require_held(call, permissions_of_scopes(scopes, operator=operator) | single_scopes)


def require_held(call: Call[Any, Any], permissions: frozenset[Permission] | set[Permission]) -> None:
    """Raise a 403 that names the permissions which the caller would give away without having them."""
    if lacking := sorted(permissions - call.caller.permissions):
        raise ApiProblem("forbidden", f"A caller gives only permissions that it has, and it lacks {_listed(lacking)}.")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _require_kind(call: Call[Any, Any], *, test: bool) -> None:
    if call.caller.test and not test:
        raise ApiProblem("forbidden", "A test key makes and rotates test keys only.")


def _require_future(call: Call[Any, Any], expires_at: dt.datetime | None) -> None:
    if expires_at is not None and expires_at <= call.now:
        raise invalid("/expires_at", "It must lie in the future.")


async def create_key(call: Call[CreateKey, None]) -> Reply:
    """Make a key; the answer shows it this once."""
    request = call.body
    _require_kind(call, test=request.test)
    _require_future(call, request.expires_at)
    minted = _mint(call, test=request.test)
    async with call.rows() as rows:
        await require_scopes(rows, call, request.scopes)
        if request.service_account_id is not None:
            await _require_service_account(rows, call, request.service_account_id)
        row = await _insert(
            rows,
            call,
            api_keys.NewApiKey(
                key_id=call.context.new_id(),
                hash=minted.hash,
                last4=minted.last4,
                scopes=sorted(set(request.scopes), key=SCOPES.index),
                name=request.name,
                test=request.test,
                expires_at=request.expires_at,
                allowed_addresses=parse_networks(request.allowed_addresses),
                created_by=call.caller.actor,
                service_account_id=request.service_account_id,
            ),
        )
    return _shown_once(call, row, minted)


def _mint(call: Call[Any, Any], *, test: bool) -> MintedKey:
    return mint_api_key(call.context.ring.derive("api-keys"), test=test)


async def _insert(rows: Connection, call: Call[Any, Any], key: api_keys.NewApiKey) -> Row:
    if await api_keys.lock_and_count_keys(rows, call.org_id) >= MAX_KEYS:
        raise ApiProblem("limit-reached", f"An organisation has at most {MAX_KEYS} keys in use.")
    return await api_keys.insert_requested_key(rows, call.org_id, key)


async def _require_service_account(rows: Connection, call: Call[Any, Any], account_id: UUID) -> None:
    account = await service_accounts.find_service_account_row(rows, call.org_id, account_id)
    if account is None or account["disabled_at"] is not None:
        raise invalid("/service_account_id", "There is no such service account in use.")


def _shown_once(call: Call[Any, Any], row: Row, minted: MintedKey) -> Reply:
    body = NewKey(**key_fields(row, call.now), key=minted.plain)
    return Reply(body=body, headers={"Location": f"/v1/keys/{row['key_id']}"})


async def list_keys(call: Call[None, ListKeys]) -> Reply:
    """Keys, newest first, those that are in no more use included."""
    query, ring = call.query, call.context.ring
    scope = f"keys/{call.org_id}/{query.state}/{query.service_account_id}"
    after = decode_cursor(ring, scope, query.cursor) if query.cursor else None
    async with call.rows() as rows:
        key_rows = await api_keys.list_key_rows(
            rows,
            call.org_id,
            state=query.state,
            service_account_id=query.service_account_id,
            after=place_of(after),
            limit=query.limit + 1,
        )
    cursor = next_cursor(ring, scope, key_rows, query.limit, "key_id")
    items = [ApiKey(**key_fields(row, call.now)) for row in key_rows[: query.limit]]
    return Reply(body=KeyPage(items=items, next_cursor=cursor))


async def get_key(call: Call[None, None]) -> Reply:
    """Read a key, without the key itself."""
    async with call.rows() as rows:
        row = require(await api_keys.find_key_row(rows, call.org_id, call.ids["key_id"]), "key")
    return _answer(row, call)


def _answer(row: Row, call: Call[Any, Any]) -> Reply:
    return reply_with_etag(ApiKey(**key_fields(row, call.now)), _etag(row, call))


def _etag(row: Row, call: Call[Any, Any]) -> str:
    return etag_of_parts("key", ApiKey(**key_fields(row, call.now)), ChangeKey.__struct_fields__)


async def _lock_usable(rows: Connection, call: Call[Any, Any]) -> Row:
    """Lock the key of the path.

    Raises a 409 for one in no more use, and a 403 for one that may more than the caller.
    """
    row = require(await api_keys.lock_key_row(rows, call.org_id, call.ids["key_id"]), "key")
    if row["revoked_at"] is not None or is_over(row, call.now):
        raise ApiProblem("key-ended", "The key was revoked or has expired: make a new one.")
    _require_kind(call, test=row["test"])
    await require_scopes(rows, call, row["scopes"])
    return row


async def change_key(call: Call[ChangeKey, None]) -> Reply:
    """Change name, end and networks of a key that is in use; the last two count within 5 s."""
    request = call.body
    if request.expires_at is not UNSET:
        _require_future(call, request.expires_at)
    async with call.rows() as rows:
        before = await _lock_usable(rows, call)
        check_if_held(call.request, _etag(before, call), resource="key")
        networks = before["allowed_addresses"]
        if request.allowed_addresses is not UNSET:
            networks = parse_networks(request.allowed_addresses or [])
        row = await api_keys.change_key(
            rows,
            call.org_id,
            before["key_id"],
            name=before["name"] if request.name is UNSET else request.name,
            expires_at=before["expires_at"] if request.expires_at is UNSET else request.expires_at,
            allowed_addresses=networks,
        )
    return _answer(row, call)


async def rotate_key(call: Call[RotateKey, None]) -> Reply:
    """Make a key that may do the same; the old one ends after the overlap.

    Where the old key had an end, the new one lasts as long as that was made for.
    """
    async with call.rows() as rows:
        old = await _lock_usable(rows, call)
        minted = _mint(call, test=old["test"])
        lasts = old["expires_at"] - old["created_at"] if old["expires_at"] is not None else None
        row = await _insert(
            rows,
            call,
            api_keys.NewApiKey(
                key_id=call.context.new_id(),
                hash=minted.hash,
                last4=minted.last4,
                scopes=old["scopes"],
                name=old["name"],
                test=old["test"],
                expires_at=call.now + lasts if lasts is not None else None,
                allowed_addresses=old["allowed_addresses"],
                created_by=call.caller.actor,
                service_account_id=old["service_account_id"],
                replaces=old["key_id"],
            ),
        )
        ends_at = call.now + dt.timedelta(hours=call.body.overlap_hours)
        await api_keys.change_key(
            rows,
            call.org_id,
            old["key_id"],
            name=old["name"],
            expires_at=min(ends_at, old["expires_at"] or ends_at),
            allowed_addresses=old["allowed_addresses"],
        )
    return _shown_once(call, row, minted)


async def revoke_key(call: Call[None, None]) -> Reply:
    """Revoke a key: within 5 s it opens nothing any more. Doing it twice is fine."""
    async with call.rows() as rows:
        if not await api_keys.revoke_key(rows, call.org_id, call.ids["key_id"]):
            raise not_found("key")
    return Reply(status=204)


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/keys",
        name="createKey",
        tag="keys",
        permission="keys:write",
        status=201,
        located=True,
        summary="Make an API key; it is shown this once",
        handler=create_key,
        request=CreateKey,
        check=address_errors,
        response=NewKey,
        problems=("limit-reached",),
    ),
    Operation(
        method="GET",
        path="/v1/keys",
        name="listKeys",
        tag="keys",
        permission="keys:read",
        summary="List API keys, newest first",
        handler=list_keys,
        query=ListKeys,
        response=KeyPage,
        problems=("cursor-invalid",),
    ),
    Operation(
        method="GET",
        path="/v1/keys/{key_id}",
        name="getKey",
        tag="keys",
        permission="keys:read",
        summary="Read an API key, without the key itself",
        handler=get_key,
        response=ApiKey,
    ),
    Operation(
        method="PATCH",
        path="/v1/keys/{key_id}",
        name="changeKey",
        tag="keys",
        permission="keys:write",
        summary="Change name, end and networks of an API key",
        handler=change_key,
        request=ChangeKey,
        check=address_errors,
        response=ApiKey,
        problems=("key-ended", "changed-meanwhile"),
    ),
    Operation(
        method="POST",
        path="/v1/keys/{key_id}/rotate",
        name="rotateKey",
        tag="keys",
        permission="keys:write",
        status=201,
        located=True,
        summary="Replace an API key by a new one that may the same",
        handler=rotate_key,
        request=RotateKey,
        response=NewKey,
        problems=("key-ended", "limit-reached"),
    ),
    Operation(
        method="DELETE",
        path="/v1/keys/{key_id}",
        name="revokeKey",
        tag="keys",
        permission="keys:write",
        status=204,
        summary="Revoke an API key",
        handler=revoke_key,
    ),
)
