"""What requests and answers about OAuth clients hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.problems.problem_details import FieldError
from core.domain.identity.actors import Actor, parse_actor
from core.domain.oauth.redirect_uris import redirect_uri_fault
from core.domain.oauth.scopes import APP_SCOPES, name_fault
from core.infra.postgres.connection import Row
from schemas.access.permissions import AppScope

MAX_REDIRECT_URIS = 20
MAX_OVERLAP_HOURS = 168
ClientName = Annotated[str, Meta(min_length=1, max_length=100)]
Homepage = Annotated[str, Meta(max_length=300, pattern=r'^(https://[^\s"<>\\]+)?$')]
RedirectUris = Annotated[list[Annotated[str, Meta(min_length=1, max_length=2000)]], Meta(max_length=MAX_REDIRECT_URIS)]
Scopes = Annotated[list[AppScope], Meta(min_length=1, max_length=len(APP_SCOPES))]


class CreateClient(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A client to register."""

    name: ClientName
    """Name of the app, as people read it when it asks them."""
    kind: Literal["confidential", "public"]
    """`confidential`: it keeps a secret, as a server can; `public`: it cannot, as an app on somebody's device."""
    scopes: Scopes
    """What it may ask for at most."""
    redirect_uris: RedirectUris = []
    """Where people return to, to the character; none: the client asks no person. The port of `http://127.0.0.1` and
    `http://[::1]` may differ."""
    service_account_id: UUID | None = None
    """The service account that a confidential client calls as for itself; null: it does not call for itself."""
    homepage: Homepage = ""
    """Address of the app's pages, for people."""


class ChangeClient(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parts to change; a part that is left out stays."""

    name: ClientName | UnsetType = UNSET
    """Name of the app, as people read it when it asks them."""
    scopes: Scopes | UnsetType = UNSET
    """What it may ask for at most; grants of before lose what is not in it within 5 s."""
    redirect_uris: RedirectUris | UnsetType = UNSET
    """Where people return to, to the character; none: the client asks no person."""
    service_account_id: UUID | UnsetType | None = UNSET
    """The service account that a confidential client calls as for itself; null: it does not call for itself."""
    homepage: Homepage | UnsetType = UNSET
    """Address of the app's pages, for people."""


class RotateClientSecret(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a client's secret is replaced."""

    overlap_hours: Annotated[int, Meta(ge=0, le=MAX_OVERLAP_HOURS)] = 24
    """Hours for which the old secret and the new one both count; 0: the old one ends at once."""


class ListClients(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Page of a list of clients."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, Meta(max_length=500)] | None = None


class OAuthClient(msgspec.Struct, frozen=True, kw_only=True):
    """A program that may ask for tokens."""

    client_id: UUID
    """Id of the client: public, as OAuth has it."""
    name: str
    """Name of the app, as people read it when it asks them."""
    kind: Literal["confidential", "public"]
    """Whether it keeps a secret."""
    scopes: list[AppScope]
    """What it may ask for at most."""
    redirect_uris: list[str]
    """Where people return to; none: the client asks no person."""
    service_account_id: UUID | None
    """The service account that it calls as for itself; null: it does not."""
    homepage: str
    """Address of the app's pages; empty: none."""
    secret_last4: str | None
    """The last four characters of the newest secret; null: a public client."""
    created_at: dt.datetime
    created_by: Actor
    """Who registered it."""


class NewOAuthClient(OAuthClient, frozen=True, kw_only=True):
    """A client with its new secret, which is shown this once."""

    client_secret: str | None
    """The secret; null: a public client."""


class OAuthClientPage(msgspec.Struct, frozen=True, kw_only=True):
    """Clients, newest first. ``next_cursor`` is absent on the last page."""

    items: list[OAuthClient]
    next_cursor: str | None = None


def check_new_client(body: CreateClient) -> list[FieldError]:
    """Rules of a new client that types cannot state."""
    public = body.kind == "public"
    errors = uri_errors(body.redirect_uris, public=public)
    if fault := name_fault(body.name):
        errors.append(FieldError(pointer="/name", detail=fault))
    if public and body.service_account_id is not None:
        errors.append(FieldError(pointer="/service_account_id", detail="A public client cannot call for itself."))
    if not body.redirect_uris and body.service_account_id is None:
        detail = "Name a redirect URI, or the service account that the client calls as."
        errors.append(FieldError(pointer="/redirect_uris", detail=detail))
    return errors


def uri_errors(uris: Sequence[str], *, public: bool) -> list[FieldError]:
    """What is wrong with redirect URIs."""
    faults = [(number, redirect_uri_fault(uri, public=public)) for number, uri in enumerate(uris)]
    return [FieldError(pointer=f"/redirect_uris/{number}", detail=fault) for number, fault in faults if fault]


def client_fields(row: Row) -> dict[str, Any]:
    """Fields of a client's answer, by its row."""
    fields = {name: row[name] for name in OAuthClient.__struct_fields__ if name not in ("kind", "created_by")}
    kind = "confidential" if row["confidential"] else "public"
    return fields | {"kind": kind, "created_by": parse_actor(row["created_by"])}
