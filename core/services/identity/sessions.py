"""Sessions begin at sign-in; refresh tokens rotate, and one that is used twice ends its session.

Two tabs of a browser may refresh with the same token at once. A token that was used within ``REUSE_GRACE`` is
therefore answered once more, but only while none of its successors was used; anything later is a copy in other hands.
"""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from core.domain.identity.actors import Actor
from core.domain.notifications.devices import Device
from core.infra.postgres.connection import Connection, transaction
from core.services.identity.identity_log import append_person_event, note_identity_event
from core.services.identity.identity_parts import IdentityParts, Visitor
from core.services.identity.opaque_tokens import hash_token, mint_token
from core.services.identity.refusals import IdentityRefused, ended_session
from core.storage.identity import sessions
from core.storage.identity.memberships import list_memberships
from core.storage.identity.people import find_person
from core.storage.notifications.happenings import tell_sign_in
from schemas.common import Value

REUSE_GRACE = dt.timedelta(seconds=10)
MAX_AGENT_CHARS = 200


class SessionTokens(Value, frozen=True, kw_only=True):
    """The tokens of a session that began or went on."""

    session_id: UUID
    user_id: UUID
    org_id: UUID | None
    access_token: str
    access_life_s: int
    refresh_token: str
    refresh_life_s: int


async def begin_session(
    parts: IdentityParts,
    connection: Connection,
    user_id: UUID,
    visitor: Visitor,
    methods: list[str],
    org_id: UUID | None = None,
) -> SessionTokens:
    """Begin a session, in a transaction that sees the person's rows; the oldest membership is chosen."""
    session_id = parts.new_id()
    memberships = await list_memberships(connection, user_id)
    chosen = org_id or next((membership.org_id for membership in memberships), None)
    rules = parts.settings.identity
    await sessions.insert_session(
        connection,
        session_id,
        user_id,
        chosen,
        methods=methods,
        cookies=visitor.cookies,
        address=visitor.address[:100],
        user_agent=visitor.user_agent[:MAX_AGENT_CHARS],
        idle=dt.timedelta(days=rules.idle_days),
        life=dt.timedelta(days=rules.session_days),
    )
    device = Device(address=visitor.address[:100], user_agent=visitor.user_agent[:MAX_AGENT_CHARS])
    await tell_sign_in(connection, user_id, session_id, device, parts.clock())
    return await _issue(parts, connection, session_id, user_id, chosen)


async def _issue(
    parts: IdentityParts, connection: Connection, session_id: UUID, user_id: UUID, org_id: UUID | None
) -> SessionTokens:
    refresh_token, token_hash = mint_token("refresh")
    await sessions.insert_refresh_token(connection, token_hash, session_id, user_id)
    return SessionTokens(
        session_id=session_id,
        user_id=user_id,
        org_id=org_id,
        access_token=parts.tokens.issue(user_id, session_id, org_id),
        access_life_s=parts.tokens.life_s,
        refresh_token=refresh_token,
        refresh_life_s=int(parts.settings.identity.idle_days * 86_400),
    )


async def refresh_session(
    parts: IdentityParts, refresh_token: str, visitor: Visitor, org_id: UUID | None = None
) -> SessionTokens:
    """The next tokens of a session; ``org_id`` switches it. Raises IdentityRefused."""
    token_hash = hash_token(refresh_token)
    async with transaction(parts.pool) as connection:
        outcome = await _refresh(parts, connection, token_hash, visitor, org_id)
    if outcome is None:  # raised only now: the transaction that ended the session must stay
        raise ended_session()
    return outcome


async def _refresh(
    parts: IdentityParts, connection: Connection, token_hash: bytes, visitor: Visitor, org_id: UUID | None
) -> SessionTokens | None:
    token = await sessions.find_refresh_token(connection, token_hash)
    if token is None:
        return None
    session = await sessions.lock_session(connection, token.session_id, token.user_id)
    person = await find_person(connection, token.user_id)
    if session is None or person is None or person.disabled_at is not None:
        return None
    token = await sessions.find_refresh_token(connection, token_hash)  # as it is behind the lock
    assert token is not None
    if token.used_at is not None and not await sessions.may_be_shown_again(
        connection, token.session_id, token_hash, REUSE_GRACE
    ):
        await _end_stolen(parts, connection, token, person.email, person.locale, visitor)
        return None
    memberships = await list_memberships(connection, token.user_id)
    chosen = org_id or session.org_id
    if chosen not in {membership.org_id for membership in memberships}:
        if org_id is not None:
            raise IdentityRefused("not-found", "There is no such organisation that you belong to.")
        chosen = next((membership.org_id for membership in memberships), None)
    await sessions.use_refresh_token(connection, token_hash)
    idle = dt.timedelta(days=parts.settings.identity.idle_days)
    await sessions.prolong_session(connection, token.session_id, chosen, idle)
    return await _issue(parts, connection, token.session_id, token.user_id, chosen)


async def _end_stolen(
    parts: IdentityParts,
    connection: Connection,
    token: sessions.RefreshToken,
    email: str,
    locale: str,
    visitor: Visitor,
) -> None:
    await sessions.revoke_sessions(connection, token.user_id, "refresh token used twice", only=token.session_id)
    await parts.post_mail(
        connection, "session-stolen", to=email, locale=locale, user_id=token.user_id, address=visitor.address
    )
    actor = Actor(kind="user", id=token.user_id)
    await append_person_event(
        connection,
        "session.stolen",
        token.user_id,
        address=visitor.address,
        user_agent=visitor.user_agent,
        outcome="refused",
    )
    note_identity_event("session.stolen", actor=actor, address=visitor.address, session_id=str(token.session_id))
