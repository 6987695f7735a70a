"""Full ids of an abbreviated id within the caller's organisation."""

from __future__ import annotations

from typing import Annotated, Literal, get_args
from uuid import UUID

import msgspec
from msgspec import Meta

from api.http.operations import Call, Operation, Reply
from core.storage.projects import list_ids_between

Kind = Literal["project", "clip", "export", "brand_kit", "asset"]
MAX_IDS = 10
"""Matches of a kind in one answer: a person who sees more types another digit instead of reading them."""
HEX_DIGITS = 32


class FindIds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Digits and kind of the ids to find."""

    starts_with: Annotated[str, Meta(pattern="^[0-9a-fA-F-]{4,36}$", examples=["0b8e6c4e"])]
    """First digits of the id, with or without hyphens."""
    kind: Kind | None = None
    """Only ids of this kind."""


class FoundId(msgspec.Struct, frozen=True, kw_only=True):
    """One resource of the organisation."""

    kind: Kind
    """Kind of the resource."""
    id: UUID
    """Full id of the resource."""


class FoundIds(msgspec.Struct, frozen=True, kw_only=True):
    """Resources whose ids start with the digits, at most 10 of a kind, by kind and id."""

    items: list[FoundId]
    """Matches; empty where there are none."""


def id_range(digits: str) -> tuple[UUID, UUID]:
    """First and last id that start with ``digits`` (1 to 32 hexadecimal ones; hyphens are ignored). Pure."""
    prefix = digits.replace("-", "").lower()[:HEX_DIGITS]
    return UUID(prefix.ljust(HEX_DIGITS, "0")), UUID(prefix.ljust(HEX_DIGITS, "f"))


async def find_ids(call: Call[None, FindIds]) -> Reply:
    """Every resource of the caller's organisation whose id starts with the digits."""
    first, last = id_range(call.query.starts_with)
    kinds: tuple[Kind, ...] = (call.query.kind,) if call.query.kind else get_args(Kind)
    matches: list[FoundId] = []
    async with call.rows() as rows:
        for kind in kinds:
            ids = await list_ids_between(rows, call.org_id, kind, first, last, limit=MAX_IDS)
            matches += [FoundId(kind=kind, id=id_) for id_ in ids]
    return Reply(body=FoundIds(items=matches))


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/ids",
        name="findIds",
        tag="projects",
        permission="projects:read",
        summary="Find what an abbreviated id stands for",
        description="For people who type the first digits of an id, as command lines show them.",
        handler=find_ids,
        query=FindIds,
        response=FoundIds,
    ),
)
