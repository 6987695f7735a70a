"""Share links: make, list, read, change, revoke. The address of one is shown once, when it is made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from msgspec import UNSET

from api.http.conditional import check_if_held, etag_of_parts, reply_with_etag
from api.http.operations import Call, Operation, Reply
from api.http.pagination import decode_cursor, next_cursor, place_of
from api.problems.problem_details import ApiProblem, not_found, require
from api.sharing.models import (
    DEFAULT_LIFE_S,
    ChangeShare,
    CreateShare,
    ListShares,
    Share,
    SharePage,
    change_errors,
    create_errors,
    end_of,
    share_view,
)
from core.infra.postgres.connection import Connection
from core.services.identity.opaque_tokens import mint_token
from core.storage.sharing import shares

MAX_SHARES = 1000
"""Links of an organisation that are neither revoked nor expired."""
MAX_NAMED = 5


async def create_share(call: Call[CreateShare, None]) -> Reply:
    """Make a link; the answer shows its address this once, and only a hash of it is kept.

    A test key shares drafts alone.
    """
    request, share_id = call.body, call.context.new_id()
    expires_at = end_of(request, call.now) or call.now + dt.timedelta(seconds=DEFAULT_LIFE_S)
    token, token_hash = mint_token("share")
    async with call.rows() as rows:
        export_ids = await _exports_of(rows, call, request)
        if await shares.lock_and_count_shares(rows, call.org_id) >= MAX_SHARES:
            raise ApiProblem("limit-reached", f"An organisation has at most {MAX_SHARES} links in use: revoke some.")
        share = shares.NewShare(
            share_id=share_id,
            hash=token_hash,
            title=request.title.strip(),
            test=call.caller.test,
            allow_download=request.allow_download,
            show_organisation=request.show_organisation,
            created_by=call.caller.actor,
            expires_at=expires_at,
        )
        await shares.insert_share(rows, call.org_id, share, export_ids)
        body = await _read(rows, call, share_id, token)
    return Reply(body=body, headers={"Location": f"/v1/shares/{share_id}"})


async def _exports_of(rows: Connection, call: Call[CreateShare, None], request: CreateShare) -> list[UUID]:
    """The finished exports of a request, in its order. Raises a 404 or a 409."""
    if request.export_ids is not None:
        exports = await shares.list_exports_to_share(rows, call.org_id, request.export_ids)
        _require_all(request.export_ids, exports, "export")
        unfinished = [export_id for export_id in request.export_ids if exports[export_id]["state"] != "done"]
        if unfinished:
            raise ApiProblem("export-not-done", f"Not finished, so there is nothing to show: {_list_ids(unfinished)}.")
        if call.caller.test and (live := [key for key in request.export_ids if not exports[key]["test"]]):
            raise ApiProblem("forbidden", f"A test key shares drafts alone, and these are none: {_list_ids(live)}.")
        return request.export_ids
    clip_ids = request.clip_ids or []
    _require_all(clip_ids, await shares.list_clips_to_share(rows, call.org_id, clip_ids), "clip")
    newest = await shares.find_newest_exports(rows, call.org_id, clip_ids, test_only=call.caller.test)
    if lacking := [clip_id for clip_id in clip_ids if clip_id not in newest]:
        kind = "draft" if call.caller.test else "export"
        raise ApiProblem("export-not-done", f"There is no finished {kind} of {_list_ids(lacking)}: make one first.")
    return [newest[clip_id] for clip_id in clip_ids]


def _require_all(ids: Sequence[UUID], known_ids: Collection[UUID], thing: str) -> None:
    if unknown := [item for item in ids if item not in known_ids]:
        raise not_found(f"{thing}: {_list_ids(unknown)}")


def _list_ids(ids: Sequence[UUID]) -> str:
    return ", ".join(str(item) for item in ids[:MAX_NAMED]) + (" …" if len(ids) > MAX_NAMED else "")


async def _read(rows: Connection, call: Call[Any, Any], share_id: UUID, token: str | None = None) -> Share:
    row = require(await shares.find_share_row(rows, call.org_id, share_id), "share")
    exports = await shares.list_shared_exports(rows, call.org_id, [share_id])
    return share_view(row, exports[share_id], public_address=call.context.settings.public_address, token=token)


async def list_shares(call: Call[None, ListShares]) -> Reply:
    """Links, newest first, those that have ended included."""
    query, ring = call.query, call.context.ring
    scope = f"shares/{call.org_id}/{query.state}/{query.project_id}"
    after = decode_cursor(ring, scope, query.cursor) if query.cursor else None
    async with call.rows() as rows:
        share_rows = await shares.list_share_rows(
            rows,
            call.org_id,
            state=query.state,
            project_id=query.project_id,
            after=place_of(after),
            limit=query.limit + 1,
        )
        page = share_rows[: query.limit]
        exports = await shares.list_shared_exports(rows, call.org_id, [row["share_id"] for row in page])
    cursor = next_cursor(ring, scope, share_rows, query.limit, "share_id")
    return Reply(body=SharePage(items=[share_view(row, exports[row["share_id"]]) for row in page], next_cursor=cursor))


async def get_share(call: Call[None, None]) -> Reply:
    """Read a link, without its address: how often it was opened, and when last."""
    async with call.rows() as rows:
        share = await _read(rows, call, call.ids["share_id"])
    return reply_with_etag(share, _etag(share))


def _etag(share: Share) -> str:
    return etag_of_parts("share", share, ("title", "expires_at", "allow_download", "show_organisation"))


async def change_share(call: Call[ChangeShare, None]) -> Reply:
    """Change title, end and what a link offers; an expired one goes on by a new end.

    `new_link` gives it another address, for who lost the first or showed it to too many.
    """
    request, share_id = call.body, call.ids["share_id"]
    expires_at = end_of(request, call.now)
    token, token_hash = mint_token("share") if request.new_link else (None, None)
    async with call.rows() as rows:
        before = require(await shares.lock_share_row(rows, call.org_id, share_id), "share")
        if before["state"] == "revoked":
            raise ApiProblem("share-revoked", "The link was revoked: make a new one.")
        if call.caller.test and not before["test"]:
            raise ApiProblem("forbidden", "A test key changes the links of test keys only.")
        check_if_held(call.request, _etag(await _read(rows, call, share_id)), resource="share")
        await shares.change_share(
            rows,
            call.org_id,
            share_id,
            title=before["title"] if request.title is UNSET else request.title.strip(),
            expires_at=expires_at or before["expires_at"],
            allow_download=before["allow_download"] if request.allow_download is UNSET else request.allow_download,
            show_organisation=(
                before["show_organisation"] if request.show_organisation is UNSET else request.show_organisation
            ),
            token_hash=token_hash,
        )
        share = await _read(rows, call, share_id, token)
    return reply_with_etag(share, _etag(share))


async def revoke_share(call: Call[None, None]) -> Reply:
    """End a link at once; it stays in the list. Doing it twice is fine.

    Signed URLs that its page gave out before end within the hour.
    """
    async with call.rows() as rows:
        if not await shares.revoke_share(rows, call.org_id, call.ids["share_id"]):
            raise not_found("share")
    return Reply(status=204)


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/shares",
        name="createShare",
        tag="shares",
        permission="projects:write",
        status=201,
        located=True,
        summary="Make a link that shows finished exports; its address is shown this once",
        handler=create_share,
        request=CreateShare,
        check=create_errors,
        response=Share,
        problems=("not-found", "export-not-done", "limit-reached"),
    ),
    Operation(
        method="GET",
        path="/v1/shares",
        name="listShares",
        tag="shares",
        permission="projects:read",
        summary="List share links, newest first",
        handler=list_shares,
        query=ListShares,
        response=SharePage,
        problems=("cursor-invalid",),
    ),
    Operation(
        method="GET",
        path="/v1/shares/{share_id}",
        name="getShare",
        tag="shares",
        permission="projects:read",
        summary="Read a share link, with its count of views",
        handler=get_share,
        response=Share,
    ),
    Operation(
        method="PATCH",
        path="/v1/shares/{share_id}",
        name="changeShare",
        tag="shares",
        permission="projects:write",
        summary="Change a share link, or give it another address",
        handler=change_share,
        request=ChangeShare,
        check=change_errors,
        response=Share,
        problems=("share-revoked", "changed-meanwhile"),
    ),
    Operation(
        method="DELETE",
        path="/v1/shares/{share_id}",
        name="revokeShare",
        tag="shares",
        permission="projects:write",
        status=204,
        summary="Revoke a share link",
        handler=revoke_share,
    ),
)
