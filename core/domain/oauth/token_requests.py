"""Requests to the token endpoint: which client, which grant, and the proof of a code (RFC 7636)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from typing import Literal
from urllib.parse import unquote_plus
from uuid import UUID

from core.domain.oauth.errors import OAuthError
from core.domain.oauth.parameters import Parameters
from schemas.common import Value

ClientMethod = Literal["client_secret_basic", "client_secret_post", "none"]
GrantType = Literal["authorization_code", "refresh_token", "client_credentials"]
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class ClientCredentials(Value, frozen=True, kw_only=True):
    """What a client says it is, and how it proves that."""

    client_id: UUID
    secret: str | None
    method: ClientMethod


def read_client(authorization: str | None, form: Parameters) -> ClientCredentials:
    """The client of a request, by one of three methods (RFC 6749, 2.3.1). Raises OAuthError."""
    if authorization is not None:
        name, basic_secret = _read_basic(authorization)
        if "client_secret" in form or form.get("client_id", name) != name:
            raise OAuthError("invalid_request", "The client authenticates in one way only.")
        return ClientCredentials(client_id=_client_id(name), secret=basic_secret, method="client_secret_basic")
    secret = form.get("client_secret")
    method: ClientMethod = "none" if secret is None else "client_secret_post"
    return ClientCredentials(client_id=_client_id(form.get("client_id", "")), secret=secret, method=method)


def _read_basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    try:
        if scheme.lower() != "basic":
            raise ValueError
        name, separator, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
        if not separator:
            raise ValueError
    except (ValueError, binascii.Error):
        raise OAuthError("invalid_client", "The Authorization header is not Basic with an id and a secret.") from None
    return unquote_plus(name), unquote_plus(secret)


def _client_id(text: str) -> UUID:
    try:
        client_id = UUID(text)
    except ValueError:
        client_id = None
    if client_id is None or str(client_id) != text:
        raise OAuthError("invalid_client", "There is no such client.")
    return client_id


def read_grant_type(form: Parameters) -> GrantType:
    """Which grant a request is for. Raises OAuthError."""
    match form.get("grant_type"):
        case None:
            raise OAuthError("invalid_request", "The parameter grant_type is missing.")
        case "authorization_code" | "refresh_token" | "client_credentials" as grant_type:
            return grant_type
    detail = "The grant_type is authorization_code, refresh_token or client_credentials."
    raise OAuthError("unsupported_grant_type", detail)


def required(form: Parameters, name: str) -> str:
    """A parameter that must be there. Raises OAuthError."""
    if name not in form:
        raise OAuthError("invalid_request", f"The parameter {name} is missing.")
    return form[name]


def proves(verifier: str, challenge: str) -> bool:
    """Whether a code verifier is the one of a challenge (S256)."""
    if not VERIFIER.fullmatch(verifier):
        return False
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return hmac.compare_digest(digest, challenge)
