"""An organisation full of canary strings on a real Postgres and object store, and what erases and archives it."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import msgspec

from core.domain.identity.data_rules import DataRules
from core.infra.key_ring import open_key_ring
from core.infra.postgres.connection import create_pool, org_transaction, transaction
from core.infra.s3.object_store import S3Objects
from core.infra.stripe.client import StripePayments
from core.services.organisation.archives import ArchiveParts
from core.services.organisation.organisation_erasure import ErasureParts, erase_next_organisation
from core.settings import Settings
from core.storage.billing.billing_accounts import add_account
from local.standins.stripe.app import StripeHttp, make_app
from local.standins.stripe.books import Books
from local.standins.stripe.misbehaviour import Misbehaviour
from schemas.common import ObjectRef
from tests.contract.payments.rig import GOOD, KEY, RULES, VirtualClock, no_answer, no_pause
from tests.contract.rigs.api_world import Tenant, World, client_of, new_clip, open_store, open_world
from tests.contract.rigs.people import SignedPerson, invite, join
from tests.contract.rigs.postgres import PASSWORD
from tests.contract.rigs.servers import Server

BUCKET = "organisation-data"


def forms_of(canary: str) -> list[str]:
    """A string as text, and as dumps show its bytes: in hexadecimal, and in base64 at each of three places."""
    raw = canary.encode()
    shifted = [base64.b64encode(bytes(shift) + raw).decode()[4:-4] for shift in range(3)]
    return [canary, raw.hex(), *shifted]


class Canaries(msgspec.Struct, frozen=True, kw_only=True):
    """What is searched for: words of an organisation, and secrets that nothing may ever show."""

    words: str
    secrets: list[str]


class Rig(msgspec.Struct, kw_only=True):
    """The world, its stores, and what works in the background."""

    world: World
    settings: Settings
    erasure: ErasureParts
    archives: ArchiveParts
    books: Books
    objects: S3Objects

    async def dump(self) -> dict[str, str]:
        """Each table as text."""
        names = await self.world.owner.fetch("select tablename from pg_tables where schemaname = 'public'")
        return {
            row["tablename"]: "\n".join(
                str(line[0]) for line in await self.world.owner.fetch(f'select t::text from "{row["tablename"]}" t')
            )
            for row in names
        }

    async def tables_with(self, canary: str) -> set[str]:
        """Tables with a row that shows a string, in any form."""
        dumped = await self.dump()
        return {table for table, text in dumped.items() if any(form in text for form in forms_of(canary))}

    async def objects_with(self, canary: str, prefix: str = "") -> list[str]:
        """Keys of objects that hold a string, or are named after it."""
        found = []
        for item in await self.objects.list_prefix(prefix, limit=None):
            body = await self.objects.read_range(item.key, 0, item.size)
            if canary.encode() in body or canary in item.key:
                found.append(item.key)
        return found

    async def run_rounds(self) -> None:
        """Everything that is due now of the erasure, with no pause between its rounds."""
        while True:
            async with transaction(self.erasure.relay) as rows:
                sent = "published_at is null and not waits and due_at <= now()"
                await rows.execute(f"update outbox set published_at = now() where {sent}")
                await rows.execute("update organisation_erasures set next_at = now() where next_at is not null")
            if not await erase_next_organisation(self.erasure):
                return

    async def fill(self, tenant: Tenant, canaries: Canaries) -> tuple[SignedPerson, SignedPerson]:
        """Put the canaries wherever the API and the stages take words; returns the owner and an editor."""
        words, client = canaries.words, tenant.client
        owner = await join(self.world, self.settings, tenant, "owner", email=f"owner.{words}@example.org")
        editor = await join(self.world, self.settings, owner, "editor", email=f"editor.{words}@example.org")
        await owner.client.patch("/v1/account", json={"name": words})
        await owner.client.patch("/v1/organisation", json={"name": words})
        await invite(owner.client, f"guest.{words}@example.org", "viewer")
        agent = client_of(self.world.app, tenant.key, **{"User-Agent": words})
        key = await self._post(agent, "/v1/keys", {"name": words, "scopes": ["read"]})
        canaries.secrets.append(key["key"])
        await self._post(client, "/v1/service-accounts", {"name": words, "role": "viewer"})
        hook = {"url": f"https://{words}.example/hook", "events": ["*"], "description": words}
        endpoint = await self._post(client, "/v1/webhooks/endpoints", hook)
        canaries.secrets.append(endpoint["secret"])
        await self._post(client, f"/v1/webhooks/endpoints/{endpoint['endpoint_id']}/rotate-secret", {})
        await self._post(client, f"/v1/webhooks/endpoints/{endpoint['endpoint_id']}/test", {})
        await self._post(client, "/v1/brand-kits", {"name": words})
        await self._post(client, "/v1/project-presets", {"name": words, "options": {}})
        upload = {"filename": f"{words}.mp4", "content_type": "video/mp4", "size_bytes": 9}
        await self._post(client, "/v1/uploads/sign", upload)
        made = await self._post(
            client,
            "/v1/projects",
            {
                "source_url": f"https://video.example/{words}.mp4",
                "title": words,
                "metadata": {"note": words},
                "tags": [words],
            },
            **{"Idempotency-Key": str(uuid4())},
        )
        project_id = UUID(made["project_id"])
        await self._fill_results(tenant, project_id, words)
        return owner, editor

    async def _post(
        self, client: httpx2.AsyncClient, path: str, body: dict[str, Any], **headers: str
    ) -> dict[str, Any]:
        answer = await client.post(path, json=body, headers=headers)
        assert answer.status_code < 300, (path, answer.text)
        read: dict[str, Any] = answer.json()
        return read

    async def _fill_results(self, tenant: Tenant, project_id: UUID, words: str) -> None:
        """Rows and objects that stages write."""
        org_id, body = tenant.org_id, json.dumps({"said": words}).encode()
        clip_id = await new_clip(self.world, tenant, project_id)
        prefix = f"{org_id}/{project_id}/transcript/{uuid4()}"
        reference = await self.objects.put(prefix, body, "application/json", ".json")
        video = await self.objects.put(f"{org_id}/{project_id}/exports/{uuid4()}", body * 3, "video/mp4", ".mp4")
        await self.objects.put(f"{org_id}/assets/{uuid4()}", body * 2, "image/png", ".png")
        owner = self.world.owner
        async with owner.transaction():
            await owner.execute("select set_config('app.org', $1, true)", str(org_id))
            for table, values in _rows(org_id, project_id, clip_id, reference, video, words).items():
                columns = ", ".join(f'"{name}"' for name in values)
                places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
                await owner.execute(f"insert into {table} ({columns}) values ({places})", *values.values())
            await owner.execute("update clips set title = $2, hook = $2 where clip_id = $1", clip_id, words)
        async with org_transaction(self.world.api, org_id) as rows:
            customer = self.books.create_customer({"metadata[org_id]": str(org_id)})["id"]
            await add_account(rows, org_id, customer)


def _rows(
    org_id: UUID, project_id: UUID, clip_id: UUID, transcript: ObjectRef, video: ObjectRef, words: str
) -> dict[str, dict[str, Any]]:
    of_project: dict[str, Any] = {"org_id": org_id, "project_id": project_id}
    raw = words.encode()
    text = json.dumps({"said": words})
    encoded = {
        name: msgspec.json.encode(value).decode() for name, value in (("t", transcript), ("v", {"video": video}))
    }
    return {
        "transcripts": of_project | {"version": 1, "object": encoded["t"], "language": "en", "word_count": 1},
        "transcript_edits": of_project | {
            "version": 1, "base_version": 0, "actor": "key:x", "note": words, "changes": text,
        },
        "subjects": of_project | {
            "kind": "person", "key": words, "name": words, "mention_count": 1, "seconds": "[]", "plain": words,
        },
        "exports": of_project | {
            "export_id": uuid4(), "clip_id": clip_id, "ordinal": 0, "number": 0, "aspect": "9:16", "captions": True,
            "start_ms": 0, "end_ms": 1, "automatic": True, "state": "done", "title": words, "metadata": text,
            "files": encoded["v"],
        },
        "attempts": {
            "org_id": org_id, "input_id": uuid4(), "stage": "ingest", "project_id": project_id, "state": "done",
            "fence": 1, "tries": 1, "topic": "uploads.v1", "key": "k", "partition": 0, "headers": text, "payload": raw,
        },
        "outbox": {
            "org_id": org_id, "event_id": uuid4(), "project_id": project_id, "topic": "uploads.v1", "key": "k",
            "partition": 0, "headers": text, "payload": raw,
            "due_at": dt.datetime.now(dt.UTC) + dt.timedelta(hours=1),
        },
        "dead_letters": {
            "dead_id": uuid4(), "org_id": org_id, "project_id": uuid4(), "topic": "assets.v1", "partition": 0,
            "offset": 1, "stage": "ingest", "reason": "bug", "detail": words, "headers": text, "payload": raw,
        },
        "upload_refusals": {
            "refusal_id": uuid4(), "org_id": org_id, "key_id": "k", "signed": True, "reason": "x", "detail": words,
            "partition": 0, "offset": 1,
        },
        "request_log": {
            "org_id": org_id, "entry_id": uuid4(), "created_at": dt.datetime.now(dt.UTC), "method": "GET",
            "route": "/v1/me", "status": 200, "took_ms": 1.0, "request_id": words, "actor": "key:x", "address": words,
        },
        "score_weights": {"org_id": org_id, "version": 1, "weights": text, "actor": "key:x"},
        "usage_entries": {
            "org_id": org_id, "entry_id": uuid4(), "kind": "exports", "quantity": 1, "project_id": project_id,
            "at": dt.datetime.now(dt.UTC),
        },
    }  # fmt: skip


@asynccontextmanager
async def open_rig(postgres: Settings, seaweedfs: Server, folder: Path) -> AsyncIterator[Rig]:
    """A rig whose background work has the role of the process that erases."""
    settings = msgspec.structs.replace(postgres, data=DataRules(grace_days=0.0))
    clock = VirtualClock()
    books = Books(clock, meters={"mtr_source": "source_minutes"})
    http = StripeHttp(books, Misbehaviour(1, GOOD), key=KEY, hang=no_answer)
    async with open_store(settings, seaweedfs, BUCKET) as objects, open_world(settings, objects=objects) as world:
        for table in (
            "meter_events, billing_accounts",
            "organisation_erasures, organisation_archives, person_erasures",
        ):
            await world.owner.execute(f"truncate {table}")
        await world.owner.execute(f"alter role clipstream_erasure login password '{PASSWORD}'")
        dsn = settings.postgres_worker.replace("clipstream_worker", "clipstream_erasure")
        relay = await create_pool(settings.postgres_relay, size=3, name="relay-test")
        pool = await create_pool(dsn, size=3, name="erasure-test")
        payments = StripePayments(RULES, transport=httpx2.ASGITransport(app=make_app(http)), sleep=no_pause)
        try:
            yield Rig(
                world=world,
                settings=settings,
                books=books,
                objects=objects,
                erasure=ErasureParts(
                    relay=relay, pool=pool, objects=objects, ring=open_key_ring(settings), payments=payments
                ),
                archives=ArchiveParts(relay=relay, pool=pool, objects=objects, rules=settings.data, work_dir=folder),
            )
        finally:
            await payments.close()
            await relay.close()
            await pool.close()
