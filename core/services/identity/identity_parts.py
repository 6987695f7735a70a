"""What the services of identity need: stores, rules, keys; made once by the composition root."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Callable, Mapping
from uuid import UUID

import msgspec

from core.infra.key_ring import KeyRing
from core.infra.openid.provider_client import ProviderClient
from core.infra.password_hashes import PasswordHashes
from core.infra.postgres.connection import Connection, Pool
from core.services.identity.access_tokens import AccessTokens
from core.services.identity.mail_texts import MailTemplate, render_mail
from core.settings import Settings
from core.storage.identity import mails


def account_subject(ring: KeyRing, email: str, secret_id: str | None = None) -> str:
    """Keyed name of an account, which does not show its address; ``secret_id``: of an older secret."""
    key = ring.derive("accounts", secret_id)
    return "account:" + hmac.new(key, email.encode(), hashlib.sha256).hexdigest()[:32]


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request comes from."""

    address: str
    user_agent: str
    cookies: bool = False
    """Whether its session lives in cookies."""


class IdentityParts(msgspec.Struct, frozen=True, kw_only=True):
    """Stores, rules and keys of identity."""

    pool: Pool
    settings: Settings
    ring: KeyRing
    passwords: PasswordHashes
    tokens: AccessTokens
    new_id: Callable[[], UUID]
    clock: Callable[[], dt.datetime]
    providers: Mapping[str, ProviderClient] = {}
    """Providers that sign people in, by name."""

    async def post_mail(
        self,
        connection: Connection,
        template: MailTemplate,
        *,
        to: str,
        locale: str = "en",
        user_id: UUID | None = None,
        org_id: UUID | None = None,
        **values: str,
    ) -> None:
        """Write a mail in the transaction of what it tells of."""
        message = render_mail(template, locale, to, values, web=self.settings.web)
        await mails.insert_mail(
            connection,
            self.new_id(),
            template=template,
            locale=locale,
            sealed=self.ring.seal("mails", msgspec.json.encode(message)),
            receiver=account_subject(self.ring, to),
            user_id=user_id,
            org_id=org_id,
        )
