"""What clients read first: where the endpoints of OAuth are, and what they take (RFC 8414, RFC 9728)."""

from __future__ import annotations

from typing import Literal

import msgspec

from api.http.dispatch import RESOURCE_METADATA
from api.http.operations import Call, Operation, Reply
from core.domain.oauth.authorization import METHOD
from core.domain.oauth.scopes import APP_SCOPES
from core.domain.oauth.token_requests import ClientMethod, GrantType
from schemas.access.permissions import AppScope

SERVER_METADATA = "/.well-known/oauth-authorization-server"
AUTHORIZE = "/oauth/authorize"
"""The page that asks a person."""
TOKEN, REVOKE, INTROSPECT = "/v1/oauth/token", "/v1/oauth/revoke", "/v1/oauth/introspect"
JWKS = "/.well-known/jwks.json"
DOCUMENTATION = "/docs"
_AGE = {"Cache-Control": "public, max-age=300"}


class ServerMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """Metadata of the authorisation server (RFC 8414)."""

    issuer: str
    """The API's public address: `iss` of tokens and of answers."""
    authorization_endpoint: str
    """The page that asks a person."""
    token_endpoint: str
    """Gives tokens."""
    revocation_endpoint: str
    """Ends what was granted."""
    introspection_endpoint: str
    """Says what a token counts for."""
    jwks_uri: str
    """The public keys of access tokens."""
    scopes_supported: list[AppScope]
    """What clients may ask for."""
    response_types_supported: list[Literal["code"]]
    """Always `code`."""
    response_modes_supported: list[Literal["query"]]
    """Always `query`."""
    grant_types_supported: list[GrantType]
    """What tokens are given for."""
    token_endpoint_auth_methods_supported: list[ClientMethod]
    """How clients authenticate."""
    revocation_endpoint_auth_methods_supported: list[ClientMethod]
    """How clients authenticate."""
    introspection_endpoint_auth_methods_supported: list[ClientMethod]
    """How clients authenticate."""
    code_challenge_methods_supported: list[Literal["S256"]]
    """Always `S256`: PKCE is needed."""
    authorization_response_iss_parameter_supported: bool
    """Answers to authorisation requests have `iss` (RFC 9207)."""
    service_documentation: str
    """Address of the API's reference."""


class ResourceMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """Metadata of the API as a protected resource (RFC 9728)."""

    resource: str
    """The API's public address: `aud` of its tokens."""
    authorization_servers: list[str]
    """Whose tokens it takes: its own."""
    jwks_uri: str
    """The public keys of access tokens."""
    scopes_supported: list[AppScope]
    """What clients may ask for."""
    bearer_methods_supported: list[Literal["header"]]
    """Always `header`."""
    resource_name: str
    """Name of the API, for people."""
    resource_documentation: str
    """Address of the API's reference."""


async def get_server_metadata(call: Call[None, None]) -> Reply:
    """Read where the endpoints of OAuth are, and what they take (RFC 8414)."""
    base = call.context.settings.public_address
    secret_methods: list[ClientMethod] = ["client_secret_basic", "client_secret_post"]
    body = ServerMetadata(
        issuer=base,
        authorization_endpoint=base + AUTHORIZE,
        token_endpoint=base + TOKEN,
        revocation_endpoint=base + REVOKE,
        introspection_endpoint=base + INTROSPECT,
        jwks_uri=base + JWKS,
        scopes_supported=list(APP_SCOPES),
        response_types_supported=["code"],
        response_modes_supported=["query"],
        grant_types_supported=["authorization_code", "refresh_token", "client_credentials"],
        token_endpoint_auth_methods_supported=[*secret_methods, "none"],
        revocation_endpoint_auth_methods_supported=[*secret_methods, "none"],
        introspection_endpoint_auth_methods_supported=secret_methods,
        code_challenge_methods_supported=[METHOD],
        authorization_response_iss_parameter_supported=True,
        service_documentation=base + DOCUMENTATION,
    )
    return Reply(body=body, headers=_AGE)


async def get_resource_metadata(call: Call[None, None]) -> Reply:
    """Read whose tokens the API takes (RFC 9728)."""
    base = call.context.settings.public_address
    body = ResourceMetadata(
        resource=base,
        authorization_servers=[base],
        jwks_uri=base + JWKS,
        scopes_supported=list(APP_SCOPES),
        bearer_methods_supported=["header"],
        resource_name="Clipstream",
        resource_documentation=base + DOCUMENTATION,
    )
    return Reply(body=body, headers=_AGE)


OPERATIONS = (
    Operation(
        method="GET",
        path=SERVER_METADATA,
        name="getOAuthServerMetadata",
        tag="oauth",
        permission="public",
        summary="Read where the endpoints of OAuth are",
        handler=get_server_metadata,
        response=ServerMetadata,
    ),
    Operation(
        method="GET",
        path=RESOURCE_METADATA,
        name="getOAuthResourceMetadata",
        tag="oauth",
        permission="public",
        summary="Read whose tokens the API takes",
        handler=get_resource_metadata,
        response=ResourceMetadata,
    ),
)
