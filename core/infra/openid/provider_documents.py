"""Documents that providers answer with: of which fields we believe what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from core.infra.openid.faults import ProviderFault
from schemas.common import Value

MAX_KEYS = 100
MAX_EMAILS = 100
DocumentT = TypeVar("DocumentT")


class Metadata(msgspec.Struct, frozen=True):
    """The discovery document (OpenID Connect Discovery 1.0, section 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str = ""
    userinfo_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class KeySet(msgspec.Struct, frozen=True):
    """Public keys (RFC 7517)."""

    keys: list[dict[str, Any]]


class TokenAnswer(msgspec.Struct, frozen=True):
    """What a code was exchanged for (RFC 6749, 5.1), or the error that came in its place."""

    access_token: str = ""
    token_type: str = ""
    id_token: str = ""
    error: str = ""


class ListedEmail(msgspec.Struct, frozen=True):
    """One mail address of a person, as GitHub lists them."""

    email: str
    primary: bool = False
    verified: bool = False


class ForeignIdentity(Value, frozen=True, kw_only=True):
    """Who signed in at a provider.

    Issuer and subject are the identity, the rest is what the provider says of it.
    """

    issuer: str
    subject: str
    email: str = ""
    email_verified: bool = False
    name: str = ""


def read_document(body: bytes, kind: type[DocumentT], name: str) -> DocumentT:
    """A document of a provider. Raises ProviderFault."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ProviderFault("The provider's answer cannot be read.", f"{name}: no such document") from None


def identity_of(issuer: str, subject: str, claims: Mapping[str, Any]) -> ForeignIdentity:
    """An identity with what claims say of it; what is of another type than it should be is left out."""
    email, name = claims.get("email"), claims.get("name")
    usable = isinstance(email, str) and is_mail_address(email)
    return ForeignIdentity(
        issuer=issuer,
        subject=subject,
        email=str(email) if usable else "",
        email_verified=usable and claims.get("email_verified") is True,
        name=" ".join(name.split())[:100] if isinstance(name, str) and name.isprintable() else "",
    )


def is_mail_address(text: str) -> bool:
    """Whether an account may have an address: of printable ASCII, with one ``@`` and a domain."""
    local, at, domain = text.partition("@")
    plain = all("!" <= letter <= "~" and letter not in '<>,;:"\\' for letter in text)
    return plain and bool(local and at) and "@" not in domain and "." in domain.strip(".") and 6 <= len(text) <= 254


def primary_email(listed: Sequence[ListedEmail]) -> Mapping[str, Any]:
    """The claims of the primary address of a list."""
    primary = next((entry for entry in listed[:MAX_EMAILS] if entry.primary), None)
    return {"email": primary.email, "email_verified": primary.verified} if primary is not None else {}
