"""Brand kits on real servers: files are checked once and kept, each change is a version, exports name theirs."""

from __future__ import annotations

import io
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import msgspec
import pytest
from PIL import Image

from api.brand.queries import kit_length_ms
from core.infra.postgres.connection import org_transaction, set_org
from core.infra.s3.object_store import S3Objects
from core.settings import Settings
from core.storage.brand_kits import read_snapshot
from schemas import events
from schemas.common import ObjectRef
from schemas.ids import result_id
from schemas.options.brand_kit import CheckedAsset
from schemas.options.export_options import BrandPin
from streams.ingest.agent import IngestStage
from streams.renderer.branding.loader import LoadedBrand, load_brand
from tests.contract.resources.test_edits import clip_of
from tests.contract.rigs.api_world import Tenant, World, open_store, open_world
from tests.contract.rigs.servers import Server
from tests.contract.rigs.stage_rig import Rig, make_rig

__all__ = ["make_rig"]
pytestmark = pytest.mark.contract
FONT = Path("streams/renderer/typography/fonts/CourierPrime-Bold.ttf")


@pytest.fixture
async def objects(postgres: Settings, seaweedfs: Server) -> AsyncIterator[S3Objects]:
    async with open_store(postgres, seaweedfs, "brand") as opened:
        yield opened


@pytest.fixture
async def world(postgres: Settings, objects: S3Objects) -> AsyncIterator[World]:
    async with open_world(postgres, objects=objects, uploads=objects) as opened:
        yield opened


def png(width: int = 64, height: int = 32) -> bytes:
    made = io.BytesIO()
    Image.new("RGBA", (width, height), (250, 120, 10, 255)).save(made, "PNG")
    return made.getvalue()


async def uploaded(rig: Rig, kind: str, body: bytes) -> events.AssetReceived:
    """A file where uploads lie, its rows, and the event that says so."""
    upload_id, asset_id = uuid.uuid4(), uuid.uuid4()
    ref = await rig.objects.put(f"{rig.org_id}/uploads/{upload_id}", body, "application/octet-stream", ".bin")
    owner = await asyncpg.connect(rig.context.settings.postgres_owner)
    async with owner.transaction():
        await set_org(owner, rig.org_id)
        await owner.execute(
            """insert into uploads (org_id, upload_id, object_key, filename, content_type, size_bytes, purpose)
               values ($1, $2, $3, 'f', 'x/y', $4, $5)""",
            rig.org_id, upload_id, ref.key, len(body), kind,
        )  # fmt: skip
        await owner.execute(
            "insert into assets (org_id, asset_id, upload_id, object_key, kind) values ($1, $2, $3, $4, $5)",
            rig.org_id, asset_id, upload_id, ref.key, kind,
        )  # fmt: skip
    await owner.close()
    rig.project_id, rig.owner = asset_id, (rig.org_id, asset_id)
    return events.AssetReceived(org_id=rig.org_id, asset_id=asset_id, kind=kind)  # type: ignore[arg-type]


ROW = "select * from assets where org_id = $1 and asset_id = $2"


async def test_an_image_and_a_font_are_checked_and_rewritten(rig: Rig) -> None:
    stage = IngestStage(rig.context)
    for kind, body, suffix in (("image", png(), ".png"), ("font", FONT.read_bytes(), ".ttf")):
        event, input_id = await uploaded(rig, kind, body), uuid.uuid4()
        assert await rig.send(stage, event, input_id) == "committed"
        row = await rig.row(ROW)
        checked = msgspec.convert(row["checked"], CheckedAsset)
        assert (row["state"], checked.kind) == ("checked", kind)
        assert checked.object.key == f"{rig.org_id}/assets/{event.asset_id}/{checked.object.sha256}{suffix}"
        assert len(await rig.objects.get(checked.object)) == checked.object.size
        (told,) = [one.event for one in await rig.fresh()]
        assert told == events.AssetChecked(
            org_id=rig.org_id, asset_id=event.asset_id, kind=event.kind, object=checked.object
        )
        assert await rig.send(stage, event, input_id) == "done"
        assert await rig.send(stage, event, uuid.uuid4()) == "committed", "sent twice by a second event"
        assert await rig.fresh() == []
        sweeps = await rig.rows(
            """select 1 from object_sweeps s join assets a on a.org_id = s.org_id and a.upload_id = s.subject_id
               where s.org_id = $1 and a.asset_id = $2"""
        )
        assert len(sweeps) == 1, "its upload goes in a day"
    assert checked.family == "Courier Prime"


async def test_a_second_put_after_the_asset_exists_changes_nothing(rig: Rig, postgres: Settings) -> None:
    first, second = (png(width, 32).ljust(500, b"\0") for width in (64, 48))
    wish = {"filename": "logo.png", "size_bytes": len(first), "content_type": "image/png", "purpose": "image"}
    async with (
        open_world(postgres, objects=rig.objects, uploads=rig.objects) as world,
        httpx2.AsyncClient(timeout=30) as sender,
    ):
        owner = world.ann
        signed = (await owner.client.post("/v1/uploads/sign", json=wish)).json()
        for body in (first, second):
            assert (await sender.put(signed["url"], content=body, headers=signed["headers"])).status_code == 200
            asset = await owner.client.post("/v1/assets", json={"upload_id": signed["upload_id"]})
            assert asset.status_code == 202, asset.text
        asset_id = uuid.UUID(asset.json()["asset_id"])
        rig.org_id, rig.project_id, rig.owner = owner.org_id, asset_id, (owner.org_id, asset_id)
        event = events.AssetReceived(org_id=owner.org_id, asset_id=asset_id, kind="image")
        assert await rig.send(IngestStage(rig.context), event, uuid.uuid4()) == "committed"
        checked = msgspec.convert((await rig.row(ROW))["checked"], CheckedAsset)
        assert (checked.width_px, checked.height_px) == (64, 32)


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("image", b"\x89PNG\r\n\x1a\nand nothing more", "image.unreadable"),
        ("font", FONT.read_bytes()[:900], "font.unsafe"),
        ("video", b"no video at all", "media.corrupt"),
    ],
)
async def test_a_bad_file_is_refused_with_its_reason(rig: Rig, kind: str, body: bytes, reason: str) -> None:
    event = await uploaded(rig, kind, body)
    assert await rig.send(IngestStage(rig.context), event, uuid.uuid4()) == "refused"
    row = await rig.row(ROW)
    assert (row["state"], row["reason"], row["checked"]) == ("refused", reason, None)
    (told,) = [one.event for one in await rig.fresh()]
    assert isinstance(told, events.AssetRefused)
    assert (told.reason, told.detail) == (reason, row["detail"])


async def test_an_asset_given_up_in_an_outage_is_checked_on_replay(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    event, stage = await uploaded(rig, "image", png()), IngestStage(rig.context)

    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a bug of ours")

    with monkeypatch.context() as patched:
        patched.setattr("streams.ingest.agent.check_asset", broken)
        assert await rig.send(stage, event, uuid.uuid4()) == "dead"
    assert (await rig.row(ROW))["reason"] == "bug"
    assert await rig.send(stage, event, uuid.uuid4()) == "committed"
    row = await rig.row(ROW)
    assert (row["state"], row["reason"]) == ("checked", None)


async def asset(world: World, tenant: Tenant, kind: str = "image", state: str = "checked", **facts: Any) -> str:
    """An asset of a tenant as its check left it."""
    upload_id = uuid.uuid4()
    asset_id = result_id(upload_id, "asset")
    ref = ObjectRef(key=f"{tenant.org_id}/assets/{asset_id}/a.png", sha256="a", size=7)
    checked = CheckedAsset(kind=kind, object=ref, **facts) if state == "checked" else None  # type: ignore[arg-type]
    async with org_transaction(world.api, tenant.org_id) as rows:
        await rows.execute(
            """insert into assets (org_id, asset_id, upload_id, object_key, kind, state, checked, reason, detail)
               values ($1, $2, $3, 'k', $4, $5, $6, $7, 'It is bad.')""",
            tenant.org_id, asset_id, upload_id, kind, state, checked, f"{kind}.bad" if state == "refused" else None,
        )  # fmt: skip
    return str(asset_id)


async def test_an_upload_with_a_purpose_becomes_an_asset_once(world: World, objects: S3Objects) -> None:
    ann = world.ann.client
    large = await ann.post("/v1/uploads/sign", json={"filename": "l.png", "size_bytes": 10_000_001, "purpose": "image"})
    assert (large.status_code, large.json()["errors"][0]["pointer"]) == (422, "/size_bytes")
    body = png()
    signed = await ann.post("/v1/uploads/sign", json={"filename": "l.png", "size_bytes": len(body), "purpose": "image"})
    wanted = {"upload_id": signed.json()["upload_id"], "name": "Our logo"}
    assert (await ann.post("/v1/assets", json=wanted)).json()["code"] == "upload-not-complete"
    told = signed.json()
    assert httpx2.put(told["url"], content=body, headers=told["headers"]).status_code == 200
    made = await ann.post("/v1/assets", json=wanted)
    assert (made.status_code, made.json()["state"], made.json()["kind"]) == (202, "received", "image")
    assert made.headers["location"] == f"/v1/assets/{made.json()['asset_id']}"
    assert (await ann.post("/v1/assets", json=wanted)).json()["asset_id"] == made.json()["asset_id"]
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        sent = await rows.fetch("select payload from outbox where topic = 'assets.v1'")
    assert len(sent) == 1
    source = await ann.post("/v1/projects", json={"upload_id": wanted["upload_id"]})
    assert source.json()["errors"][0]["pointer"] == "/upload_id"
    assert (await world.bob.client.get(made.headers["location"])).status_code == 404
    assert (await world.bob.client.post("/v1/assets", json=wanted)).status_code == 422
    assert [one["name"] for one in (await ann.get("/v1/assets")).json()["items"]] == ["Our logo"]
    assert (await world.bob.client.get("/v1/assets")).json()["items"] == []
    assert (await ann.delete(made.headers["location"])).status_code == 204
    assert (await ann.get(made.headers["location"])).status_code == 404
    again = await ann.post("/v1/assets", json=wanted)
    assert (again.status_code, again.json()["errors"][0]["pointer"]) == (422, "/upload_id")
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        planned = await rows.fetch("select subject_id from object_sweeps where kind = 'asset'")
    assert [str(row["subject_id"]) for row in planned] == [made.json()["asset_id"]]


async def test_an_organisation_has_a_bounded_number_of_files(
    world: World, objects: S3Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, body = world.ann.client, png()
    monkeypatch.setattr("api.brand.assets.MAX_ASSETS", 1)
    wanted = []
    for _ in range(2):
        sign = {"filename": "l.png", "size_bytes": len(body), "purpose": "image"}
        told = (await ann.post("/v1/uploads/sign", json=sign)).json()
        assert httpx2.put(told["url"], content=body, headers=told["headers"]).status_code == 200
        wanted.append({"upload_id": told["upload_id"]})
    first = await ann.post("/v1/assets", json=wanted[0])
    assert (await ann.post("/v1/assets", json=wanted[1])).json()["code"] == "limit-reached"
    same = await ann.post("/v1/assets", json=wanted[0])
    assert (same.status_code, same.json()["asset_id"]) == (202, first.json()["asset_id"]), "it is there already"


async def test_each_change_of_a_kit_is_a_new_version(world: World) -> None:
    ann, logo = world.ann.client, await asset(world, world.ann)
    made = await ann.post(
        "/v1/brand-kits", json={"name": "House", "colours": {"primary": "#112233"}, "logo": {"asset_id": logo}}
    )
    assert (made.status_code, made.headers["etag"], made.json()["version"]) == (201, '"kit-1"', 1), made.text
    path = made.headers["location"]
    assert (await ann.patch(path, json={"name": "B"})).json()["code"] == "precondition-required"
    done = await ann.patch(path, json={"logo": None, "template": "karaoke_fill"}, headers={"If-Match": '"kit-1"'})
    assert (done.status_code, done.json()["version"], done.headers["etag"]) == (200, 2, '"kit-2"')
    assert done.json()["kit"]["logo"] is None
    assert done.json()["kit"]["colours"] == {"primary": "#112233"}
    late = await ann.patch(path, json={"name": "B"}, headers={"If-Match": '"kit-1"'})
    assert (late.status_code, late.json()["code"]) == (412, "brand-kit-changed")
    assert (await ann.get(path, params={"version": 1})).json() == made.json()
    missing = await ann.get(path, params={"version": 9})
    assert (missing.status_code, missing.json()["detail"]) == (404, "There is no version 9 of this brand kit.")
    assert [one["version"] for one in (await ann.get(f"{path}/versions")).json()["items"]] == [2, 1]
    assert [one["kit"]["name"] for one in (await ann.get("/v1/brand-kits")).json()["items"]] == ["House"]
    for answer in (
        await world.bob.client.get(path), await world.bob.client.get(path, params={"version": 1}),
        await world.bob.client.get(f"{path}/versions"), await world.bob.client.delete(path),
        await world.bob.client.patch(path, json={"name": "mine"}, headers={"If-Match": "*"}),
    ):  # fmt: skip
        assert answer.status_code == 404
    assert (await world.bob.client.get("/v1/brand-kits")).json()["items"] == []
    assert (await ann.delete(path)).status_code == 204
    assert (await ann.get(path)).status_code == 404
    assert (await ann.get(path, params={"version": 1})).status_code == 200
    aside = (await ann.get(f"{path}/versions")).json()
    assert [one["version"] for one in aside["items"]] == [2, 1], "an old export still names them"
    assert aside["archived_at"] is not None
    assert (await world.bob.client.get(f"{path}/versions")).status_code == 404


async def test_a_kit_takes_only_checked_files_of_its_own(world: World) -> None:
    ann = world.ann.client

    async def code(part: dict[str, Any]) -> tuple[str, str]:
        answer = await ann.post("/v1/brand-kits", json={"name": "K", **part})
        return answer.json()["code"], answer.json()["errors"][0]["pointer"]

    bad, soon = await asset(world, world.ann, "font", "refused"), await asset(world, world.ann, "video", "received")
    theirs, music = await asset(world, world.bob), await asset(world, world.ann, "music")
    assert await code({"fonts": {"display": bad}}) == ("bad-font", "/fonts/display")
    assert await code({"intro": soon}) == ("asset-not-checked", "/intro")
    assert await code({"logo": {"asset_id": theirs}}) == ("invalid", "/logo/asset_id")
    assert await code({"watermark": {"asset_id": music}}) == ("invalid", "/watermark/asset_id")
    assert await code({"template": "none"}) == ("invalid", "/template")
    assert (await code({"colours": {"primary": "red"}}))[0] == "invalid"
    assert (await code({"colours": {f"c{n}": "#000000" for n in range(13)}}))[0] == "invalid"


async def test_a_kit_keeps_a_file_that_was_set_aside(world: World) -> None:
    ann, logo, other = world.ann.client, await asset(world, world.ann), await asset(world, world.ann)
    made = await ann.post("/v1/brand-kits", json={"name": "House", "logo": {"asset_id": logo}})
    path = made.headers["location"]
    for one in (logo, other):
        assert (await ann.delete(f"/v1/assets/{one}")).status_code == 204
    kept = await ann.patch(path, json={"name": "New"}, headers={"If-Match": "*"})
    assert (kept.status_code, kept.json()["kit"]["logo"]["asset_id"]) == (200, logo), kept.text
    wider = {"logo": {"asset_id": logo, "width": 0.3}}
    assert (await ann.patch(path, json=wider, headers={"If-Match": "*"})).status_code == 200
    moved = {"watermark": {"asset_id": logo}}
    assert (await ann.patch(path, json=moved, headers={"If-Match": "*"})).json()["errors"][0]["pointer"] == (
        "/watermark/asset_id"
    )
    assert (await ann.patch(path, json={"logo": {"asset_id": other}}, headers={"If-Match": "*"})).status_code == 422


async def test_an_export_names_the_version_of_its_kit(world: World) -> None:
    ann, clip = world.ann.client, await clip_of(world, world.ann)
    kit = (await ann.post("/v1/brand-kits", json={"name": "House", "template": "karaoke_fill"})).json()["kit_id"]

    async def export(**more: Any) -> Any:
        return await ann.post(f"{clip}/export", json={"options": {"brand": {"kit_id": kit, **more}}})

    first = await export()
    assert first.status_code == 202, first.text
    assert first.json()["options"]["brand"] == {"kit_id": kit, "version": 1}
    assert first.json()["template"] == "karaoke_fill"
    changed = await ann.patch(f"/v1/brand-kits/{kit}", json={"name": "New"}, headers={"If-Match": "*"})
    assert changed.status_code == 200
    second = await export()
    assert second.json()["options"]["brand"]["version"] == 2
    assert second.json()["export_id"] != first.json()["export_id"]
    assert (await export(version=1)).json()["export_id"] == first.json()["export_id"]
    assert (await export(version=9)).json()["errors"][0]["pointer"] == "/options/brand/version"
    theirs = await world.bob.client.post(
        f"{await clip_of(world, world.bob)}/export", json={"options": {"brand": {"kit_id": kit}}}
    )
    assert theirs.json()["errors"][0]["pointer"] == "/options/brand/kit_id"
    await ann.delete(f"/v1/brand-kits/{kit}")
    assert (await export()).status_code == 422
    assert (await export(version=1)).json()["export_id"] == first.json()["export_id"]


async def test_an_export_without_a_style_takes_the_kits_captions(world: World) -> None:
    ann, clip = world.ann.client, await clip_of(world, world.ann)
    red, blue = ({"highlight": {"fill": colour}} for colour in ("#ff0000", "#0000ff"))
    kit = (
        await ann.post("/v1/brand-kits", json={"name": "House", "template": "karaoke_fill", "overrides": red})
    ).json()["kit_id"]

    async def overrides(options: dict[str, Any] | None = None, **more: Any) -> Any:
        body = {"options": {"brand": {"kit_id": kit}, **(options or {})}, **more}
        answer = await ann.post(f"{clip}/export", json=body)
        assert answer.status_code == 202, answer.text
        return answer.json()["options"].get("captions", {}).get("overrides", {})

    assert await overrides() == red
    assert await overrides({"captions": {"overrides": blue}}) == blue
    assert await overrides(template="minimal") == {}
    body = {"source_url": "https://video.example/a.mp4", "options": {"export": {"brand": {"kit_id": kit}}}}
    made = await ann.post("/v1/projects", json=body)
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        project_id = uuid.UUID(made.json()["project_id"])
        options = await rows.fetchval("select options from projects where project_id = $1", project_id)
    assert options["export"]["captions"]["overrides"] == red
    for bad, pointer in (
        ({"overrides": red}, "/overrides"),
        ({"template": "minimal", "overrides": {"shapes": {"tall": {"y": 0.99}}}}, "/overrides/shapes"),
    ):
        refused = await ann.post("/v1/brand-kits", json={"name": "House", **bad})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"].startswith(pointer)


async def test_a_projects_clips_take_the_kit_of_its_creation(world: World) -> None:
    ann = world.ann.client
    kit = (await ann.post("/v1/brand-kits", json={"name": "House", "template": "minimal"})).json()["kit_id"]
    body = {"source_url": "https://video.example/a.mp4", "options": {"export": {"brand": {"kit_id": kit}}}}
    made = await ann.post("/v1/projects", json=body)
    assert made.status_code == 202, made.text
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        options = await rows.fetchval(
            "select options from projects where project_id = $1", uuid.UUID(made.json()["project_id"])
        )
    assert options["export"]["brand"] == {"kit_id": kit, "version": 1}
    assert options["captions_template"] == "minimal"
    body["options"]["export"]["brand"]["kit_id"] = str(uuid.uuid4())  # type: ignore[index]
    refused = await ann.post("/v1/projects", json=body)
    assert refused.json()["errors"][0]["pointer"] == "/options/export/brand/kit_id"


async def test_a_render_gets_the_pinned_version_of_a_kit(world: World, objects: S3Objects, tmp_path: Path) -> None:
    ann, body = world.ann.client, png()
    ref = await objects.put(f"{world.ann.org_id}/assets/a", body, "image/png", ".png")
    logo, gone = await asset(world, world.ann), await asset(world, world.ann)
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        await rows.execute(
            "update assets set checked = $2 where asset_id = $1",
            uuid.UUID(logo),
            CheckedAsset(kind="image", object=ref),
        )
    parts = {"name": "House", "logo": {"asset_id": logo}, "watermark": {"asset_id": gone}}
    kit_id = uuid.UUID((await ann.post("/v1/brand-kits", json=parts)).json()["kit_id"])
    await ann.patch(f"/v1/brand-kits/{kit_id}", json={"name": "New", "logo": None}, headers={"If-Match": "*"})

    async def told(version: int | None, org_id: uuid.UUID) -> Any:
        async with org_transaction(world.worker, org_id) as rows:
            return await read_snapshot(rows, org_id, BrandPin(kit_id=kit_id, version=version))

    snapshot = await told(1, world.ann.org_id)
    assert (snapshot.version, snapshot.kit.name) == (1, "House")
    assert (await told(None, world.ann.org_id)).kit.name == "New"
    assert await told(1, world.bob.org_id) is None
    pin = BrandPin(kit_id=kit_id, version=1)
    dressed = await load_brand(pin, snapshot, None, objects, tmp_path)
    assert dressed.assets is not None
    assert Path(dressed.assets.files[uuid.UUID(logo)]).read_bytes() == body
    (warning,) = dressed.warnings
    assert warning == "brand.missing: the image of /watermark/asset_id is not there: the clip is made without it"
    assert (await load_brand(pin, None, None, objects, tmp_path)).warnings[0].startswith("brand.missing")
    assert await load_brand(None, None, None, objects, tmp_path) == LoadedBrand()


async def test_previews_know_how_long_a_kit_plays_around_a_clip(world: World) -> None:
    ann = world.ann.client
    intro = await asset(world, world.ann, "video", duration_ms=1_500)
    parts = {"name": "House", "intro": intro, "outro": intro, "end_card": {"seconds": 2}}
    kit_id = uuid.UUID((await ann.post("/v1/brand-kits", json=parts)).json()["kit_id"])
    async with org_transaction(world.api, world.ann.org_id) as rows:
        assert await kit_length_ms(rows, world.ann.org_id, BrandPin(kit_id=kit_id, version=1)) == 5_000
        assert await kit_length_ms(rows, world.ann.org_id, None) == 0
