"""Finished exports with real objects behind them, and links that show them."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID, uuid4

import httpx2
import msgspec

from core.infra.postgres.connection import org_transaction
from core.infra.s3.object_store import S3Objects
from schemas.documents.export import Certificate, ExportFiles
from schemas.options.export_options import ExportOptions
from tests.contract.rigs.api_world import Tenant, World, new_clip, new_project

BASE = "http://api"
VTT = b"WEBVTT\n\n00:00.000 --> 00:01.000\nWords that were said.\n"
FILM = b"\x00\x00\x00\x18ftypisom not much of a film"
_LINK = re.compile(r"/s/(clw_[A-Za-z0-9_-]{43})$")


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """A finished export."""

    project_id: UUID
    clip_id: UUID
    export_id: UUID


async def finished_export(
    world: World,
    tenant: Tenant,
    store: S3Objects,
    *,
    film: bytes = FILM,
    picture: bytes = b"\xff\xd8 a picture",
    size_px: tuple[int, int] = (1080, 1920),
    captions: bool = False,
    spoken: bool = True,
    test: bool = False,
    title: str = "",
    project_id: UUID | None = None,
    clip_id: UUID | None = None,
) -> Finished:
    """An export whose files lie in the store, of a clip of its own unless one is given."""
    project_id = project_id or await new_project(tenant)
    clip_id = clip_id or await new_clip(world, tenant, project_id)
    export_id, prefix = uuid4(), f"{tenant.org_id}/{project_id}/render"
    vtt = await store.put(prefix, VTT, "text/vtt", ".vtt") if spoken else None
    german = await store.put(prefix, VTT.replace(b"Words", b"Worte"), "text/vtt", ".vtt")
    files = ExportFiles(
        video=await store.put(prefix, film, "video/mp4", ".mp4"),
        thumbnail=await store.put(prefix, picture, "image/jpeg", ".jpg"),
        vtt=vtt,
        tracks={"de": {"vtt": german}} if spoken else {},
    )
    certificate = Certificate(
        width_px=size_px[0], height_px=size_px[1], duration_ms=30_000, frames=750, frame_rate=25.0,
        integrated_lufs=None, true_peak_dbtp=None, caption_cues=0, encoder="x",
    )  # fmt: skip
    async with org_transaction(world.worker, tenant.org_id) as rows:
        await rows.execute("update projects set language = 'en' where project_id = $1", project_id)
        await rows.execute(
            """insert into exports (org_id, export_id, project_id, clip_id, ordinal, aspect, captions, start_ms, end_ms,
                 automatic, state, files, certificate, options, test, title, finished_at)
               values ($1, $2, $3, $4, 0, '9:16', $5, 10000, 40000, false, 'done', $6, $7, $8, $9, $10,
                 clock_timestamp())""",
            tenant.org_id,
            export_id,
            project_id,
            clip_id,
            captions,
            files,
            certificate,
            ExportOptions(),
            test,
            title,
        )
    return Finished(project_id=project_id, clip_id=clip_id, export_id=export_id)


async def share(tenant: Tenant, *finished: Finished, **wish: Any) -> dict[str, Any]:
    """A link that shows these exports."""
    body = {"export_ids": [str(one.export_id) for one in finished]} | wish
    answer = await tenant.client.post("/v1/shares", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    found = _LINK.search(made["url"])
    assert found is not None, made["url"]
    assert found[1] == made["token"]
    return made


def anybody(world: World, address: str = "203.0.113.9") -> httpx2.AsyncClient:
    """Who has no account."""
    transport = httpx2.ASGITransport(app=world.app, client=(address, 1))
    return httpx2.AsyncClient(transport=transport, base_url=BASE, timeout=30)
