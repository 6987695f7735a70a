"""Weights of the sub-scores for an organisation: read, set, reset."""

from __future__ import annotations

import datetime as dt

import msgspec

from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import FieldError
from core.infra.postgres.connection import Connection
from core.storage import organisations
from schemas.options.score_weights import WeightTable, broken_weights, default_weights


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """The table in force. ``revision`` counts changes of the organisation; 0: it has set none."""

    weights: WeightTable
    """The table in force."""
    revision: int
    """Number of the organisation's changes; 0: it never set a table."""
    own: bool
    """Whether the organisation set it; else it is the installation's."""
    set_at: dt.datetime | None = None
    """When it was set; null: never."""


async def read_weights(call: Call[None, None]) -> Reply:
    """Read the table for the next project."""
    async with call.rows() as rows:
        return Reply(body=await _in_force(rows, call))


def weight_errors(table: WeightTable) -> list[FieldError]:
    """Places of a table that break a rule."""
    return [
        FieldError(pointer=f"/{place}", detail=f"It must be {rule}.") for place, rule in broken_weights(table).items()
    ]


async def set_weights(call: Call[WeightTable, None]) -> Reply:
    """Use this table for coming projects; finished projects stay as they are."""
    return await _change(call, call.body)


async def reset_weights(call: Call[None, None]) -> Reply:
    """Use the installation's table for coming projects."""
    return await _change(call, None)


async def _change(call: Call[WeightTable, None] | Call[None, None], weights: WeightTable | None) -> Reply:
    async with call.rows() as rows:
        await organisations.lock_weights(rows, call.org_id)
        now = await _in_force(rows, call)
        if (now.own, now.weights) == (weights is not None, weights or now.weights):
            return Reply(body=now)
        await organisations.insert_weights(rows, call.org_id, weights, call.caller.actor)
        return Reply(body=await _in_force(rows, call))


async def _in_force(rows: Connection, call: Call[WeightTable, None] | Call[None, None]) -> Weights:
    row = await organisations.read_weights_row(rows, call.org_id)
    if row is None or row["weights"] is None:
        return Weights(weights=default_weights(), revision=row["version"] if row else 0, own=False)
    return Weights(
        weights=msgspec.convert(row["weights"], WeightTable),
        revision=row["version"],
        own=True,
        set_at=row["created_at"],
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/scoring/weights",
        name="readWeights",
        tag="scoring",
        permission="scoring:read",
        summary="Read how much each sub-score counts",
        handler=read_weights,
        response=Weights,
    ),
    Operation(
        method="POST",
        path="/v1/admin/scoring/weights",
        name="setWeights",
        tag="admin",
        permission="scoring:write",
        summary="Set how much each sub-score counts, for the projects to come",
        handler=set_weights,
        request=WeightTable,
        check=weight_errors,
        response=Weights,
    ),
    Operation(
        method="DELETE",
        path="/v1/admin/scoring/weights",
        name="resetWeights",
        tag="admin",
        permission="scoring:write",
        summary="Go back to the installation's own weights",
        handler=reset_weights,
        response=Weights,
    ),
)
