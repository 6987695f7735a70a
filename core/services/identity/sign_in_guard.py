"""Brute force: tries are counted by account and by address, slowed, then locked for a while.

A try is counted before the password is looked at, so that many at once cannot slip through; one that succeeds takes
its count back. A locked account is refused whatever the password is; passkeys, and a new password set by mail, still
let its person in.
"""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from core.domain.identity.actors import Actor
from core.infra.postgres.connection import Connection, transaction
from core.services.identity.identity_log import append_person_event, note_identity_event
from core.services.identity.identity_parts import IdentityParts, Visitor, account_subject
from core.services.identity.refusals import IdentityRefused
from core.storage.identity import sign_in_failures
from core.storage.identity.people import find_person_by_email

WINDOW = dt.timedelta(minutes=15)
"""Pause after which the count begins again."""
FREE_TRIES = 5
"""Wrong passwords of an account until it has to wait: 2, 4, 8, 16, 32 s, then as long as it is locked."""
LOCK_TRIES = 10
ADDRESS_TRIES = 50
"""Failures from one address, to whatever accounts."""
LOCK_S = 900.0


def address_subject(address: str) -> str:
    """Name under which an address's tries are counted."""
    return "address:" + "".join(address.split())


async def begin_try(parts: IdentityParts, email: str, visitor: Visitor) -> None:
    """Count a try. Raises IdentityRefused where the account or the address is locked."""
    account, address = account_subject(parts.ring, email), address_subject(visitor.address)
    async with transaction(parts.pool) as connection:
        await sign_in_failures.see_subjects(connection, (account, address))
        wait_s = await sign_in_failures.read_wait_s(connection, (account, address))
        if wait_s > 0:
            note_identity_event("sign-in.refused", address=visitor.address, account=account, wait_s=round(wait_s))
            raise _locked(wait_s)
        # one order of locks for all: accounts come before addresses
        tries = await sign_in_failures.count_failure(connection, account, WINDOW)
        from_address = await sign_in_failures.count_failure(connection, address, WINDOW)
        if tries > LOCK_TRIES or from_address > ADDRESS_TRIES:  # others came first while we waited for the row
            raise _locked(LOCK_S)
        if tries >= FREE_TRIES:
            await sign_in_failures.lock_subject(connection, account, _pause_s(tries))
        if from_address == ADDRESS_TRIES:
            await sign_in_failures.lock_subject(connection, address, LOCK_S)
            note_identity_event("sign-in.address-locked", address=visitor.address, failures=from_address)
        if tries == LOCK_TRIES:
            await _tell_of_lock(parts, connection, email, account, tries, visitor)


async def begin_address_try(parts: IdentityParts, visitor: Visitor) -> None:
    """Count a try that names no account. Raises IdentityRefused where the address is locked."""
    address = address_subject(visitor.address)
    async with transaction(parts.pool) as connection:
        await sign_in_failures.see_subjects(connection, (address,))
        wait_s = await sign_in_failures.read_wait_s(connection, (address,))
        if wait_s > 0:
            raise _locked(wait_s)
        from_address = await sign_in_failures.count_failure(connection, address, WINDOW)
        if from_address > ADDRESS_TRIES:
            raise _locked(LOCK_S)
        if from_address == ADDRESS_TRIES:
            await sign_in_failures.lock_subject(connection, address, LOCK_S)
            note_identity_event("sign-in.address-locked", address=visitor.address, failures=from_address)


def _pause_s(tries: int) -> float:
    return LOCK_S if tries >= LOCK_TRIES else float(2 ** (tries - FREE_TRIES + 1))


def _locked(wait_s: float) -> IdentityRefused:
    detail = "There were too many failed sign-ins: wait, or set a new password by mail."
    return IdentityRefused("sign-in-locked", detail, wait_s=wait_s)


async def _tell_of_lock(
    parts: IdentityParts, connection: Connection, email: str, account: str, tries: int, visitor: Visitor
) -> None:
    person = await find_person_by_email(connection, email)
    actor = Actor(kind="user", id=person.user_id) if person is not None else None
    note_identity_event("sign-in.locked", actor=actor, address=visitor.address, account=account, failures=tries)
    if person is not None:
        await parts.post_mail(
            connection,
            "sign-in-locked",
            to=person.email,
            locale=person.locale,
            user_id=person.user_id,
            failures=str(tries),
            address=visitor.address,
            minutes=str(round(LOCK_S / 60)),
        )
        await append_person_event(
            connection,
            "sign-in.locked",
            person.user_id,
            address=visitor.address,
            user_agent=visitor.user_agent,
            outcome="refused",
        )


async def end_try(parts: IdentityParts, email: str, visitor: Visitor, *, user_id: UUID) -> None:
    """A try succeeded: the account's count begins again, the address's loses this one."""
    account, address = account_subject(parts.ring, email), address_subject(visitor.address)
    async with transaction(parts.pool) as connection:
        await sign_in_failures.see_subjects(connection, (account, address))
        await sign_in_failures.forget_failures(connection, account)
        await sign_in_failures.take_back_failure(connection, address)
    note_identity_event("sign-in", actor=Actor(kind="user", id=user_id), address=visitor.address)


async def pass_first_factor(parts: IdentityParts, visitor: Visitor, *, email: str | None = None) -> None:
    """A try succeeded without a session: the address loses it, the account of ``email`` all of them."""
    subjects = [address_subject(visitor.address)]
    if email is not None:
        subjects.append(account_subject(parts.ring, email))
    async with transaction(parts.pool) as connection:
        await sign_in_failures.see_subjects(connection, subjects)
        if email is not None:
            await sign_in_failures.forget_failures(connection, subjects[1])
        await sign_in_failures.take_back_failure(connection, subjects[0])


async def unlock_account(parts: IdentityParts, connection: Connection, email: str) -> None:
    """A new password was set by mail: the account's lock ends."""
    account = account_subject(parts.ring, email)
    await sign_in_failures.see_subjects(connection, (account,))
    await sign_in_failures.forget_failures(connection, account)
