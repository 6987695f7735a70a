"""A member of an organisation with one of each thing that belongs to a person, for requests that name foreign ids."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from uuid import UUID

from api.wiring import make_identity
from core.infra.key_ring import open_key_ring
from core.infra.postgres.connection import Connection, org_transaction, set_org, transaction
from core.services.identity.identity_parts import Visitor
from core.services.identity.sessions import begin_session
from core.settings import Settings
from core.storage.identity import linked_identities, memberships, people, second_factors
from core.storage.notifications import recipients
from core.storage.oauth.grants import insert_grant
from schemas.access.permissions import Role
from tests.contract.rigs.api_world import World

GRANT_LIFE = dt.timedelta(days=1)
VISITOR = Visitor(address="127.0.0.1", user_agent="generated")


async def make_member(connection: Connection, org_id: UUID, role: Role = "viewer") -> UUID:
    """Somebody with a role in an organisation; the rest of the transaction sees their rows."""
    user_id = uuid.uuid4()
    email = f"{user_id.hex}@example.org"
    await people.insert_person(
        connection, user_id, email=email, name="Member", locale="en", password_hash="", verified=True
    )
    await set_org(connection, org_id)
    await memberships.write_membership(connection, org_id, user_id, role)
    return user_id


async def make_spare_members(world: World, org_id: UUID, count: int) -> list[str]:
    """Members who have nothing of their own."""
    made = []
    for _ in range(count):
        async with transaction(world.api) as rows:
            made.append(str(await make_member(rows, org_id)))
    return made


async def make_person_ids(world: World, settings: Settings, org_id: UUID, client_id: UUID) -> dict[str, list[str]]:
    """The id of a member, and of what only they have, by path parameter; ``client_id``: an app of the organisation."""
    identity = make_identity(settings, world.api, open_key_ring(settings))
    passkey_id, identity_id, subscription_id, grant_id = (uuid.uuid4() for _ in range(4))
    async with transaction(world.api) as rows:
        user_id = await make_member(rows, org_id)
        session = await begin_session(identity, rows, user_id, VISITOR, ["password"], org_id)
        await second_factors.insert_passkey(
            rows, user_id, passkey_id, credential_id=passkey_id.bytes, public_key=b"key", sign_count=0, name="Laptop",
            backed_up=False,
        )  # fmt: skip
        await linked_identities.insert_identity(
            rows, user_id, identity_id, issuer="https://id.example", subject=str(user_id), provider="example",
            email="member@id.example",
        )  # fmt: skip
        await recipients.register_subscription(
            rows, subscription_id, user_id, session.session_id, endpoint_hash=subscription_id.bytes,
            host="push.example", sealed=b"sealed", label="Browser",
        )  # fmt: skip
        await insert_grant(
            rows, org_id, grant_id, client=(org_id, client_id), scopes=["projects:read"], life=GRANT_LIFE,
            user_id=user_id,
        )  # fmt: skip
    made: Mapping[str, UUID] = {
        "user_id": user_id, "session_id": session.session_id, "passkey_id": passkey_id, "identity_id": identity_id,
        "subscription_id": subscription_id, "grant_id": grant_id,
    }  # fmt: skip
    return {name: [str(one)] for name, one in made.items()}


async def make_organisations(world: World, count: int) -> list[str]:
    """Organisations in which nobody is."""
    made = [uuid.uuid4() for _ in range(count)]
    async with world.owner.transaction():
        for org_id in made:
            await set_org(world.owner, org_id)
            await world.owner.execute("insert into orgs (org_id, name) values ($1, 'Third')", org_id)
    return [str(org_id) for org_id in made]


OF_PERSONS = {
    "session_id": "sessions", "passkey_id": "passkeys", "identity_id": "linked_identities",
    "subscription_id": "push_subscriptions",
}  # fmt: skip
"""Tables whose rows their person alone sees, by path parameter."""


async def read_rows(
    world: World, org_id: UUID, tables: Mapping[str, str], ids: Mapping[str, list[str]]
) -> dict[str, list[str]]:
    """Every row of the ids as text, by path parameter: two readings differ where somebody wrote in between."""
    read = {}
    async with org_transaction(world.api, org_id) as rows:
        await rows.execute("select set_config('app.user', $1, true)", ids["user_id"][0])
        for name, table in {**tables, **OF_PERSONS}.items():
            found = await rows.fetch(
                f"select t::text as whole from {table} t where {name} = any($1::uuid[]) order by {name}", ids[name]
            )
            read[name] = [row["whole"] for row in found]
    return read
