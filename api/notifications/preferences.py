"""Notifications of a person: the kinds that exist, and their own preferences in an organisation."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import ApiProblem, FieldError
from core.domain.identity.actors import NOBODY
from core.infra.postgres.connection import Connection
from core.storage.notifications import recipients
from schemas.notifications import KINDS, TABLE, KindRow, MailMode, NotificationKind, PushMode, effective


class NotificationType(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of notification."""

    kind: NotificationKind
    title: str
    """What happened."""
    permission: str | None
    """Members with this permission are notified; null: the person whose account it concerns."""
    security: bool
    """Whether its mails cannot be turned off."""
    mail_choices: list[MailMode]
    """What can be chosen for mails: one for each, one a day for all, none."""
    mail: MailMode
    """What holds for mails until a person chooses."""
    push: PushMode
    """What holds for web push until a person chooses."""


class NotificationTypeList(msgspec.Struct, frozen=True, kw_only=True):
    """Every kind."""

    items: list[NotificationType]


class Preference(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for you and a kind."""

    kind: NotificationKind
    title: str
    """What happened."""
    org_id: UUID | None
    """The organisation that it holds in; null: it concerns your account."""
    mail_choices: list[MailMode]
    """What can be chosen for mails: one for each, one a day for all, none."""
    mail: MailMode
    """Mails: one for each, one a day for all of them, none."""
    push: PushMode
    """Web push, to the browsers that you registered."""


class PreferenceList(msgspec.Struct, frozen=True, kw_only=True):
    """Preferences for the kinds that your role in this organisation, and your account, can get."""

    items: list[Preference]


class ChosenPreference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind with what to change; what is left out stays."""

    kind: NotificationKind
    mail: MailMode | None = None
    """Mails: one for each, one a day for all of them, none."""
    push: PushMode | None = None
    """Web push."""


class ChangePreferences(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change; all of it, or nothing where one choice is not possible."""

    items: Annotated[list[ChosenPreference], Meta(min_length=1, max_length=50)]
    """Kinds with what to change."""


async def list_kinds(_: Call[None, None]) -> Reply:
    """List the kinds of notifications, and what holds until a person chooses."""
    items = [
        NotificationType(
            kind=row.name,
            title=row.title,
            permission=row.permission,
            security=row.security,
            mail_choices=list(row.mail_modes),
            mail=row.mail,
            push=row.push,
        )
        for row in TABLE
    ]
    return Reply(body=NotificationTypeList(items=items))


async def list_preferences(call: Call[None, None]) -> Reply:
    """Read your preferences in the organisation of this session, and for your account."""
    async with call.rows() as rows:
        return Reply(body=await _preferences(rows, call))


async def change_preferences(call: Call[ChangePreferences, None]) -> Reply:
    """Change your preferences. Mails about the security of your account cannot be turned off."""
    errors = [
        FieldError(pointer=f"/items/{index}", detail=fault)
        for index, chosen in enumerate(call.body.items)
        if (fault := _fault(call, chosen))
    ]
    if errors:
        raise ApiProblem("invalid", errors[0].detail, errors=errors)
    async with call.rows() as rows:
        for chosen in call.body.items:
            org_id = _org_of(call, KINDS[chosen.kind])
            await recipients.write_choice(rows, call.user_id, org_id, chosen.kind, mail=chosen.mail, push=chosen.push)
        return Reply(body=await _preferences(rows, call))


def _fault(call: Call[Any, Any], chosen: ChosenPreference) -> str | None:
    row = KINDS[chosen.kind]
    if not _can_get(call, row):
        return f"Your role in this organisation gets no {chosen.kind}."
    if chosen.mail is None or chosen.mail in row.mail_modes:
        return None
    if row.security:
        return f"Mails of {chosen.kind} cannot be turned off: they protect your account."
    return f"Mails of {chosen.kind} cannot wait for the daily one."


def _can_get(call: Call[Any, Any], row: KindRow) -> bool:
    return row.permission is None or row.permission in call.caller.permissions


def _org_of(call: Call[Any, Any], row: KindRow) -> UUID | None:
    return None if row.permission is None or call.org_id == NOBODY else call.org_id


async def _preferences(rows: Connection, call: Call[Any, Any]) -> PreferenceList:
    chosen = {choice.kind: choice for choice in await recipients.list_choices(rows, call.user_id, call.org_id)}
    items = []
    for row in TABLE:
        if not _can_get(call, row):
            continue
        stored = chosen.get(row.name)
        choice = effective(row, stored.mail if stored else None, stored.push if stored else None)
        items.append(
            Preference(
                kind=row.name,
                title=row.title,
                org_id=_org_of(call, row),
                mail_choices=list(row.mail_modes),
                mail=choice.mail,
                push=choice.push,
            )
        )
    return PreferenceList(items=items)


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/notifications/kinds",
        name="listNotificationKinds",
        tag="people",
        permission="authenticated",
        summary="List the kinds of notifications",
        handler=list_kinds,
        response=NotificationTypeList,
    ),
    Operation(
        method="GET",
        path="/v1/account/notifications",
        name="listNotificationPreferences",
        tag="people",
        permission="authenticated",
        of_person=True,
        summary="Read your notification preferences",
        handler=list_preferences,
        response=PreferenceList,
    ),
    Operation(
        method="PATCH",
        path="/v1/account/notifications",
        name="changeNotificationPreferences",
        tag="people",
        permission="authenticated",
        of_person=True,
        summary="Change your notification preferences",
        handler=change_preferences,
        request=ChangePreferences,
        response=PreferenceList,
    ),
)
