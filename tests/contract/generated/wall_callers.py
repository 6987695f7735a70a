"""Who calls the operations: of each role a key, a service account's key, and a person by token and by cookies."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from typing import Literal, get_args
from uuid import UUID

import httpx2
import msgspec

from api.http.browsers.cookies import cookie_names, is_secure
from api.wiring import make_identity
from core.domain.identity.actors import Actor
from core.infra.key_ring import open_key_ring
from core.infra.postgres.connection import set_org, transaction
from core.infra.secrets import mint_api_key
from core.services.identity.identity_parts import IdentityParts, Visitor
from core.services.identity.sessions import begin_session
from core.settings import Settings
from core.storage.identity import memberships, people
from schemas.access.permissions import ROLES, Permission, Role, permissions_of_role
from tests.contract.rigs.api_world import World

Kind = Literal["key", "service_account", "token", "cookies"]
KINDS: tuple[Kind, ...] = get_args(Kind)
NO_SERVICE_ACCOUNTS: tuple[Role, ...] = ("owner", "operator")
"""Roles that no service account can have."""


class WallCaller(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with a role in an organisation."""

    role: Role
    kind: Kind
    permissions: frozenset[Permission]
    token: str
    """The key, or the access token."""
    client: httpx2.AsyncClient

    @property
    def is_person(self) -> bool:
        return self.kind in ("token", "cookies")


def kinds_of(role: Role) -> list[Kind]:
    """Kinds of callers that can have a role."""
    return [kind for kind in KINDS if kind != "service_account" or role not in NO_SERVICE_ACCOUNTS]


async def make_callers(
    world: World, settings: Settings, org_id: UUID, roles: Sequence[Role] = get_args(Role), *, operator: bool = False
) -> list[WallCaller]:
    """A caller of each role and kind; ``operator``: the organisation runs the installation."""
    identity = make_identity(settings, world.api, open_key_ring(settings))
    callers = []
    for role in roles:
        permissions = permissions_of_role(role, operator=operator)
        for kind in kinds_of(role):
            token = await _token(world, settings, identity, org_id, role, kind)
            client = _client(world, settings, kind, token)
            caller = WallCaller(role=role, kind=kind, permissions=permissions, token=token, client=client)
            callers.append(caller)
    return callers


async def _token(
    world: World, settings: Settings, identity: IdentityParts, org_id: UUID, role: Role, kind: Kind
) -> str:
    if kind in ("key", "service_account"):
        return await _key(world, settings, org_id, role, kind)
    return await _session(world, identity, org_id, role, cookies=kind == "cookies")


def _client(world: World, settings: Settings, kind: Kind, token: str) -> httpx2.AsyncClient:
    access_cookie, _ = cookie_names(secure=is_secure(settings))
    own_page = {"Origin": settings.public_address, "Clipstream-Client": "web"}
    browser = own_page | {"Cookie": f"{access_cookie}={token}"}
    headers = browser if kind == "cookies" else {"Authorization": f"Bearer {token}"}
    transport = httpx2.ASGITransport(app=world.app, client=("127.0.0.1", 40_000))
    return httpx2.AsyncClient(transport=transport, base_url="http://api", headers=headers, timeout=30)


async def _key(world: World, settings: Settings, org_id: UUID, role: Role, kind: Kind) -> str:
    """A key with the permissions of a role; a service account's has all scopes, and the account the role."""
    minted, account_id = mint_api_key(open_key_ring(settings).derive("api-keys")), None
    async with world.owner.transaction():
        await set_org(world.owner, org_id)
        if kind == "service_account":
            account_id = uuid.uuid4()
            await world.owner.execute(
                """insert into service_accounts (org_id, service_account_id, name, role, created_by)
                   values ($1, $2, $3, $3, $4)""",
                org_id, account_id, role, str(Actor(kind="user", id=uuid.uuid4())),
            )  # fmt: skip
        scopes = ["read", "write", "admin", *sorted(ROLES["owner"])] if account_id else sorted(ROLES[role])
        await world.owner.execute(
            """insert into api_keys (org_id, key_id, hash, last4, scopes, service_account_id)
               values ($1, $2, $3, $4, $5, $6)""",
            org_id, uuid.uuid4(), minted.hash, minted.last4, scopes, account_id,
        )  # fmt: skip
    return minted.plain


async def _session(world: World, identity: IdentityParts, org_id: UUID, role: Role, *, cookies: bool) -> str:
    """The access token of somebody new who just signed in."""
    user_id, visitor = uuid.uuid4(), Visitor(address="127.0.0.1", user_agent="walls", cookies=cookies)
    async with transaction(world.api) as rows:
        email = f"{user_id.hex}@example.org"
        await people.insert_person(rows, user_id, email=email, name="Eve", locale="en", password_hash="", verified=True)
        await set_org(rows, org_id)
        await memberships.write_membership(rows, org_id, user_id, role)
        tokens = await begin_session(identity, rows, user_id, visitor, ["password"], org_id)
    return tokens.access_token


def sample_callers(callers: Sequence[WallCaller], name: str, *, seed: int, whole: bool) -> list[WallCaller]:
    """Who calls an operation: all of them, or one of each role, chosen by seed and the operation's name."""
    if whole:
        return list(callers)
    dice = random.Random(f"{seed}/{name}")
    roles = list(dict.fromkeys(caller.role for caller in callers))
    return [dice.choice([caller for caller in callers if caller.role == role]) for role in roles]
