"""Passkeys (WebAuthn): registered by who is signed in; they sign in alone, or as second factor.

Alone, the authenticator must verify its user (PIN, finger, face): a passkey is two factors then. Behind a password its
presence is enough.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from core.domain.identity.actors import Actor
from core.infra.postgres.connection import Connection, person_transaction, transaction
from core.services.identity.identity_log import note_identity_event
from core.services.identity.identity_parts import IdentityParts, Visitor
from core.services.identity.opaque_tokens import hash_token, mint_token
from core.services.identity.people import confirm_password, sign_in
from core.services.identity.refusals import IdentityRefused, invalid_code
from core.services.identity.second_factors import challenged_person, list_factors, tell_of_change
from core.services.identity.second_factors import write_new_recovery_codes as new_codes
from core.services.identity.sessions import SessionTokens
from core.settings import Settings
from core.storage.identity import second_factors, single_use_tokens
from core.storage.identity.people import PersonRecord, find_person, lock_person
from core.storage.identity.second_factors import PasskeyRecord
from schemas.common import Value

CEREMONY_LIFE = dt.timedelta(minutes=5)
MAX_PASSKEYS = 20
_CHALLENGE_BYTES = 32
_MALFORMED = (WebAuthnException, ValueError, TypeError, KeyError, AttributeError, IndexError)
"""What the library raises for bytes of others."""


class Ceremony(Value, frozen=True, kw_only=True):
    """What the browser is asked, and the ticket that its answer comes with."""

    ticket: str
    options: dict[str, Any]


def relying_party(settings: Settings) -> tuple[str, list[str]]:
    """Id of the relying party, and the origins of its pages."""
    address = urlsplit(settings.public_address)
    pages = [f"{parts.scheme}://{parts.netloc}" for parts in (address, urlsplit(settings.web)) if parts.netloc]
    return address.hostname or "localhost", list(dict.fromkeys(pages))


def refused_passkey() -> IdentityRefused:
    """A passkey is unknown, or what it signed does not count."""
    return IdentityRefused("wrong-credentials", "The passkey is unknown here, or its answer does not count.")


async def begin_registration(parts: IdentityParts, user_id: UUID, password: str, visitor: Visitor) -> Ceremony:
    """Ask the browser of a person for a new passkey. Raises IdentityRefused."""
    person = await confirm_password(parts, user_id, password, visitor)
    challenge = secrets.token_bytes(_CHALLENGE_BYTES)
    async with person_transaction(parts.pool, user_id) as connection:
        registered = await second_factors.list_passkeys(connection, user_id)
        ticket = await _write_ticket(connection, "passkey-registration", challenge, user_id)
    options = webauthn.generate_registration_options(
        rp_id=relying_party(parts.settings)[0],
        rp_name="Clipstream",
        user_id=user_id.bytes,
        user_name=person.email,
        user_display_name=person.name or person.email,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.PREFERRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in registered],
    )
    return Ceremony(ticket=ticket, options=json.loads(webauthn.options_to_json(options)))


async def _write_ticket(
    connection: Connection,
    purpose: single_use_tokens.TokenPurpose,
    challenge: bytes,
    user_id: UUID | None,
) -> str:
    ticket, ticket_hash = mint_token("challenge")
    details = {"challenge": bytes_to_base64url(challenge)}
    await single_use_tokens.insert_single_use_token(
        connection, ticket_hash, purpose, CEREMONY_LIFE, user_id=user_id, details=details
    )
    return ticket


async def _take_ticket(
    connection: Connection, ticket: str, purpose: single_use_tokens.TokenPurpose, user_id: UUID | None
) -> bytes:
    """The challenge of a ticket, which counts no longer. Raises IdentityRefused."""
    token = await single_use_tokens.find_single_use_token(connection, hash_token(ticket), purpose)
    if token is None or token["user_id"] != user_id:
        raise invalid_code()
    await single_use_tokens.use_single_use_token(connection, hash_token(ticket))
    return base64url_to_bytes(token["details"]["challenge"])


async def end_registration(
    parts: IdentityParts, user_id: UUID, *, ticket: str, credential: dict[str, Any], name: str
) -> tuple[PasskeyRecord, list[str]]:
    """Register what the browser answered; a first second factor brings recovery codes.

    Raises IdentityRefused.
    """
    rp_id, origins = relying_party(parts.settings)
    passkey_id = parts.new_id()
    async with person_transaction(parts.pool, user_id) as connection:
        challenge = await _take_ticket(connection, ticket, "passkey-registration", user_id)
        try:
            verified = webauthn.verify_registration_response(
                credential=credential, expected_challenge=challenge, expected_rp_id=rp_id, expected_origin=origins
            )
        except _MALFORMED:
            raise refused_passkey() from None
        person = await lock_person(connection, user_id)
        registered = await second_factors.list_passkeys(connection, user_id)
        if person is None or len(registered) >= MAX_PASSKEYS:
            raise IdentityRefused("limit-reached", f"A person has at most {MAX_PASSKEYS} passkeys.")
        had_factors = bool(await list_factors(connection, user_id))
        added = await second_factors.insert_passkey(
            connection,
            user_id,
            passkey_id,
            credential_id=verified.credential_id,
            public_key=verified.credential_public_key,
            sign_count=verified.sign_count,
            name=name,
            backed_up=verified.credential_backed_up,
        )
        if not added:
            raise IdentityRefused("second-factor-exists", "This passkey is registered already.")
        codes = [] if had_factors else await new_codes(connection, user_id)
        await tell_of_change(parts, connection, person, f"the passkey {name!r} was added")
        listed = await second_factors.list_passkeys(connection, user_id)
    return next(passkey for passkey in listed if passkey.passkey_id == passkey_id), codes


async def remove_passkey(parts: IdentityParts, user_id: UUID, passkey_id: UUID) -> None:
    """Remove a passkey; recovery codes go where nothing is left to recover. Raises IdentityRefused."""
    async with person_transaction(parts.pool, user_id) as connection:
        person = await lock_person(connection, user_id)
        if person is None or not await second_factors.delete_passkey(connection, user_id, passkey_id):
            raise IdentityRefused("not-found", "There is no such passkey.")
        if not await list_factors(connection, user_id):
            await second_factors.write_recovery_codes(connection, user_id, [])
        await tell_of_change(parts, connection, person, "a passkey was removed")


async def begin_sign_in(parts: IdentityParts, challenge: str | None) -> Ceremony:
    """Ask a browser to sign in, alone or behind the password of a challenge. Raises IdentityRefused."""
    allowed: list[PublicKeyCredentialDescriptor] = []
    random = secrets.token_bytes(_CHALLENGE_BYTES)
    async with transaction(parts.pool) as connection:
        user_id = None
        if challenge is not None:
            user_id = (await challenged_person(connection, challenge))[0].user_id
            registered = await second_factors.list_passkeys(connection, user_id)
            allowed = [PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in registered]
        ticket = await _write_ticket(connection, "passkey-sign-in", random, user_id)
    options = webauthn.generate_authentication_options(
        rp_id=relying_party(parts.settings)[0],
        challenge=random,
        allow_credentials=allowed,
        user_verification=UserVerificationRequirement.REQUIRED
        if challenge is None
        else UserVerificationRequirement.PREFERRED,
    )
    return Ceremony(ticket=ticket, options=json.loads(webauthn.options_to_json(options)))


async def end_sign_in(
    parts: IdentityParts, *, ticket: str, credential: dict[str, Any], challenge: str | None, visitor: Visitor
) -> SessionTokens:
    """The session of who answered with a passkey. Raises IdentityRefused."""
    async with transaction(parts.pool) as connection:
        first = (await challenged_person(connection, challenge))[1] if challenge is not None else None
        person = await _verify(parts, connection, ticket, credential, challenge)
    if person is None:  # raised only now: the ticket was used
        note_identity_event("sign-in.failed", address=visitor.address, method="passkey")
        raise refused_passkey()
    methods = ["passkey"] if first is None else [first, "passkey"]
    return await sign_in(parts, person, visitor, methods)


async def _verify(
    parts: IdentityParts, connection: Connection, ticket: str, credential: dict[str, Any], challenge: str | None
) -> PersonRecord | None:
    challenged = (await challenged_person(connection, challenge))[0] if challenge is not None else None
    user_id = challenged.user_id if challenged is not None else None
    expected = await _take_ticket(connection, ticket, "passkey-sign-in", user_id)
    rp_id, origins = relying_party(parts.settings)
    try:
        credential_id = base64url_to_bytes(credential["id"])
        passkey = await second_factors.find_passkey(connection, credential_id)
        if passkey is None or user_id not in (None, passkey.user_id):
            return None
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=expected,
            expected_rp_id=rp_id,
            expected_origin=origins,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=challenged is None,
        )
    except _MALFORMED:
        return None
    await second_factors.note_passkey_use(connection, passkey.user_id, passkey.passkey_id, verified.new_sign_count)
    person = await find_person(connection, passkey.user_id)
    if person is None or person.disabled_at is not None or person.email_verified_at is None:
        return None
    if challenge is not None:
        # the place of the ticket's hash is taken: the challenge is its person's row
        await single_use_tokens.use_single_use_token(connection, hash_token(challenge))
    actor = Actor(kind="user", id=person.user_id)
    note_identity_event("passkey.used", actor=actor, passkey_id=str(passkey.passkey_id))
    return person
