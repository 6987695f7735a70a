"""Make a one-time code that signs the installation's owner in, with the account where it is missing."""

from __future__ import annotations

import datetime as dt
import uuid

import asyncpg
import msgspec

from core.domain.identity.actors import SYSTEM
from core.errors import Unavailable
from core.infra.postgres.connection import TRANSIENT_ERRORS, Connection, prepare_connection, set_org
from core.services.audit import audit_log
from core.services.identity.one_time_codes import mint_code
from core.settings import MissingSettingError, Settings
from core.storage.identity import api_keys, memberships, people
from core.storage.identity.audit import AuditEntry
from streams.setup.bootstrap import ORG_ID

OWNER_EMAIL = "owner@clipstream.localhost"
"""Address of the owner of a one-machine stack: names below `.localhost` lead to no other machine (RFC 6761, 6.3)."""
OWNER_NAME = "Owner"


class SignInCode(msgspec.Struct, frozen=True, kw_only=True):
    """A one-time code; the code itself is shown this once."""

    code: str
    email: str
    """Address of the account that it signs in."""
    minutes: float
    """Time for which it counts."""


async def make_sign_in_code(settings: Settings) -> SignInCode:
    """Make a code.

    Raises Unavailable without Postgres, and MissingSettingError where such codes are off, or the first organisation is
    not made yet.
    """
    if settings.sign_in.codes == "off":
        raise MissingSettingError("CLIPSTREAM_SIGN_IN_CODES is off: set it to `on` for sign-in by one-time codes")
    try:
        connection = await asyncpg.connect(settings.postgres_bootstrap, timeout=10)
    except TRANSIENT_ERRORS as error:
        raise Unavailable("postgres", str(error) or type(error).__name__) from None
    try:
        await prepare_connection(connection)
        async with connection.transaction():
            await set_org(connection, ORG_ID)
            if not await api_keys.has_api_key(connection, ORG_ID):
                raise MissingSettingError("there is no organisation yet: run `python -m streams --bootstrap` first")
            user_id = await _ensure_owner(connection)
            entry = AuditEntry(
                org_id=ORG_ID, actor=SYSTEM, operation="sign-in-code.made", target_kind="user", target_ids=[user_id]
            )
            await audit_log.append(connection, entry)
            code = await mint_code(connection, user_id, dt.timedelta(minutes=settings.sign_in.code_minutes))
    finally:
        await connection.close()
    return SignInCode(code=code, email=OWNER_EMAIL, minutes=settings.sign_in.code_minutes)


async def _ensure_owner(connection: Connection) -> uuid.UUID:
    """The owner's account; it has no password, so that nothing but a code signs it in."""
    await memberships.lock_organisation_roles(connection, ORG_ID)
    person = await people.find_person_by_email(connection, OWNER_EMAIL)
    if person is not None and person.disabled_at is not None:
        raise MissingSettingError(f"the account {OWNER_EMAIL} is disabled")
    user_id = person.user_id if person is not None else uuid.uuid4()
    if person is None:
        await people.insert_person(
            connection, user_id, email=OWNER_EMAIL, name=OWNER_NAME, locale="en", password_hash=None, verified=True
        )
    if await memberships.read_role(connection, ORG_ID, user_id) is None:
        await memberships.insert_membership(connection, ORG_ID, user_id, "owner")
    return user_id
