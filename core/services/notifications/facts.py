"""What a notification says now: its words are made of rows where a message is written."""

from __future__ import annotations

from uuid import UUID

from core.domain.notifications.texts import Facts, NotificationText, text_of
from core.infra.postgres.connection import Connection, Row
from core.storage.notifications import outbox


async def read_text(connection: Connection, notification_id: UUID) -> NotificationText | None:
    """The words of a notification; None where its subject is gone: a project was erased, a key revoked."""
    row = await outbox.read_fact_row(connection, notification_id)
    if row is None or _is_gone(row):
        return None
    return text_of(row["kind"], _facts(row))


def _is_gone(row: Row) -> bool:
    is_erased = row["project_id"] is not None and row["project_state"] in (None, "erased")
    is_revoked = row["kind"] == "key.expiring" and (row["last4"] is None or row["revoked_at"] is not None)
    return is_erased or is_revoked


def _facts(row: Row) -> Facts:
    details = dict(row["details"])
    reasons = {
        "project.failed": row["failure_detail"],
        "project.finished": row["nothing_found_reason"],
        "export.failed": row["export_detail"],
    }
    if row["kind"] == "key.expiring":
        details |= {"last4": row["last4"], "day": f"{row['expires_at']:%Y-%m-%d}"}
    return Facts(
        organisation=row["organisation"] or "",
        project_id=str(row["project_id"] or ""),
        project=row["title"] or "",
        reason=reasons.get(row["kind"]) or "",
        subject=row["url"] or row["key_name"] or row["person_name"] or row["person_email"] or "",
        details=details,
    )
