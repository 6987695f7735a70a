"""Actors: who does something. Rows name them by one text, answers by a struct."""

from __future__ import annotations

from typing import Literal, get_args
from uuid import UUID

from schemas.common import Value

ActorKind = Literal["user", "key", "service_account", "app", "system"]
NOBODY = UUID(int=0)


class Actor(Value, frozen=True, kw_only=True):
    """Who acts: a person, an API key, a service account, a person's app, or the product itself."""

    kind: ActorKind
    id: UUID
    """Id of the person, key, service account or app."""

    def __str__(self) -> str:
        """``kind:id``, as rows keep it."""
        return f"{self.kind}:{self.id}"


SYSTEM = Actor(kind="system", id=NOBODY)
"""The product itself, at work without a caller."""


def parse_actor(text: str) -> Actor:
    """The actor of a row. Raises ValueError for a text that names none."""
    kind, _, actor_id = text.partition(":")
    for actor_kind in get_args(ActorKind):
        if kind == actor_kind:
            return Actor(kind=actor_kind, id=UUID(actor_id))
    raise ValueError(f"{text!r} names no actor")
