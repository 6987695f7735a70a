"""The way to a provider and back: what is remembered between the two, once, for one browser.

A row keeps what the answer must match, under the hash of ``state``; a cookie binds it to the browser that began. An
answer that an attacker brings about is therefore another browser's, and does not count (login CSRF).
"""

from __future__ import annotations

import datetime as dt
import hmac
import re
import secrets
from typing import Any
from uuid import UUID

import msgspec

from core.infra.openid.faults import ProviderFault, SignInDeclined
from core.infra.openid.provider_client import ProviderClient
from core.infra.openid.provider_documents import ForeignIdentity
from core.infra.postgres.connection import transaction
from core.services.identity.identity_log import note_identity_event
from core.services.identity.identity_parts import IdentityParts, Visitor
from core.services.identity.opaque_tokens import hash_token
from core.services.identity.refusals import IdentityRefused
from core.storage.identity import single_use_tokens
from schemas.common import Value

FLOW_LIFE = dt.timedelta(minutes=10)
_RANDOM_BYTES = 32
BINDING = re.compile(r"[A-Za-z0-9_-]{43}")
"""The shape of what binds a browser."""
_ERROR = re.compile(r"[a-z_]{1,40}")


class BegunFlow(Value, frozen=True, kw_only=True):
    """A flow that waits for its answer."""

    url: str
    """Page of the provider."""
    binding: str
    """For the browser's cookie."""


class Flow(Value, frozen=True, kw_only=True):
    """What was remembered of a flow whose answer has come."""

    provider: str
    nonce: str
    verifier: str
    return_to: str = ""
    invitation: str = ""
    """Hash of an invitation's code; empty: none."""
    locale: str = "en"
    user_id: UUID | None = None
    """Who links an identity; None: somebody signs in."""
    session_id: UUID | None = None
    org_id: UUID | None = None
    """The linker's session and organisation."""


class ProviderAnswer(Value, frozen=True, kw_only=True):
    """What a browser brings back from a provider."""

    state: str
    code: str = ""
    iss: str | None = None
    error: str = ""


def find_provider(parts: IdentityParts, name: str) -> ProviderClient:
    """A provider of the settings. Raises IdentityRefused."""
    client = parts.providers.get(name)
    if client is None:
        raise IdentityRefused("not-found", "There is no such provider.")
    return client


def check_return_page(parts: IdentityParts, page: str | None) -> str:
    """The page that a flow leads back to: one of the list, letter by letter; empty: none.

    Raises IdentityRefused.
    """
    web = parts.settings.web
    if page is None:
        return web
    if page not in (*parts.settings.sign_in.return_pages, *((web,) if web else ())):
        raise IdentityRefused("invalid", "A sign-in may not lead back to this page.", pointer="/return_to")
    return page


async def begin_flow(
    parts: IdentityParts,
    provider: str,
    *,
    binding: str | None,
    return_to: str | None,
    invitation: str | None = None,
    locale: str = "en",
    linker: tuple[UUID, UUID | None, UUID | None] | None = None,
) -> BegunFlow:
    """Remember a flow, and return the provider's page.

    ``binding``: what binds the browser already; ``linker``: person, session and organisation of who links an identity.
    Raises IdentityRefused.
    """
    client = find_provider(parts, provider)
    page = check_return_page(parts, return_to)
    state, nonce, verifier = (secrets.token_urlsafe(_RANDOM_BYTES) for _ in range(3))
    if binding is None or not BINDING.fullmatch(binding):
        binding = secrets.token_urlsafe(_RANDOM_BYTES)
    try:
        url = await client.authorization_url(state=state, nonce=nonce, verifier=verifier)
    except ProviderFault as fault:
        raise provider_failed(provider, fault) from None
    user_id, session_id, org_id = linker or (None, None, None)
    flow = Flow(
        provider=provider,
        nonce=nonce,
        verifier=verifier,
        return_to=page,
        invitation=hash_token(invitation).hex() if invitation else "",
        locale=locale,
        user_id=user_id,
        session_id=session_id,
        org_id=org_id,
    )
    details: dict[str, Any] = {"flow": msgspec.to_builtins(flow), "binding": hash_token(binding).hex()}
    async with transaction(parts.pool) as connection:
        await single_use_tokens.insert_single_use_token(
            connection, hash_token(state), "provider-sign-in", FLOW_LIFE, user_id=user_id, details=details
        )
    return BegunFlow(url=url, binding=binding)


async def take_flow(parts: IdentityParts, provider: str, state: str, binding: str | None) -> Flow:
    """The flow of an answer, which ends with it. Raises IdentityRefused."""
    state_hash = hash_token(state)
    async with transaction(parts.pool) as connection:
        row = await single_use_tokens.find_single_use_token(connection, state_hash, "provider-sign-in")
        if row is not None:
            await single_use_tokens.use_single_use_token(connection, state_hash)
    if row is not None and hmac.compare_digest(row["details"]["binding"], hash_token(binding or "").hex()):
        flow = msgspec.convert(row["details"]["flow"], Flow)
        if flow.provider == provider:
            return flow
    detail = "The sign-in was begun in another browser, has ended, or took longer than ten minutes: begin it again."
    raise IdentityRefused("sign-in-refused", detail)


async def identify(parts: IdentityParts, flow: Flow, answer: ProviderAnswer, visitor: Visitor) -> ForeignIdentity:
    """Who signed in at the provider of a flow. Raises IdentityRefused."""
    client = find_provider(parts, flow.provider)
    try:
        await client.check_issuer(answer.iss)
        if answer.error or not answer.code:
            reason = f" ({answer.error})" if _ERROR.fullmatch(answer.error) else ""
            raise SignInDeclined(f"The provider did not sign you in{reason}.")
        return await client.identify(answer.code, verifier=flow.verifier, nonce=flow.nonce)
    except SignInDeclined as declined:
        note_identity_event("sign-in.failed", address=visitor.address, method=f"provider:{flow.provider}")
        raise IdentityRefused("sign-in-refused", declined.detail) from None
    except ProviderFault as fault:
        raise provider_failed(flow.provider, fault, visitor) from None


def provider_failed(provider: str, fault: ProviderFault, visitor: Visitor | None = None) -> IdentityRefused:
    """A provider that is away or lies; the log has the reason."""
    address = visitor.address if visitor is not None else ""
    note_identity_event("provider.failed", address=address, provider=provider, reason=fault.reason)
    return IdentityRefused("provider-failed", fault.detail)
