"""What requests and answers about API keys hold, and the networks that a key may be used from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.problems.problem_details import ApiProblem, FieldError
from core.domain.identity.actors import Actor, parse_actor
from core.infra.postgres.connection import Row
from schemas.access.permissions import SCOPES, Scope

MAX_ADDRESSES = 50
MAX_OVERLAP_HOURS = 168
MAPPED_IPV4 = IPv6Network("::ffff:0:0/96")
KeyName = Annotated[str, Meta(min_length=1, max_length=100)]
Addresses = Annotated[list[Annotated[str, Meta(min_length=2, max_length=50)]], Meta(max_length=MAX_ADDRESSES)]
KeyState = Literal["active", "expired", "revoked"]


class CreateKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key to make, with nothing that the caller may not do."""

    name: KeyName
    """Name of the key, for people."""
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=len(SCOPES))]
    """What it may do: single permissions, or `read`, `write` and `admin`."""
    expires_at: Annotated[dt.datetime, Meta(tz=True)] | None = None
    """When it ends by itself; null: never."""
    allowed_addresses: Addresses = []
    """Networks that it may be used from, as CIDR; none: from anywhere."""
    test: bool = False
    """Whether its projects and exports are drafts with a mark over the picture that are never billed."""
    service_account_id: UUID | None = None
    """The service account that calls with it; null: the key calls for itself."""


class ChangeKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parts to change; a part that is left out stays."""

    name: KeyName | UnsetType = UNSET
    """Name of the key, for people."""
    expires_at: Annotated[dt.datetime, Meta(tz=True)] | UnsetType | None = UNSET
    """When it ends by itself; null: never."""
    allowed_addresses: Addresses | UnsetType | None = UNSET
    """Networks that it may be used from, as CIDR; none, or null: from anywhere."""


class RotateKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a key is replaced."""

    overlap_hours: Annotated[int, Meta(ge=0, le=MAX_OVERLAP_HOURS)] = 24
    """Hours for which the old key and the new one both work; 0: the old one ends at once."""


class ListKeys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Filters and page of a list of keys."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, Meta(max_length=500)] | None = None
    state: KeyState | None = None
    """Only keys in this state."""
    service_account_id: UUID | None = None
    """Only keys of this service account."""


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """An API key, without the key itself."""

    key_id: UUID
    name: str
    """Name of the key, for people."""
    last4: str
    """Last four characters of the key."""
    scopes: list[str]
    """Scopes of the key."""
    test: bool
    """Whether what it makes are drafts with a mark over the picture that are not billed."""
    state: KeyState
    """Whether it can be used, and if not, why."""
    created_at: dt.datetime
    created_by: Actor
    """Who made it."""
    expires_at: dt.datetime | None
    """When it ends by itself; null: never."""
    revoked_at: dt.datetime | None
    """When it was revoked; null: it was not."""
    last_used_at: dt.datetime | None
    """When it was last used, to about a minute; null: never."""
    allowed_addresses: list[str]
    """Networks that it may be used from, as CIDR; none: from anywhere."""
    service_account_id: UUID | None
    """The service account that calls with it; null: the key calls for itself."""
    replaces: UUID | None
    """The key that it was rotated from; null: none."""


class NewKey(ApiKey, frozen=True, kw_only=True):
    """A key with its plain text, shown this once."""

    key: str
    """The key itself (`clp_live_…`, `clp_test_…`), shown this once."""


class KeyPage(msgspec.Struct, frozen=True, kw_only=True):
    """Keys, newest first. ``next_cursor`` is absent on the last page."""

    items: list[ApiKey]
    next_cursor: str | None = None


def parse_networks(texts: Sequence[str]) -> list[IPv4Network | IPv6Network]:
    """Networks of CIDR texts; IPv4 inside of IPv6 becomes IPv4. Raises a 422 that names every wrong one."""
    networks: dict[IPv4Network | IPv6Network, None] = {}
    errors = []
    for at, text in enumerate(texts):
        try:
            networks[_plain_network(ip_network(text))] = None
        except ValueError:
            detail = "It must be an address or a network as CIDR, such as 192.0.2.0/24 or 2001:db8::/32."
            errors.append(FieldError(pointer=f"/allowed_addresses/{at}", detail=detail))
    if errors:
        detail = errors[0].detail if len(errors) == 1 else f"{len(errors)} of the networks are none."
        raise ApiProblem("invalid", detail, errors=errors)
    return list(networks)


def _plain_network(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    if isinstance(network, IPv6Network) and network.subnet_of(MAPPED_IPV4):
        number = int(network.network_address) - int(MAPPED_IPV4.network_address)
        return IPv4Network((number, network.prefixlen - MAPPED_IPV4.prefixlen))
    return network


def address_errors(request: CreateKey | ChangeKey) -> list[FieldError]:
    """Errors of the networks of a request."""
    try:
        parse_networks(request.allowed_addresses or [])
    except ApiProblem as problem:
        return problem.errors
    return []


def key_fields(row: Row, now: dt.datetime) -> dict[str, Any]:
    """The fields of a key in an answer, from its row."""
    derived = {"created_by", "allowed_addresses", "state"}
    fields = {name: row[name] for name in ApiKey.__struct_fields__ if name not in derived}
    state = "revoked" if row["revoked_at"] else "expired" if is_over(row, now) else "active"
    addresses = [str(network) for network in row["allowed_addresses"]]
    return fields | {"created_by": parse_actor(row["created_by"]), "allowed_addresses": addresses, "state": state}


def is_over(row: Row, now: dt.datetime) -> bool:
    """Whether a key has expired."""
    return row["expires_at"] is not None and row["expires_at"] <= now
