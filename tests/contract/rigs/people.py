"""People on the real API: read their mails from the rows, register them, sign them in."""

from __future__ import annotations

import itertools
import re
from typing import Any
from uuid import UUID, uuid4

import httpx2
import msgspec

from core.infra.key_ring import open_key_ring
from core.services.identity.mail_texts import MailMessage
from core.settings import Settings
from tests.contract.rigs.api_world import Tenant, World

PASSWORD = "correct horse battery"
_CODE = re.compile(r"\bcl[mi]_[A-Za-z0-9_-]{43}")
_addresses = itertools.count(1)


def new_email() -> str:
    return f"p{uuid4().hex[:12]}@example.org"


def visitor(world: World, token: str | None = None, **headers: str) -> httpx2.AsyncClient:
    """A client of an address of its own: tries are counted by address."""
    number = next(_addresses)
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=world.app, client=(address, 1)),
        base_url="http://api",
        headers=({"Authorization": f"Bearer {token}"} if token else {}) | headers,
        timeout=30,
    )


class SignedPerson(msgspec.Struct, kw_only=True):
    """Somebody who is signed in."""

    email: str
    user_id: UUID
    session: dict[str, Any]
    client: httpx2.AsyncClient


async def mails_to(world: World, settings: Settings, email: str) -> list[tuple[str, MailMessage]]:
    """Template and message of each mail to an address, oldest first."""
    ring = open_key_ring(settings)
    async with world.owner.transaction():
        await world.owner.execute("set local role clipstream_relay")
        rows = await world.owner.fetch("select template, sealed from mails order by created_at, tries")
    opened = [
        (row["template"], msgspec.json.decode(ring.open("mails", row["sealed"]), type=MailMessage)) for row in rows
    ]
    return [(template, message) for template, message in opened if message.to == email]


async def mailed_code(world: World, settings: Settings, email: str, template: str) -> str:
    """The code of the newest mail of a template."""
    texts = [message.text for kind, message in await mails_to(world, settings, email) if kind == template]
    found = _CODE.search(texts[-1])
    assert found is not None, texts[-1]
    return found[0]


async def invite(inviter: httpx2.AsyncClient, email: str, role: str) -> httpx2.Response:
    return await inviter.post("/v1/invitations", json={"email": email, "role": role})


async def join(
    world: World, settings: Settings, inviter: Tenant | SignedPerson, role: str, *, email: str | None = None
) -> SignedPerson:
    """Invite somebody new by a tenant's key, or by a person, and register them."""
    email = email or new_email()
    answer = await invite(inviter.client, email, role)
    assert answer.status_code == 201, answer.text
    code = await mailed_code(world, settings, email, "invitation")
    client = visitor(world)
    body = {"email": email, "password": PASSWORD, "name": "Eve", "invitation": code}
    answer = await client.post("/v1/auth/register", json=body)
    assert answer.status_code == 201, answer.text
    return await as_person(world, email, answer.json())


async def as_person(world: World, email: str, session: dict[str, Any]) -> SignedPerson:
    client = visitor(world, session["access_token"])
    user_id = UUID((await client.get("/v1/account")).json()["user_id"])
    return SignedPerson(email=email, user_id=user_id, session=session, client=client)


async def sign_in(world: World, email: str, password: str = PASSWORD) -> SignedPerson:
    answer = await visitor(world).post("/v1/auth/login", json={"email": email, "password": password})
    assert answer.status_code == 200, answer.text
    return await as_person(world, email, answer.json())
