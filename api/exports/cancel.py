"""Cancel an export that is not finished. Its clip, its project and its other exports go on."""

from __future__ import annotations

from api.exports.handlers import Export, export_reply, find_export
from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import ApiProblem, require
from core.services.exports import cancel_export, lock_export


async def cancel(call: Call[None, None]) -> Reply:
    """Stop an export that waits or is being made; cancelling it twice is fine."""
    async with call.rows() as rows:
        row = require(await lock_export(rows, call.org_id, call.ids["export_id"]), "export")
        if row["state"] in ("done", "failed"):
            raise ApiProblem("export-ended", f"The export is {row['state']}: there is nothing left to cancel.")
        if row["state"] != "cancelled":
            await cancel_export(rows, row, call.cause(row["export_id"]))
            row = await find_export(rows, call.org_id, row["export_id"])
    return export_reply(row, call.context.objects, call.now)


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/exports/{export_id}/cancel",
        name="cancelExport",
        tag="clips",
        permission="projects:write",
        summary="Stop an export that is not made yet",
        handler=cancel,
        response=Export,
        problems=("export-ended",),
        description="Work in progress on it alone stops within seconds, and nothing of it is kept; other aspects that "
        "are made with it go on. What was used until then stays in the project's costs. Repeating it changes nothing; "
        "asking for the same export again makes a new one.",
    ),
)
