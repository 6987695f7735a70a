"""Conditional requests: compare the ETag that a caller holds (RFC 9110, section 13.1).

A weak tag (``W/"…"``, as proxies that compress make them) still names its version, so the mark is removed. No tag of
ours holds a comma.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from starlette.requests import Request

from api.http.operations import Reply
from api.problems.problem_details import ApiProblem

ANY = "*"
OPTIONALLY_HELD = "changed-meanwhile"
"""Problem of an operation that compares If-Match where it is sent, and goes through without."""


def is_unchanged(request: Request, etag: str) -> bool:
    """Whether the caller holds this version (If-None-Match)."""
    return not {ANY, etag}.isdisjoint(_tags(request, "if-none-match"))


async def reply_unless_held(request: Request, etag: str, make: Callable[[], Awaitable[Reply]], vary: str = "") -> Reply:
    """A 304 where the caller holds the version of ``etag``, else the reply of ``make`` with its ETag.

    ``vary`` names the header of the request that chose between forms of one document.
    """
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"} | ({"Vary": vary} if vary else {})
    if is_unchanged(request, etag):
        return Reply(status=304, headers=headers)
    reply = await make()
    return msgspec.structs.replace(reply, headers={**headers, **reply.headers})


def held_tags(request: Request) -> list[str]:
    """Tags of If-Match, or ``*`` for any; empty where the header is missing."""
    return _tags(request, "if-match")


def check_held(request: Request, etag: str, *, resource: str, changed: ApiProblem) -> None:
    """Raise ``precondition-required`` without If-Match, and ``changed`` where it names another version.

    ``changed`` is sent with the ETag of the version that is there.
    """
    tags = held_tags(request)
    if not tags:
        raise ApiProblem(
            "precondition-required", f"Send the {resource}'s ETag as If-Match: another may have changed it."
        )
    if {ANY, etag}.isdisjoint(tags):
        changed.headers.setdefault("ETag", etag)
        raise changed


def check_if_held(request: Request, etag: str, *, resource: str) -> None:
    """Raise ``changed-meanwhile``, with the ETag that is there, where If-Match names another version."""
    tags = held_tags(request)
    if tags and {ANY, etag}.isdisjoint(tags):
        raise ApiProblem(OPTIONALLY_HELD, f"The {resource} was changed since it was read.", headers={"ETag": etag})


def etag_of_parts(kind: str, resource: msgspec.Struct, names: Sequence[str]) -> str:
    """ETag of the fields that a PATCH replaces: use, progress and state do not change it."""
    parts = msgspec.json.encode([getattr(resource, name) for name in names])
    return f'"{kind}-{hashlib.sha256(parts).hexdigest()[:16]}"'


def reply_with_etag(resource: msgspec.Struct, etag: str) -> Reply:
    """A reply whose resource a PATCH may be conditional on."""
    return Reply(body=resource, headers={"ETag": etag, "Cache-Control": "private, no-cache"})


def _tags(request: Request, name: str) -> list[str]:
    listed = ",".join(request.headers.getlist(name)).split(",")
    return [tag.removeprefix("W/") for tag_text in listed if (tag := tag_text.strip())]
