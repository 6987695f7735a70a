"""Second factors: codes of an app, recovery codes, the challenge between password and session.

A code counts once: the step that was used last is kept, and no older one counts any more. Tries are counted with those
of passwords, by account and by address.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import secrets
from typing import Literal
from uuid import UUID

import pyotp

from core.domain.identity.actors import Actor
from core.infra.postgres.connection import Connection, person_transaction, transaction
from core.services.identity.identity_log import append_person_event, note_identity_event
from core.services.identity.identity_parts import IdentityParts, Visitor
from core.services.identity.opaque_tokens import hash_token, mint_token
from core.services.identity.people import check_sign_in, confirm_password, sign_in
from core.services.identity.refusals import IdentityRefused, invalid_code
from core.services.identity.sessions import SessionTokens
from core.services.identity.sign_in_guard import begin_try, pass_first_factor
from core.storage.identity import second_factors, single_use_tokens
from core.storage.identity.people import PersonRecord, find_person
from schemas.common import Value

Factor = Literal["totp", "recovery_code", "passkey"]
CHALLENGE_LIFE = dt.timedelta(minutes=5)
STEP_S = 30
RECOVERY_CODES_COUNT = 10
_RECOVERY_BYTES = 10


class Challenge(Value, frozen=True, kw_only=True):
    """What comes before the session of a person with a second factor."""

    token: str
    factors: tuple[Factor, ...]


def wrong_code() -> IdentityRefused:
    """A code is wrong, too old, or was used."""
    return IdentityRefused("wrong-credentials", "The code is wrong, was used, or is too old.")


async def list_factors(connection: Connection, user_id: UUID) -> tuple[Factor, ...]:
    """What answers a person's challenges; empty: a password is enough."""
    totp = await second_factors.read_totp(connection, user_id)
    factors: list[Factor] = ["totp"] if totp is not None and totp.confirmed_at is not None else []
    if await second_factors.list_passkeys(connection, user_id):
        factors.append("passkey")
    if factors and await second_factors.count_recovery_codes(connection, user_id):
        factors.append("recovery_code")
    return tuple(factors)


async def sign_in_by_password(
    parts: IdentityParts, email: str, password: str, visitor: Visitor
) -> SessionTokens | Challenge:
    """The session of a person, or the challenge of their second factor. Raises IdentityRefused."""
    person = await check_sign_in(parts, email, password, visitor)
    async with person_transaction(parts.pool, person.user_id) as connection:
        challenge = await begin_challenge(connection, person.user_id, "password")
    if challenge is None:
        return await sign_in(parts, person, visitor, ["password"])
    await pass_first_factor(parts, visitor)
    return challenge


async def begin_challenge(connection: Connection, user_id: UUID, first: str) -> Challenge | None:
    """The challenge of a person behind a first factor, or None without a second one.

    ``first``: what the session will name.
    """
    factors = await list_factors(connection, user_id)
    if not factors:
        return None
    token, token_hash = mint_token("challenge")
    await single_use_tokens.insert_single_use_token(
        connection, token_hash, "second-factor", CHALLENGE_LIFE, user_id=user_id, details={"first": first}
    )
    return Challenge(token=token, factors=factors)


async def challenged_person(connection: Connection, challenge: str) -> tuple[PersonRecord, str]:
    """Whose challenge it is, and what they showed before; locks it.

    Raises IdentityRefused for one that does not count.
    """
    token = await single_use_tokens.find_single_use_token(connection, hash_token(challenge), "second-factor")
    person = await find_person(connection, token["user_id"]) if token is not None else None
    if token is None or person is None or person.disabled_at is not None:
        raise invalid_code()
    return person, token["details"].get("first", "password")


async def answer_challenge(
    parts: IdentityParts, challenge: str, *, code: str | None, recovery_code: str | None, visitor: Visitor
) -> SessionTokens:
    """The session of who answers a challenge by a code. Raises IdentityRefused."""
    async with transaction(parts.pool) as connection:
        person, first = await challenged_person(connection, challenge)
    await begin_try(parts, person.email, visitor)
    async with transaction(parts.pool) as connection:
        await challenged_person(connection, challenge)
        if code is not None:
            method, passed = "totp", await _take_code(parts, connection, person.user_id, code)
        else:
            method, passed = "recovery_code", await _take_recovery(parts, connection, person, recovery_code or "")
        if passed:
            await single_use_tokens.use_single_use_token(connection, hash_token(challenge))
    if not passed:
        async with person_transaction(parts.pool, person.user_id) as connection:
            await append_person_event(
                connection,
                "second-factor.failed",
                person.user_id,
                address=visitor.address,
                user_agent=visitor.user_agent,
                outcome="refused",
            )
        actor = Actor(kind="user", id=person.user_id)
        note_identity_event("second-factor.failed", actor=actor, address=visitor.address, method=method)
        raise wrong_code()
    return await sign_in(parts, person, visitor, [first, method])


async def _take_code(parts: IdentityParts, connection: Connection, user_id: UUID, code: str) -> bool:
    totp = await second_factors.read_totp(connection, user_id)
    return (
        totp is not None and totp.confirmed_at is not None and await _use_code(parts, connection, user_id, totp, code)
    )


async def _use_code(
    parts: IdentityParts, connection: Connection, user_id: UUID, totp: second_factors.TotpSecret, code: str
) -> bool:
    secret = parts.ring.open("second-factors", totp.sealed).decode()
    step = matching_step(secret, code, parts.clock().timestamp())
    return step is not None and await second_factors.use_totp_step(connection, user_id, step)


def matching_step(secret: str, code: str, now_s: float) -> int | None:
    """The step of a code, now or one before or behind it; None where it is wrong."""
    plain = "".join(code.split())
    if len(plain) != 6 or not (plain.isascii() and plain.isdigit()):
        return None
    generator, current = pyotp.TOTP(secret), int(now_s // STEP_S)
    for step in (current, current - 1, current + 1):
        if hmac.compare_digest(generator.at(step * STEP_S), plain):
            return step
    return None


async def _take_recovery(
    parts: IdentityParts, connection: Connection, person: PersonRecord, recovery_code: str
) -> bool:
    if not await second_factors.use_recovery_code(connection, person.user_id, _hash_recovery(recovery_code)):
        return False
    left = await second_factors.count_recovery_codes(connection, person.user_id)
    await tell_of_change(parts, connection, person, f"a recovery code was used, {left} are left")
    return True


async def tell_of_change(parts: IdentityParts, connection: Connection, person: PersonRecord, change: str) -> None:
    """Mail a person that their second factors changed."""
    await parts.post_mail(
        connection,
        "second-factor-changed",
        to=person.email,
        locale=person.locale,
        user_id=person.user_id,
        change=change,
    )
    note_identity_event("second-factor.changed", actor=Actor(kind="user", id=person.user_id), change=change)


async def enrol_totp(parts: IdentityParts, user_id: UUID, password: str, visitor: Visitor) -> tuple[str, str]:
    """Begin to enrol an authenticator app: its secret, and the URI of its picture.

    Raises IdentityRefused.
    """
    person = await confirm_password(parts, user_id, password, visitor)
    secret = pyotp.random_base32()
    async with person_transaction(parts.pool, user_id) as connection:
        if not await second_factors.write_totp(connection, user_id, parts.ring.seal("second-factors", secret.encode())):
            raise IdentityRefused("second-factor-exists", "There is an authenticator app already.")
    return secret, pyotp.TOTP(secret).provisioning_uri(name=person.email, issuer_name="Clipstream")


async def confirm_totp(parts: IdentityParts, user_id: UUID, code: str, visitor: Visitor) -> list[str]:
    """End an enrolment by a first code; returns new recovery codes. Raises IdentityRefused."""
    async with person_transaction(parts.pool, user_id) as connection:
        person = await find_person(connection, user_id)
    if person is None:
        raise wrong_code()
    await begin_try(parts, person.email, visitor)
    async with person_transaction(parts.pool, user_id) as connection:
        totp = await second_factors.read_totp(connection, user_id)
        if totp is None or totp.confirmed_at is not None:
            raise IdentityRefused("second-factor-exists", "There is no enrolment that waits for a code.")
        if not await _use_code(parts, connection, user_id, totp, code):
            raise wrong_code()
        await second_factors.confirm_totp(connection, user_id)
        codes = await write_new_recovery_codes(connection, user_id)
        await tell_of_change(parts, connection, person, "an authenticator app was added")
    await pass_first_factor(parts, visitor, email=person.email)
    return codes


async def disable_totp(parts: IdentityParts, user_id: UUID, password: str, visitor: Visitor) -> None:
    """Remove the authenticator app, and recovery codes that recover nothing. Raises IdentityRefused."""
    person = await confirm_password(parts, user_id, password, visitor)
    async with person_transaction(parts.pool, user_id) as connection:
        if not await second_factors.delete_totp(connection, user_id):
            raise IdentityRefused("not-found", "There is no authenticator app.")
        if not await second_factors.list_passkeys(connection, user_id):
            await second_factors.write_recovery_codes(connection, user_id, [])
        await tell_of_change(parts, connection, person, "the authenticator app was removed")


async def renew_recovery_codes(parts: IdentityParts, user_id: UUID, password: str, visitor: Visitor) -> list[str]:
    """New recovery codes; the old ones count no longer. Raises IdentityRefused."""
    person = await confirm_password(parts, user_id, password, visitor)
    async with person_transaction(parts.pool, user_id) as connection:
        if not await list_factors(connection, user_id):
            raise IdentityRefused("not-found", "There is no second factor to recover.")
        codes = await write_new_recovery_codes(connection, user_id)
        await tell_of_change(parts, connection, person, "the recovery codes were replaced")
    return codes


async def write_new_recovery_codes(connection: Connection, user_id: UUID) -> list[str]:
    """Replace a person's recovery codes; they are shown once."""
    codes = [_mint_recovery() for _ in range(RECOVERY_CODES_COUNT)]
    await second_factors.write_recovery_codes(connection, user_id, [_hash_recovery(code) for code in codes])
    return codes


def _mint_recovery() -> str:
    text = base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _hash_recovery(code: str) -> bytes:
    plain = "".join(character for character in code.lower() if character.isalnum())
    return hashlib.sha256(plain.encode("utf-8", errors="surrogatepass")).digest()
