"""The look of a clip on a real Postgres: a part of its edit, and what its exports are where a request is silent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from core.infra.postgres.connection import org_transaction
from core.settings import Settings
from schemas.events import ClipEdited
from schemas.ids import result_id
from schemas.options.caption_template import DEFAULT_TEMPLATE
from tests.contract.resources.test_edits import MUTE, clip_of, patched
from tests.contract.rigs.api_world import Tenant, World, open_world

pytestmark = pytest.mark.contract
RED = {"letters": {"fill": "#ff0000"}}


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


def look(**parts: Any) -> dict[str, Any]:
    return {"op": "look", "look": parts}


async def exported(tenant: Tenant, path: str, **wish: Any) -> dict[str, Any]:
    answer = await tenant.client.post(f"{path}/export", json=wish)
    assert answer.status_code == 202, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def set_options(world: World, tenant: Tenant, **options: Any) -> None:
    """Options of the tenant's projects, besides those by default."""
    async with org_transaction(world.worker, tenant.org_id) as rows:
        await rows.execute("update projects set options = options || $2 where org_id = $1", tenant.org_id, options)


async def test_a_look_is_versioned_undone_and_redone_with_the_edit(world: World) -> None:
    path = await clip_of(world, world.ann)
    first = await world.ann.client.get(f"{path}/edit")
    assert first.json()["look"] is None
    done = await patched(world.ann, path, look(template="minimal", options={"captions": {"overrides": RED}}))
    assert done.status_code == 200, done.text
    chosen = {"template": "minimal", "options": {"captions": {"overrides": RED}}}
    assert (done.json()["version"], done.json()["look"]) == (2, chosen)
    more = await patched(world.ann, path, MUTE, look(aspect="1:1"), held='"edit-2"')
    assert more.json()["look"] == chosen | {"aspect": "1:1"}
    undone = await patched(world.ann, path, {"op": "restore", "version": 2}, held='"edit-3"')
    assert (undone.json()["look"], undone.json()["segments"][0]["muted"]) == (chosen, False)
    redone = await patched(world.ann, path, {"op": "restore", "version": 3}, held='"edit-4"')
    assert redone.json()["look"] == chosen | {"aspect": "1:1"}
    gone = await patched(world.ann, path, {"op": "look", "look": None}, held='"edit-5"')
    assert gone.json()["look"] is None
    assert (await world.ann.client.get(f"{path}/edit", params={"version": 2})).json()["look"] == chosen
    versions = (await world.ann.client.get(f"{path}/edit/versions")).json()["items"]
    assert versions[-2]["operations"] == [look(**chosen)]


async def test_a_change_of_the_look_is_an_event_and_the_same_look_is_none(world: World) -> None:
    path = await clip_of(world, world.ann)
    assert (await patched(world.ann, path, look(template="minimal"))).json()["changed"] is True
    again = await patched(world.ann, path, look(template="minimal"), held='"edit-2"')
    assert (again.json()["changed"], again.json()["version"]) == (False, 2)
    stale = await patched(world.ann, path, look(template="big_centre"))
    assert (stale.status_code, stale.json()["code"]) == (412, "edit-changed")
    async with org_transaction(world.api, world.ann.org_id) as rows:
        sent = await rows.fetch("select payload from outbox where headers->>'ce_type' = 'clipstream.ClipEdited'")
    (event,) = [msgspec.json.decode(row["payload"], type=ClipEdited) for row in sent]
    assert (event.edit_version, event.operations) == (2, ["look"])


@pytest.mark.parametrize(
    ("parts", "pointer"),
    [
        ({"template": "comic"}, "template"),
        ({"template": "minimal", "options": {"captions": {"overrides": {"shapes": {"tall": {"y": 0.99}}}}}},
         "options/captions/overrides/shapes/tall"),
        ({"options": {"captions": {"language": "en"}}}, "options/captions/language"),
        ({"options": {"sound": {"target_lufs": -9}}}, "options/sound/target_lufs"),
        ({"options": {"brand": {"kit_id": str(uuid4())}}}, "options/brand/kit_id"),
        ({"options": {"stems": True}}, "options/stems"),
        ({"aspect": "3:2"}, "aspect"),
    ],
)  # fmt: skip
async def test_a_look_that_no_export_can_have_is_refused(world: World, parts: dict[str, Any], pointer: str) -> None:
    path = await clip_of(world, world.ann)
    bad = await patched(world.ann, path, MUTE, look(**parts))
    assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (422, f"/operations/1/look/{pointer}"), bad.text
    assert (await world.ann.client.get(f"{path}/edit")).json()["version"] == 1


async def test_without_a_look_an_export_is_as_ever(world: World) -> None:
    path = await clip_of(world, world.ann)
    clip_id = UUID(path.rsplit("/", 1)[1])
    plain = await exported(world.ann, path)
    assert (plain["aspect"], plain["captions"], plain["template"]) == ("9:16", True, DEFAULT_TEMPLATE)
    assert plain["export_id"] == str(result_id(clip_id, "export", "9:16/True"))
    assert (await exported(world.ann, path, aspect="9:16", captions=True))["export_id"] == plain["export_id"]


async def test_a_request_has_the_look_but_for_what_it_names_itself(world: World) -> None:
    path = await clip_of(world, world.ann)
    await set_options(world, world.ann, export={"video": {"quality": "best"}, "sound": {"high_pass": True}})
    captions = {"overrides": RED}
    await patched(
        world.ann, path,
        look(aspect="1:1", captions=False, template="minimal", mask_profanity=True, options={"captions": captions}),
    )  # fmt: skip
    silent = await exported(world.ann, path)
    assert (silent["aspect"], silent["captions"], silent["template"]) == ("1:1", False, "minimal")
    assert (silent["mask_profanity"], silent["edit_version"]) == (True, 2)
    assert silent["options"]["captions"] == captions
    assert (silent["options"]["video"], silent["options"]["sound"]) == ({"quality": "best"}, {"high_pass": True})
    said = await exported(world.ann, path, aspect="16:9", captions=True, template="big_centre", mask_profanity=False)
    assert (said["aspect"], said["captions"], said["template"]) == ("16:9", True, "big_centre")
    assert (said["mask_profanity"], said["options"].get("captions", {})) == (False, {})
    own = await exported(world.ann, path, options={"stems": True})
    assert (own["options"], own["template"]) == ({"stems": True}, "minimal")


async def test_each_version_has_its_own_look_and_a_range_has_none(world: World) -> None:
    path = await clip_of(world, world.ann)
    await patched(world.ann, path, look(template="minimal"))
    await patched(world.ann, path, look(template="big_centre"), held='"edit-2"')
    wishes = ({}, {"edit_version": 2}, {"edit_version": 1}, {"start_ms": 12_000})
    templates = [(await exported(world.ann, path, **wish))["template"] for wish in wishes]
    assert templates == ["big_centre", "minimal", DEFAULT_TEMPLATE, DEFAULT_TEMPLATE]
    several = await world.ann.client.post(f"{path}/exports", json={"aspects": ["16:9", "1:1"]})
    assert [(one["aspect"], one["template"]) for one in several.json()["items"]] == [
        ("16:9", "big_centre"),
        ("1:1", "big_centre"),
    ]


async def test_a_kit_of_the_look_lends_its_template_and_null_is_no_kit(world: World) -> None:
    path = await clip_of(world, world.ann)
    made = await world.ann.client.post("/v1/brand-kits", json={"name": "House", "template": "big_centre"})
    kit_id = made.json()["kit_id"]
    await patched(world.ann, path, look(options={"brand": {"kit_id": kit_id}}))
    branded = await exported(world.ann, path)
    assert (branded["template"], branded["options"]["brand"]) == ("big_centre", {"kit_id": kit_id, "version": 1})
    await set_options(world, world.ann, export={"brand": {"kit_id": kit_id, "version": 1}})
    sounding = await patched(
        world.ann, path, {"op": "look", "look": None}, look(options={"sound": {"declick": True}}), held="*"
    )
    assert sounding.status_code == 200, sounding.text
    of_project = await exported(world.ann, path)
    assert (of_project["template"], of_project["options"]["brand"]["kit_id"]) == (DEFAULT_TEMPLATE, kit_id)
    await patched(world.ann, path, look(options={"brand": None}), held="*")
    assert "brand" not in (await exported(world.ann, path))["options"]


async def test_a_preview_shows_the_look_and_keeps_the_framing(world: World) -> None:
    path = await clip_of(world, world.ann)
    await set_options(world, world.ann, captions_template="minimal")
    plan = {"key": "k", "sha256": "a" * 64, "size": 1}
    framed = await exported(world.ann, path)
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        await rows.execute(
            "update exports set plan = $2, state = 'done' where export_id = $1", UUID(framed["export_id"]), plan
        )
    await patched(world.ann, path, look(template="big_centre"))
    await patched(world.ann, path, MUTE, held='"edit-2"')
    topics = []
    for version in (1, 2, 3):
        asked = await world.ann.client.post(
            f"{path}/preview?at_ms=0", json={"edit_version": version}, headers={"Prefer": "respond-async"}
        )
        assert asked.status_code == 202, asked.text
        topics.append(await newest_preview(world, UUID(asked.json()["preview_id"])))
    assert topics == [
        ("PreviewPlanned", "minimal"),
        ("PreviewPlanned", "big_centre"),
        ("PreviewRequested", "big_centre"),
    ]


async def newest_preview(world: World, preview_id: UUID) -> tuple[str, str]:
    async with org_transaction(world.api, world.ann.org_id) as rows:
        sent = await rows.fetch("select headers->>'ce_type' as kind, payload from outbox")
    (found,) = [
        (row["kind"].rpartition(".")[2], msgspec.json.decode(row["payload"])["rendition"]["template"])
        for row in sent
        if str(preview_id).encode() in row["payload"] and "Preview" in row["kind"]
    ]
    return found
