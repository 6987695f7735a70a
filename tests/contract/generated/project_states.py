"""An organisation with a project in every state, made by the API and the real stages, for generated requests."""

from __future__ import annotations

import io
from collections.abc import Mapping
from uuid import UUID

import msgspec
from PIL import Image

from core.infra.postgres.connection import org_transaction
from core.settings import Settings
from schemas import events
from tests.contract.generated.people_states import make_organisations, make_person_ids, make_spare_members
from tests.contract.rigs.api_world import new_letter
from tests.contract.rigs.pipeline_rig import Pipeline

DRAFT = {"options": {"video": {"quality": "draft"}}}
OPTIONS = {"min_clip_ms": 3000, "max_clips": 1, "export": {"video": {"quality": "draft"}}}
NEWEST = {"If-Match": "*"}
SPARE_COUNT = 6
"""How many of each resource exist only to be removed, cancelled or retried."""
TABLES = {
    "project_id": "projects", "clip_id": "clips", "export_id": "exports", "preview_id": "previews",
    "upload_id": "uploads", "asset_id": "assets", "kit_id": "brand_kits", "endpoint_id": "webhook_endpoints",
    "preset_id": "project_presets", "dead_id": "dead_letters", "delivery_id": "deliveries", "key_id": "api_keys",
    "service_account_id": "service_accounts", "client_id": "oauth_clients", "share_id": "shares",
    "archive_id": "organisation_archives", "invitation_id": "invitations",
}  # fmt: skip
"""Where the resources of each path parameter are; those of persons are made by `people_states`."""


class Resources(msgspec.Struct, frozen=True, kw_only=True):
    """Ids of what exists."""

    projects: Mapping[str, str]
    """The project of each state."""
    ids: Mapping[str, list[str]]
    """Ids by path parameter, without the spare ones."""
    spare: Mapping[str, list[str]]
    """Ids of the only resources that an operation changes for ever, by operationId."""


async def make_resources(pipeline: Pipeline, settings: Settings, film: bytes) -> Resources:
    """Bring projects into every state; what is requested last stays queued, as no worker takes it."""
    ask = pipeline.ask
    kit_id = await _brand_kit(pipeline)
    projects = {"completed": await pipeline.project(film, **OPTIONS), "failed": await pipeline.project(b"no film")}
    await pipeline.run()
    clip = f"/v1/clips/{await _requested_clip(pipeline, projects['completed'])}"
    await ask("POST", f"{clip}/preview?at_ms=500", {"aspect": "1:1"}, Prefer="respond-async")
    await ask("PATCH", f"{clip}/edit", {"operations": [{"op": "mute", "segment_id": "s1"}]}, **NEWEST)
    branded = {"options": {"video": {"quality": "draft"}, "brand": {"kit_id": kit_id}}}
    export_id = (await ask("POST", f"{clip}/export", {"aspect": "9:16", **branded}))["export_id"]
    await ask("POST", f"{clip}/exports", {"aspects": ["1:1", "16:9"], **DRAFT})
    await pipeline.run()
    await ask("POST", f"/v1/exports/{export_id}/replay")
    await _corrections(pipeline, projects["completed"])
    await pipeline.run()
    await _failed_export(pipeline, clip)
    projects |= await _ended_on_the_way(pipeline, film)
    failing = [await pipeline.project(b"no film either") for _ in range(SPARE_COUNT)]
    await pipeline.run()
    projects["running"] = await pipeline.project(film, **OPTIONS)
    await pipeline.run(until=events.SpanPlanned)
    projects["retried"] = failing.pop()
    await ask("POST", f"/v1/projects/{projects['retried']}/retry", {})
    for _ in range(3):
        await new_letter(pipeline.world, pipeline.world.ann)
    await ask("POST", f"{clip}/preview?at_ms=1500", {"aspect": "4:5"}, Prefer="respond-async")
    await ask("POST", f"{clip}/export", {"aspect": "4:5", **DRAFT})
    projects["queued"] = await pipeline.project(film, **OPTIONS)
    await _check_states(pipeline, projects)
    spare = await _spare(pipeline) | await _spare_access(pipeline, export_id) | {"retryProject": failing}
    await ask("POST", "/v1/shares", {"export_ids": [export_id]})
    ids = await _ids(pipeline, spare)
    ids |= await make_person_ids(pipeline.world, settings, pipeline.org_id, UUID(ids["client_id"][0]))
    ids["org_id"] = await make_organisations(pipeline.world, 1)
    return Resources(projects=projects, ids=ids, spare=spare)


async def _check_states(pipeline: Pipeline, projects: Mapping[str, str]) -> None:
    """Each project is in the state that it stands for."""
    states = {}
    for state, project_id in projects.items():
        answer = await pipeline.client.get(f"/v1/projects/{project_id}")
        states[state] = "erased" if answer.status_code == 410 else answer.json()["state"]
    assert states == {state: state for state in projects} | {"retried": "queued"}


async def _requested_clip(pipeline: Pipeline, project_id: str) -> str:
    wanted = {"start_ms": 1000, "end_ms": 4500, "title": "Mine"}
    made = await pipeline.ask("POST", f"/v1/projects/{project_id}/clips", wanted)
    await pipeline.run()
    return str(made["clip_id"])


async def _picture(pipeline: Pipeline) -> str:
    """An uploaded picture; the upload's id."""
    picture = io.BytesIO()
    Image.new("RGBA", (64, 32), (250, 120, 10, 255)).save(picture, "PNG")
    return await pipeline.upload(picture.getvalue(), filename="logo.png", purpose="image")


async def _asset(pipeline: Pipeline) -> str:
    upload_id = await _picture(pipeline)
    return str((await pipeline.ask("POST", "/v1/assets", {"upload_id": upload_id, "name": "Logo"}))["asset_id"])


async def _brand_kit(pipeline: Pipeline) -> str:
    asset_id = await _asset(pipeline)
    await pipeline.run()
    wanted = {"name": "House", "logo": {"asset_id": asset_id}}
    kit_id = str((await pipeline.ask("POST", "/v1/brand-kits", wanted))["kit_id"])
    await pipeline.ask("PATCH", f"/v1/brand-kits/{kit_id}", {"name": "House, again"}, **NEWEST)
    return kit_id


async def _corrections(pipeline: Pipeline, project_id: str) -> None:
    """Words, and the name of a speaker."""
    path = f"/v1/projects/{project_id}"
    words = {"version": 1, "edits": [{"first_word": 0, "end_word": 1, "text": "Words"}]}
    version = (await pipeline.ask("PATCH", f"{path}/transcript", words))["version"]
    speakers = (await pipeline.ask("GET", f"{path}/speakers"))["speakers"]
    edits = [{"op": "rename", "speaker": one["id"], "name": "Speaker of the film"} for one in speakers[:1]]
    if edits:
        await pipeline.ask("PATCH", f"{path}/speakers", {"version": version, "edits": edits})


async def _failed_export(pipeline: Pipeline, clip: str) -> None:
    """One export of a completed project that its render refuses."""
    await pipeline.ask("POST", f"{clip}/export", {"aspect": "16:9", "captions": False, **DRAFT})
    await pipeline.run_refused("render")


async def _ended_on_the_way(pipeline: Pipeline, film: bytes) -> dict[str, str]:
    """One project that is cancelled, and one that is erased, both while they run."""
    made = {}
    for state, method, suffix in (("cancelled", "POST", "/cancel"), ("erased", "DELETE", "")):
        made[state] = await pipeline.project(film, **OPTIONS)
        await pipeline.run(until=events.SpanPlanned)
        await pipeline.ask(method, f"/v1/projects/{made[state]}{suffix}")
        await pipeline.run()
    return made


async def _spare(pipeline: Pipeline) -> dict[str, list[str]]:
    """What only one operation may change."""
    many, ask = range(SPARE_COUNT), pipeline.ask
    source = {"source_url": "https://video.example/a.mp4"}
    endpoint = {"url": "https://receiver.example/hook", "events": ["project.completed"]}
    return {
        "eraseProject": [(await ask("POST", "/v1/projects", source))["project_id"] for _ in many],
        "cancelProject": [(await ask("POST", "/v1/projects", source))["project_id"] for _ in many],
        "abortUpload": [await _picture(pipeline) for _ in many],
        "archiveAsset": [await _asset(pipeline) for _ in many],
        "archiveBrandKit": [(await ask("POST", "/v1/brand-kits", {"name": "Spare"}))["kit_id"] for _ in many],
        "deleteProjectPreset": [
            (await ask("POST", "/v1/project-presets", {"name": f"Spare {number}", "options": {}}))["preset_id"]
            for number in many
        ],
        "deleteEndpoint": [(await ask("POST", "/v1/webhooks/endpoints", endpoint))["endpoint_id"] for _ in many],
    }


async def _spare_access(pipeline: Pipeline, export_id: str) -> dict[str, list[str]]:
    """Who and what may come in, which only one operation may change; ``export_id``: what links show."""
    many, ask, world = range(SPARE_COUNT), pipeline.ask, pipeline.world
    key, account = {"name": "Spare", "scopes": ["read"]}, {"name": "Spare", "role": "viewer"}
    client = {"name": "Spare", "kind": "confidential", "scopes": ["read"], "redirect_uris": ["https://app.example/"]}
    shown = {"export_ids": [export_id]}
    return {
        "revokeKey": [(await ask("POST", "/v1/keys", key))["key_id"] for _ in many],
        "disableServiceAccount": [
            (await ask("POST", "/v1/service-accounts", account))["service_account_id"] for _ in many
        ],
        "deleteOAuthClient": [(await ask("POST", "/v1/oauth/clients", client))["client_id"] for _ in many],
        "revokeShare": [(await ask("POST", "/v1/shares", shown))["share_id"] for _ in many],
        "revokeInvitation": [await _invitation(pipeline, f"spare{number}") for number in many],
        "removeMember": await make_spare_members(world, pipeline.org_id, SPARE_COUNT),
        "eraseForeignOrganisation": await make_organisations(world, SPARE_COUNT),
    }


async def _invitation(pipeline: Pipeline, name: str) -> str:
    body = {"email": f"{name}@example.org", "role": "viewer"}
    return str((await pipeline.ask("POST", "/v1/invitations", body))["invitation_id"])


async def _ids(pipeline: Pipeline, spare: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Ids of every resource but the spare ones."""
    endpoint = {"url": "https://receiver.example/kept", "events": ["project.failed"]}
    endpoint_id = (await pipeline.ask("POST", "/v1/webhooks/endpoints", endpoint))["endpoint_id"]
    await pipeline.ask("POST", f"/v1/webhooks/endpoints/{endpoint_id}/test")
    await pipeline.ask("POST", "/v1/project-presets", {"name": "Kept", "options": {"max_clips": 3}})
    await pipeline.ask("POST", "/v1/service-accounts", {"name": "Kept", "role": "editor"})
    await pipeline.ask("POST", "/v1/keys", {"name": "Kept", "scopes": ["read"]})
    client = {"name": "Kept", "kind": "confidential", "scopes": ["read"], "redirect_uris": ["https://app.example/"]}
    await pipeline.ask("POST", "/v1/oauth/clients", client)
    await pipeline.ask("POST", "/v1/organisation/archives", {})
    await _invitation(pipeline, "kept")
    excluded = {one for ids in spare.values() for one in ids} | {str(pipeline.world.ann.key_id)}  # the callers' own
    async with org_transaction(pipeline.world.api, pipeline.org_id) as rows:
        listed = {
            name: [str(row[name]) for row in await rows.fetch(f"select {name} from {table}")]
            for name, table in TABLES.items()
        }
    kept = {name: sorted(set(ids) - excluded) for name, ids in listed.items()}
    assert all(kept.values()), f"nothing of a kind: {kept}"
    return kept
