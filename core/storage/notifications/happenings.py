"""Write notifications in the transaction that makes them true."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from core.domain.notifications.devices import Device, is_new_device
from core.infra.postgres.connection import Connection
from core.storage.identity.sessions import list_earlier_devices
from core.storage.notifications.outbox import insert_notification
from schemas import events
from schemas.ids import result_id


async def tell_project_end(
    connection: Connection, event: events.ProjectCompleted | events.ProjectFailed, at: dt.datetime
) -> None:
    """A project completed or failed: one notification for each end, also after a retry."""
    kind, clips = "project.failed", 0
    if isinstance(event, events.ProjectCompleted):
        kind, clips = ("clips.ready" if event.clip_count else "project.finished"), event.clip_count
    await insert_notification(
        connection,
        result_id(event.project_id, "notification", f"{kind}/{event.version}"),
        kind=kind,
        at=at,
        org_id=event.org_id,
        project_id=event.project_id,
        details={"clips": clips} if clips else {},
    )


async def tell_export_failed(
    connection: Connection, event: events.ExportFailed, event_id: UUID, at: dt.datetime
) -> None:
    """An export that somebody asked for has failed."""
    await insert_notification(
        connection,
        result_id(event_id, "notification", "export.failed"),
        kind="export.failed",
        at=at,
        org_id=event.org_id,
        project_id=event.project_id,
        subject_id=event.export_id,
    )


async def tell_sign_in(
    connection: Connection, user_id: UUID, session_id: UUID, device: Device, at: dt.datetime
) -> None:
    """A session began: tell its person if it is of a new device."""
    known_devices = await list_earlier_devices(connection, user_id, session_id)
    if is_new_device(known_devices, device):
        await insert_notification(
            connection,
            result_id(session_id, "notification", "sign-in.new-device"),
            kind="sign-in.new-device",
            at=at,
            user_id=user_id,
            details={
                "address": device.address,
                "user_agent": device.user_agent,
                "at": f"{at:%Y-%m-%d %H:%M}",
            },
        )
