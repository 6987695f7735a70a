"""The catalogue of notifications: kinds, recipients, and what holds until a person chooses. Data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

from schemas.access.permissions import Permission

NotificationKind = Literal[
    "clips.ready", "project.finished", "project.failed", "export.failed", "quota.near", "quota.reached",
    "webhook.disabled", "invitation.accepted", "key.expiring", "payment.failed", "sign-in.new-device",
]  # fmt: skip
"""What happened."""
MailMode = Literal["each", "daily", "off"]
"""A mail for each, one mail a day for all of it, or none."""
PushMode = Literal["on", "off"]
Channel = Literal["mail", "push"]
QUOTA_CHECK: Literal["quota.check"] = "quota.check"
"""Use was added: the relay looks whether a limit is near. Told to no person."""


class KindRow(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of notification."""

    name: NotificationKind
    title: str
    """What happened, for lists of preferences."""
    permission: Permission | None
    """Members with it are notified; None: the one person whose account it concerns."""
    mail: MailMode = "each"
    push: PushMode = "on"
    daily: bool = True
    """Whether it can wait for the daily mail."""
    security: bool = False
    """Whether its mails cannot be turned off."""

    @property
    def mail_modes(self) -> tuple[MailMode, ...]:
        """What a person can choose for mails."""
        if self.security:
            return ("each",)
        return tuple(mode for mode in get_args(MailMode) if self.daily or mode != "daily")


TABLE: tuple[KindRow, ...] = (
    KindRow(name="clips.ready", title="A project has ended, and its clips are ready", permission="projects:write"),
    KindRow(
        name="project.finished", title="A project has ended without a clip", permission="projects:write", mail="daily"
    ),
    KindRow(name="project.failed", title="A project has failed", permission="projects:write"),
    KindRow(name="export.failed", title="An export that was asked for has failed", permission="projects:write"),
    KindRow(name="quota.near", title="80 % of a limit of the plan is used", permission="usage:read", mail="daily"),
    KindRow(name="quota.reached", title="A limit of the plan is reached", permission="usage:read", daily=False),
    KindRow(
        name="webhook.disabled", title="A webhook endpoint was disabled", permission="webhooks:write", daily=False
    ),
    KindRow(
        name="invitation.accepted", title="Somebody has joined the organisation", permission="members:write",
        mail="daily",
    ),
    KindRow(name="key.expiring", title="An API key will expire within seven days", permission="keys:write"),
    KindRow(name="payment.failed", title="A payment has failed", permission="billing:write", daily=False),
    KindRow(
        name="sign-in.new-device", title="Your account was used on a new device", permission=None, daily=False,
        security=True,
    ),
)  # fmt: skip
KINDS: Mapping[str, KindRow] = {row.name: row for row in TABLE}


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for a person and a kind."""

    mail: MailMode
    push: PushMode


def effective(row: KindRow, mail: str | None, push: str | None) -> Choice:
    """The choice of a person, or what the catalogue says for what the kind does not offer."""
    chosen_mail = next((mode for mode in row.mail_modes if mode == mail), row.mail)
    chosen_push: PushMode = "on" if push == "on" else "off" if push == "off" else row.push
    return Choice(mail=chosen_mail, push=chosen_push)
