"""Requests for an authorisation code with PKCE, and their answers (RFC 6749, 4.1; RFC 7636; RFC 9207)."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal
from uuid import UUID

from core.domain.oauth.errors import OAuthError
from core.domain.oauth.parameters import Parameters, unique
from core.domain.oauth.redirect_uris import add_parameters, matches_redirect_uri
from core.domain.oauth.scopes import read_scopes
from schemas.common import Value

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
"""SHA-256 in base64url."""
METHOD: Literal["S256"] = "S256"


class Destination(Value, frozen=True, kw_only=True):
    """Where the answer goes. Only its client and its exact URI make it safe to redirect there."""

    client_id: UUID
    redirect_uri: str
    state: str | None
    """As the client sent it."""


class AuthorizationRequest(Value, frozen=True, kw_only=True):
    """What a client asks a person for."""

    destination: Destination
    scopes: list[str]
    challenge: str
    """SHA-256 of the verifier that the client will show."""


def read_client_id(pairs: list[tuple[str, str]]) -> UUID:
    """The client of a request.

    Raises OAuthError, for the person: there is nowhere to redirect to.
    """
    try:
        (text,) = (value for name, value in pairs if name == "client_id")
        client_id = UUID(text)
        if str(client_id) != text:
            raise ValueError
    except ValueError:
        raise OAuthError("invalid_request", "The request names no client.") from None
    return client_id


def read_destination(pairs: list[tuple[str, str]], client_id: UUID, registered: Collection[str]) -> Destination:
    """Where the answer goes. Raises OAuthError, for the person."""
    uris = [value for name, value in pairs if name == "redirect_uri"]
    if len(uris) != 1:
        raise OAuthError("invalid_request", "The request does not say where to return to.")
    if not matches_redirect_uri(uris[0], registered):
        raise OAuthError("invalid_request", "The app did not register the address to return to.")
    states = [value for name, value in pairs if name == "state"]
    return Destination(client_id=client_id, redirect_uri=uris[0], state=states[0] if len(states) == 1 else None)


def read_authorization(
    pairs: list[tuple[str, str]], destination: Destination, allowed: Collection[str], *, audience: str
) -> AuthorizationRequest:
    """The whole request. Raises OAuthError, for the client.

    ``allowed``: scopes of the client; ``audience``: the API's address, the only resource there is (RFC 8707).
    """
    parameters = unique(pairs)
    for name in ("request", "request_uri"):
        if name in parameters:
            raise OAuthError("invalid_request", f"The parameter {name} is not taken.")
    if parameters.get("response_type") != "code":
        raise OAuthError("unsupported_response_type", "The response_type must be code.")
    if parameters.get("response_mode", "query") != "query":
        raise OAuthError("invalid_request", "The response_mode must be query.")
    check_resource(parameters, audience)
    challenge = parameters.get("code_challenge", "")
    if parameters.get("code_challenge_method") != METHOD or not CHALLENGE.fullmatch(challenge):
        detail = "PKCE is needed: code_challenge_method S256, and a code_challenge of 43 characters."
        raise OAuthError("invalid_request", detail)
    scopes = read_scopes(parameters.get("scope"), allowed)
    return AuthorizationRequest(destination=destination, scopes=scopes, challenge=challenge)


def check_resource(parameters: Parameters, audience: str) -> None:
    """Raise OAuthError where tokens are asked for another resource than this API (RFC 8707)."""
    if parameters.get("resource", audience).rstrip("/") != audience:
        raise OAuthError("invalid_target", f"Tokens are for the resource {audience} only.")


def code_answer(destination: Destination, code: str, issuer: str) -> str:
    """Where to send a browser with a code; ``iss`` says whose it is (RFC 9207)."""
    return add_parameters(destination.redirect_uri, {"code": code, "state": destination.state, "iss": issuer})


def error_answer(destination: Destination, error: OAuthError, issuer: str) -> str:
    """Where to send a browser with an error."""
    parameters: dict[str, str | None] = {"error": error.code, "error_description": error.detail}
    return add_parameters(destination.redirect_uri, parameters | {"state": destination.state, "iss": issuer})
