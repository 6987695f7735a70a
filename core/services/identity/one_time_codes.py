"""One-time codes: the operator of an installation makes one, and it signs the owner in.

A code counts once and for minutes; only its hash is kept. A second factor is asked behind it as behind a password.
"""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from core.domain.identity.actors import Actor
from core.infra.postgres.connection import Connection, transaction
from core.services.identity.identity_log import append_person_event, note_identity_event
from core.services.identity.identity_parts import IdentityParts, Visitor
from core.services.identity.opaque_tokens import hash_token, mint_token
from core.services.identity.refusals import IdentityRefused, invalid_code
from core.services.identity.second_factors import Challenge, begin_challenge
from core.services.identity.sessions import SessionTokens, begin_session
from core.services.identity.sign_in_guard import begin_address_try, pass_first_factor
from core.storage.identity import people, single_use_tokens

METHOD = "one-time-code"
"""What a session names that begins by a code."""


async def mint_code(connection: Connection, user_id: UUID, life: dt.timedelta) -> str:
    """A new code of a person."""
    code, code_hash = mint_token("one-time-code")
    await single_use_tokens.insert_single_use_token(connection, code_hash, "one-time-sign-in", life, user_id=user_id)
    return code


async def sign_in_by_code(parts: IdentityParts, code: str, visitor: Visitor) -> SessionTokens | Challenge:
    """The session of a code's person, or the challenge of their second factor. Raises IdentityRefused."""
    if parts.settings.sign_in.codes == "off":
        raise IdentityRefused("forbidden", "Sign-in by a one-time code is off in this installation.")
    await begin_address_try(parts, visitor)
    async with transaction(parts.pool) as connection:
        outcome = await _take_code(parts, connection, hash_token(code), visitor)
    if outcome is None:  # raised only now: the entry in the audit log must stay
        raise invalid_code()
    await pass_first_factor(parts, visitor)
    return outcome


async def _take_code(
    parts: IdentityParts, connection: Connection, code_hash: bytes, visitor: Visitor
) -> SessionTokens | Challenge | None:
    token = await single_use_tokens.find_single_use_token(connection, code_hash, "one-time-sign-in")
    if token is None:
        await _note_refused(connection, code_hash, visitor)
        return None
    await single_use_tokens.use_single_use_token(connection, code_hash)
    user_id: UUID = token["user_id"]
    person = await people.lock_person(connection, user_id)
    if person is None or person.disabled_at is not None:
        return None
    challenge = await begin_challenge(connection, user_id, METHOD)
    if challenge is not None:
        return challenge
    tokens = await begin_session(parts, connection, user_id, visitor, [METHOD])
    await append_person_event(connection, "sign-in", user_id, address=visitor.address, user_agent=visitor.user_agent)
    note_identity_event("sign-in", actor=Actor(kind="user", id=user_id), address=visitor.address, method=METHOD)
    return tokens


async def _note_refused(connection: Connection, code_hash: bytes, visitor: Visitor) -> None:
    """Write down that a code is unknown, or whose it was: one that comes again is in other hands, too."""
    ended_token = await single_use_tokens.find_ended_token(connection, code_hash, "one-time-sign-in")
    if ended_token is None:
        note_identity_event("sign-in.failed", address=visitor.address, method=METHOD)
        return
    action = "sign-in.code-used-again" if ended_token["used"] else "sign-in.failed"
    user_id: UUID = ended_token["user_id"]
    await append_person_event(
        connection, action, user_id, address=visitor.address, user_agent=visitor.user_agent, outcome="refused"
    )
    note_identity_event(action, actor=Actor(kind="user", id=user_id), address=visitor.address, method=METHOD)
