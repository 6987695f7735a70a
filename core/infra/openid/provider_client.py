"""One provider, as a relying party talks to it: discovery, keys, codes, and who somebody is (ADR 45).

All requests go through `Outside`, which connects to public addresses only. Documents are kept for an hour; keys
are fetched again for a key id that is not among them, at most once in ``KEYS_PAUSE_S``. After a failure no document is
asked for in ``FAILURE_PAUSE_S``, so that a provider that is away does not hold our requests.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote_plus, urlencode

from core.domain.identity.sign_in_providers import SignInProvider, is_usable_page
from core.errors import InputRejected, Unavailable
from core.infra.openid.faults import ProviderFault, SignInDeclined
from core.infra.openid.id_tokens import Key, TokenHeader, bad_token, pick_key, read_claims, read_header
from core.infra.openid.provider_documents import (
    MAX_KEYS,
    ForeignIdentity,
    KeySet,
    ListedEmail,
    Metadata,
    TokenAnswer,
    identity_of,
    primary_email,
    read_document,
)
from core.ports.outside import Outside, Response

CALL_S = 5.0
"""Time for one answer; a sign-in waits for three of them at most in a row, and the API answers within 20 s."""
KEPT_S = 3600.0
KEYS_PAUSE_S = 60.0
FAILURE_PAUSE_S = 5.0
MAX_ANSWER_BYTES = 256 * 1024
_AWAY = "The provider does not answer as it should: try again later, or sign in another way."
_JSON = {"Accept": "application/json"}
DocumentT = TypeVar("DocumentT")


class ProviderClient:
    """A provider's side of the sign-in."""

    def __init__(
        self,
        provider: SignInProvider,
        secret: str,
        outside: Outside,
        *,
        redirect_uri: str,
        monotonic: Callable[[], float],
        now_s: Callable[[], float],
    ) -> None:
        """``monotonic``: for what is kept; ``now_s``: Unix time, for tokens."""
        self.provider = provider
        self._secret, self._outside, self._redirect_uri = secret, outside, redirect_uri
        self._monotonic, self._now_s = monotonic, now_s
        self._turn = asyncio.Lock()
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, KeySet] | None = None
        self._keys_asked_at = float("-inf")
        self._failed_at = float("-inf")

    async def authorization_url(self, *, state: str, nonce: str, verifier: str) -> str:
        """The address of the provider's page. Raises ProviderFault."""
        metadata = await self._endpoints()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": " ".join(self.provider.scopes),
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        } | ({"nonce": nonce} if self.provider.is_openid else {})
        return f"{metadata.authorization_endpoint}?{urlencode(query)}"

    async def check_issuer(self, issuer: str | None) -> None:
        """Raise SignInDeclined where an answer names another issuer, or none where one is promised (RFC 9207)."""
        promised = (await self._endpoints()).authorization_response_iss_parameter_supported
        if issuer != self.provider.issuer and (issuer is not None or promised):
            raise SignInDeclined("The answer is of another provider than the one that was asked.")

    async def identify(self, code: str, *, verifier: str, nonce: str) -> ForeignIdentity:
        """Who a code was issued for. Raises ProviderFault, SignInDeclined."""
        metadata = await self._endpoints()
        answer = await self._exchange(metadata, code, verifier)
        if not self.provider.is_openid:
            return await self._ask_who(answer.access_token)
        header = read_header(answer.id_token)
        claims = read_claims(
            answer.id_token,
            await self._key(metadata, header),
            header,
            issuer=self.provider.issuer,
            client_id=self.provider.client_id,
            nonce=nonce,
            access_token=answer.access_token,
            now_s=self._now_s(),
        )
        if "email" in self.provider.scopes and "email" not in claims and metadata.userinfo_endpoint:
            claims = dict(claims) | await self._more_claims(metadata, answer.access_token, claims["sub"])
        return identity_of(self.provider.issuer, claims["sub"], claims)

    async def _more_claims(self, metadata: Metadata, access_token: str, subject: str) -> dict[str, Any]:
        claims = await self._get(metadata.userinfo_endpoint, dict[str, Any], "userinfo", access_token)
        if claims.get("sub") != subject:
            raise bad_token("the user's claims are of somebody else")
        return {name: claims[name] for name in ("email", "email_verified", "name") if name in claims}

    async def _ask_who(self, access_token: str) -> ForeignIdentity:
        """OAuth without OpenID: the identity is what the address of the user answers."""
        user = await self._get(self.provider.user_endpoint, dict[str, Any], "user", access_token)
        subject = user.get(self.provider.subject_field)
        if type(subject) not in (int, str) or not 0 < len(str(subject)) <= 255 or not str(subject).isprintable():
            raise ProviderFault(_AWAY, "user: no subject")
        claims: dict[str, Any] = {"name": user.get("name")}
        if self.provider.emails_endpoint:
            emails = await self._get(self.provider.emails_endpoint, list[ListedEmail], "emails", access_token)
            claims |= primary_email(emails)
        return identity_of(self.provider.issuer, str(subject), claims)

    async def _exchange(self, metadata: Metadata, code: str, verifier: str) -> TokenAnswer:
        """Tokens for a code (RFC 6749, 4.1.3; RFC 7636, 4.5)."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
        }
        headers = _JSON | {"Content-Type": "application/x-www-form-urlencoded"}
        if self._secret and "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            pair = f"{quote_plus(self.provider.client_id)}:{quote_plus(self._secret)}"
            headers |= {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        else:
            form |= {"client_id": self.provider.client_id}
            form |= {"client_secret": self._secret} if self._secret else {}
        answer = await self._ask("POST", metadata.token_endpoint, headers, urlencode(form).encode(), name="token")
        if answer.status not in (200, 400, 401):
            raise ProviderFault(_AWAY, f"token: status {answer.status}")
        tokens = read_document(answer.body, TokenAnswer, "token")
        if tokens.error in ("invalid_grant", "bad_verification_code"):  # the latter is GitHub's
            raise SignInDeclined("The provider's code counts no longer: begin the sign-in again.")
        if answer.status != 200 or tokens.error or not tokens.access_token or tokens.token_type.lower() != "bearer":
            error = tokens.error if tokens.error.isidentifier() and len(tokens.error) <= 40 else "no token"
            raise ProviderFault(_AWAY, f"token: status {answer.status}, {error}")
        return tokens

    async def _endpoints(self) -> Metadata:
        """Addresses of the provider, from its own document or the operator's. Raises ProviderFault."""
        provider = self.provider
        if not provider.is_openid:
            return Metadata(
                issuer=provider.issuer,
                authorization_endpoint=provider.authorization_endpoint,
                token_endpoint=provider.token_endpoint,
                token_endpoint_auth_methods_supported=("client_secret_post",),
            )
        async with self._turn:
            if self._metadata is None or self._metadata[0] <= self._monotonic():
                address = provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
                metadata = await self._document(address, Metadata, "discovery")
                if fault := metadata_fault(metadata, provider.issuer):
                    self._failed_at = self._monotonic()
                    raise ProviderFault(_AWAY, f"discovery: {fault}")
                self._metadata = (self._monotonic() + KEPT_S, metadata)
            return self._metadata[1]

    async def _key(self, metadata: Metadata, header: TokenHeader) -> Key:
        """The key that a token names; a set without it is fetched again, within limits. Raises ProviderFault."""
        async with self._turn:
            now = self._monotonic()
            key = pick_key(self._keys[1].keys, header) if self._keys is not None and self._keys[0] > now else None
            if key is None and now - self._keys_asked_at >= KEYS_PAUSE_S:
                key_set = await self._document(metadata.jwks_uri, KeySet, "keys")
                self._keys_asked_at = now
                if len(key_set.keys) > MAX_KEYS:
                    raise ProviderFault(_AWAY, "keys: too many")
                self._keys = (now + KEPT_S, key_set)
                key = pick_key(key_set.keys, header)
        if key is None:
            raise bad_token("its key is none of the provider's")
        return key

    async def _document(self, address: str, kind: type[DocumentT], name: str) -> DocumentT:
        """A document that is kept; after a failure none is asked for a while."""
        if self._monotonic() - self._failed_at < FAILURE_PAUSE_S:
            raise ProviderFault(_AWAY, f"{name}: it failed a moment ago")
        try:
            return await self._get(address, kind, name)
        except ProviderFault:
            self._failed_at = self._monotonic()
            raise

    async def _get(self, address: str, kind: type[DocumentT], name: str, access_token: str = "") -> DocumentT:
        headers = _JSON | ({"Authorization": f"Bearer {access_token}"} if access_token else {})
        answer = await self._ask("GET", address, headers, name=name)
        if answer.status != 200:
            raise ProviderFault(_AWAY, f"{name}: status {answer.status}")
        return read_document(answer.body, kind, name)

    async def _ask(
        self, method: str, address: str, headers: Mapping[str, str], body: bytes | None = None, *, name: str
    ) -> Response:
        if any(not " " <= letter <= "~" for value in headers.values() for letter in value):
            raise ProviderFault(_AWAY, f"{name}: a token that no header can carry")
        try:
            return await self._outside.exchange(
                method, address, headers, body, timeout_s=CALL_S, max_bytes=MAX_ANSWER_BYTES
            )
        except InputRejected as error:
            raise ProviderFault(_AWAY, f"{name}: {error.reason}") from None
        except Unavailable as error:
            raise ProviderFault(_AWAY, f"{name}: {error}") from None


def metadata_fault(metadata: Metadata, issuer: str) -> str | None:
    """Why a discovery document does not count; None where it does."""
    if metadata.issuer != issuer:
        return "it is of another issuer"
    pages = [metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri]
    pages += [metadata.userinfo_endpoint] if metadata.userinfo_endpoint else []
    return None if all(is_usable_page(page) for page in pages) else "an address is none of https without query"
