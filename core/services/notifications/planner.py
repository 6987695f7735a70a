"""Plan a notification: its recipients, by mail, daily mail and web push; once, in one transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

import msgspec

from core.domain.notifications.mail_layout import Frame, digest_parts, mail_parts
from core.infra.key_ring import KeyRing
from core.infra.postgres.connection import Connection, Pool, Row, transaction
from core.services.identity.identity_parts import account_subject
from core.services.identity.mail_texts import MailMessage
from core.services.notifications.facts import read_text
from core.services.notifications.quota_watch import tell_of_quota
from core.services.notifications.stop_links import PATH, StopLink, make_token
from core.settings import Settings
from core.storage.identity.mails import count_recent_mails, insert_mail
from core.storage.notifications import outbox, personal_deliveries, recipients
from core.storage.notifications.recipients import Recipient
from schemas.access.permissions import permissions_of_role
from schemas.ids import result_id
from schemas.notifications import KINDS, QUOTA_CHECK, KindRow, effective

DIGEST_AT = dt.time(7)
"""When the daily mail is sent, UTC: the begin of a working day in Europe."""
MAX_MAILS_A_DAY = 20
"""Mails of one kind to a person within 24 hours; what comes after waits for the daily mail."""
MAX_DIGEST_LINES = 50
KEY_NOTICE = dt.timedelta(days=7)


class Planner:
    """Plans notifications in the relay's process."""

    def __init__(self, settings: Settings, pool: Pool, ring: KeyRing) -> None:
        """``pool`` is of the relay's role."""
        self._settings = settings
        self._pool = pool
        self._ring = ring

    async def plan_next(self, now: dt.datetime) -> bool:
        """Plan the oldest notification; False where none is due."""
        async with transaction(self._pool) as connection:
            row = await outbox.take_due_notification(connection)
            if row is None:
                return False
            if row["kind"] == QUOTA_CHECK:
                await tell_of_quota(connection, self._settings, row["org_id"], now)
            elif row["kind"] in KINDS:
                await self._plan(connection, row, KINDS[row["kind"]], now)
            await outbox.mark_planned(connection, row["notification_id"])
            return True

    async def send_next_digest(self) -> bool:
        """Write the daily mail that is due longest; False where none is."""
        async with transaction(self._pool) as connection:
            due = await personal_deliveries.take_due_digest(connection)
            if due is None:
                return False
            user_id, org_id = due["user_id"], due["org_id"]
            ids, project_ids = await personal_deliveries.end_digest_lines(connection, user_id, org_id)
            texts = [text for told_id in ids if (text := await read_text(connection, told_id)) is not None]
            members = await recipients.list_members_to_tell(connection, org_id, "") if org_id else []
            recipient = next((member for member in members if member.user_id == user_id), None)
            if not texts or recipient is None:  # erased meanwhile, or no member any more
                return True
            noun = "thing" if len(texts) == 1 else "things"
            title = f"{len(texts)} {noun} happened in {recipient.organisation}"
            stop_url = self._stop_url(StopLink(user_id=user_id, org_id=org_id, kind="daily"))
            frame = Frame(web=self._settings.web, organisation=recipient.organisation, stop_url=stop_url)
            listed = texts[:MAX_DIGEST_LINES]
            plain, rich = digest_parts(title, listed, len(texts) - len(listed), frame)
            message = MailMessage(to=recipient.email, subject=title, text=plain, html=rich, stop_url=stop_url)
            mail_id = result_id(ids[0], "daily", str(user_id))
            await self._mail(connection, mail_id, "daily", recipient, org_id, message, project_ids)
            return True

    async def tell_of_expiring_keys(self, now: dt.datetime) -> None:
        """Write a notification for each key that expires within seven days; once a key and date."""
        async with transaction(self._pool) as connection:
            for row in await outbox.list_expiring_keys(connection, now, now + KEY_NOTICE):
                await outbox.insert_notification(
                    connection,
                    result_id(row["key_id"], "notification", f"key.expiring/{row['expires_at']:%Y-%m-%d}"),
                    kind="key.expiring",
                    at=now,
                    org_id=row["org_id"],
                    subject_id=row["key_id"],
                )

    async def _plan(self, connection: Connection, row: Row, kind: KindRow, now: dt.datetime) -> None:
        text = await read_text(connection, row["notification_id"])
        if text is None:
            return
        projects = [row["project_id"]] if row["project_id"] is not None else []
        for recipient in await _recipients(connection, row, kind):
            choice = effective(kind, recipient.mail, recipient.push)
            if choice.push == "on":
                await personal_deliveries.add_pushes(
                    connection, row["notification_id"], recipient.user_id, row["org_id"]
                )
            mode = choice.mail
            if mode == "each" and kind.daily:
                recent = await count_recent_mails(connection, recipient.user_id, kind.name, now - dt.timedelta(days=1))
                mode = "daily" if recent >= MAX_MAILS_A_DAY else mode
            if mode == "daily":
                identity = result_id(row["notification_id"], "daily", str(recipient.user_id))
                await personal_deliveries.add_digest_line(
                    connection, identity, row["notification_id"], recipient.user_id, row["org_id"], next_digest(now)
                )
            if mode != "each":
                continue
            link = StopLink(user_id=recipient.user_id, org_id=row["org_id"], kind=kind.name)
            stop_url = "" if kind.security else self._stop_url(link)
            frame = Frame(web=self._settings.web, organisation=recipient.organisation, stop_url=stop_url)
            plain, rich = mail_parts(text, frame)
            message = MailMessage(to=recipient.email, subject=text.title, text=plain, html=rich, stop_url=stop_url)
            mail_id = result_id(row["notification_id"], "mail", str(recipient.user_id))
            await self._mail(connection, mail_id, kind.name, recipient, row["org_id"], message, projects)

    async def _mail(
        self,
        connection: Connection,
        mail_id: UUID,
        template: str,
        recipient: Recipient,
        org_id: UUID | None,
        message: MailMessage,
        project_ids: Sequence[UUID] = (),
    ) -> None:
        await insert_mail(
            connection,
            mail_id,
            template=template,
            locale=recipient.locale,
            sealed=self._ring.seal("mails", msgspec.json.encode(message)),
            receiver=account_subject(self._ring, recipient.email),
            user_id=recipient.user_id,
            org_id=org_id,
            project_ids=project_ids,
        )

    def _stop_url(self, link: StopLink) -> str:
        return f"{self._settings.public_address}{PATH}?token={make_token(self._ring, link)}"


async def _recipients(connection: Connection, row: Row, kind: KindRow) -> list[Recipient]:
    if kind.permission is None:
        return await recipients.find_person_to_tell(connection, row["user_id"], kind.name)
    members = await recipients.list_members_to_tell(connection, row["org_id"], kind.name)
    return [
        member
        for member in members
        if member.role is not None
        and kind.permission in permissions_of_role(member.role, operator=member.operator)
        and not (kind.name == "invitation.accepted" and member.user_id == row["subject_id"])
    ]


def next_digest(now: dt.datetime) -> dt.datetime:
    """When the next daily mail is due."""
    today = dt.datetime.combine(now.date(), DIGEST_AT, tzinfo=dt.UTC)
    return today if today > now else today + dt.timedelta(days=1)
