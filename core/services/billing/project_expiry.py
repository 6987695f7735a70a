"""Ended projects by their organisation's plan: notice, its withdrawal, erasure; in one transaction."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from core.domain.project_expiry import ExpiryStep, Keeping, expiry_of, keeping_of, next_expiry_step
from core.domain.project_states import ENDED_PROJECT_STATES
from core.infra.postgres.connection import Connection
from core.infra.postgres.outbox import Cause, next_version, put_project_event
from core.services.billing.quotas import read_organisation_plan
from core.services.project_lifecycle import erase_project, lock_project
from core.settings import Settings
from core.storage.project_expiry import write_announced_expiry
from schemas import events


async def read_keeping(connection: Connection, settings: Settings, org_id: UUID) -> Keeping:
    """How long an organisation's projects are kept now."""
    plan = await read_organisation_plan(connection, settings, org_id)
    return keeping_of(settings.retention, plan.retention_days)


async def expire_project(
    connection: Connection, settings: Settings, org_id: UUID, project_id: UUID, cause: Cause
) -> ExpiryStep | None:
    """Do what is to be done about a project by the plan of now; None where nothing is."""
    row = await lock_project(connection, org_id, project_id)
    if row is None or row["state"] not in ENDED_PROJECT_STATES or row["finished_at"] is None:
        return None
    keeping = await read_keeping(connection, settings, org_id)
    facts = row["finished_at"], row["announced_expiry"], cause.now
    step = next_expiry_step(keeping, *facts)
    if step == "erased":
        await erase_project(connection, org_id, project_id, cause)
    elif step == "withdrawn":
        await write_announced_expiry(connection, org_id, project_id, None)
    elif step == "announced":
        await _announce(connection, org_id, project_id, expiry_of(keeping, *facts) or cause.now, cause)
    return step


async def _announce(
    connection: Connection, org_id: UUID, project_id: UUID, expires_at: dt.datetime, cause: Cause
) -> None:
    await write_announced_expiry(connection, org_id, project_id, expires_at)
    version = await next_version(connection, org_id, project_id)
    event = events.ProjectExpiring(org_id=org_id, project_id=project_id, version=version, expires_at=expires_at)
    await put_project_event(connection, event, cause)
