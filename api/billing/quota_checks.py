"""Refusals of requests that would pass the organisation's plan."""

from __future__ import annotations

from typing import Any

from api.http.operations import Call
from api.problems.problem_details import LIMIT_HEADER, ApiProblem
from core.infra.postgres.connection import Connection
from core.services.billing.quotas import check_quota


async def require_quota(
    rows: Connection,
    call: Call[Any, Any],
    *,
    source_ms: int = 0,
    exports: int = 0,
    stored_bytes: int = 0,
    projects: int = 0,
) -> None:
    """Raise ``quota-exceeded``, or ``concurrency-limited`` for what is at work at once.

    The amounts are what the request adds. The organisation's lock is held until the request's transaction ends.
    """
    excess = await check_quota(
        rows,
        call.context.settings,
        call.org_id,
        call.now,
        source_ms=source_ms,
        exports=exports,
        stored_bytes=stored_bytes,
        projects=projects,
    )
    if excess is None:
        return
    headers = {LIMIT_HEADER: excess.limit}
    if excess.limit == "running_projects":
        raise ApiProblem("concurrency-limited", excess.detail, headers=headers | {"Retry-After": "30"})
    raise ApiProblem("quota-exceeded", excess.detail, headers=headers)
