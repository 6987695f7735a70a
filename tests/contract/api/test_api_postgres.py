"""The API on a real Postgres: one effect a key, separate organisations, events with their rows."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from api.http.operations import path_parameters
from api.routes import OPERATIONS
from core.infra.postgres.connection import create_pool, org_transaction, set_org, set_person, transaction
from core.infra.postgres.idempotency_keys import KeptAnswer, TakenKey, take_key, write_answer
from core.infra.postgres.outbox import Cause
from core.services import project_lifecycle
from core.settings import Settings
from schemas.common import ObjectRef, Segment, Word
from schemas.documents import encode_document
from schemas.documents.transcript import Transcript
from schemas.stages import PROJECT_STAGES
from streams.background.sweeper import delete_old
from tests.api.fakes import ObjectsTwin
from tests.contract.rigs.api_world import (
    URL,
    Tenant,
    World,
    client_of,
    new_clip,
    new_letter,
    new_project,
    open_world,
    outbox,
    store_transcript,
)
from tests.contract.rigs.postgres import until_blocked
from tests.support.media.heard_sounds import heard_sounds


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


async def test_a_project_its_stages_and_its_event_are_one_transaction(world: World) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    response = await world.ann.client.post("/v1/projects", json=URL, headers={"traceparent": trace})
    project_id = response.json()["project_id"]
    assert response.headers["location"] == f"/v1/projects/{project_id}"
    (row,) = await outbox(world, world.ann)
    assert (row["topic"], row["key"]) == ("uploads.v1", project_id)
    assert row["headers"]["traceparent"].split("-")[1] == trace.split("-")[1]
    project = (await world.ann.client.get(response.headers["location"])).json()
    assert project["state"] == "queued"
    assert [stage["stage"] for stage in project["stages"]] == list(PROJECT_STAGES)
    assert {stage["state"] for stage in project["stages"]} == {"waiting"}


async def test_concurrent_requests_with_one_key_have_one_effect(world: World) -> None:
    headers = {"Idempotency-Key": "abc-1"}
    answers = await asyncio.gather(
        *(world.ann.client.post("/v1/projects", json=URL, headers=headers) for _ in range(40))
    )
    assert {answer.status_code for answer in answers} <= {202, 409}
    accepted = [answer for answer in answers if answer.status_code == 202]
    assert len({answer.content for answer in accepted}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in accepted) == 1
    assert all(answer.json()["code"] == "idempotency-in-progress" for answer in answers if answer.status_code == 409)
    assert len(await outbox(world, world.ann)) == 1
    again = await world.ann.client.post("/v1/projects", json=URL, headers=headers)
    assert (again.content, again.headers["idempotent-replayed"]) == (accepted[0].content, "true")
    assert again.headers["location"] == accepted[0].headers["location"]


async def test_a_key_belongs_to_its_request_and_its_organisation(world: World) -> None:
    headers = {"Idempotency-Key": "abc-2"}
    first = await world.ann.client.post("/v1/projects", json=URL, headers=headers)
    other = await world.ann.client.post("/v1/projects", json=URL | {"title": "B"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-mismatch")
    theirs = await world.bob.client.post("/v1/projects", json=URL, headers=headers)
    assert theirs.status_code == 202
    assert theirs.json()["project_id"] != first.json()["project_id"]
    bad = await world.ann.client.post("/v1/projects", json=URL, headers={"Idempotency-Key": "a b"})
    assert (bad.status_code, bad.json()["code"]) == (400, "idempotency-key-invalid")


async def test_a_key_belongs_to_its_actor_and_its_operation(world: World) -> None:
    """A colleague's request under the same characters, or another operation's, is another request."""
    headers = {"Idempotency-Key": "abc-6"}
    first = await world.ann.client.post("/v1/projects", json=URL, headers=headers)
    minted = await world.ann.client.post("/v1/keys", json={"name": "A colleague", "scopes": ["write"]})
    colleague = client_of(world.app, minted.json()["key"])
    theirs = await colleague.post("/v1/projects", json=URL | {"title": "B"}, headers=headers)
    assert (theirs.status_code, "idempotent-replayed" in theirs.headers) == (202, False)
    assert theirs.json()["project_id"] != first.json()["project_id"]
    other = await world.ann.client.post(
        "/v1/uploads/sign", json={"filename": "a.mp4", "size_bytes": 9}, headers=headers
    )
    assert (other.status_code, "idempotent-replayed" in other.headers) == (201, False)


async def test_a_key_in_quotes_is_the_same_without(world: World) -> None:
    first = await world.ann.client.post("/v1/projects", json=URL, headers={"Idempotency-Key": "abc-7"})
    again = await world.ann.client.post("/v1/projects", json=URL, headers={"Idempotency-Key": '"abc-7"'})
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")


async def test_a_repeat_has_the_headers_of_the_first_answer(world: World) -> None:
    headers = {"Idempotency-Key": "abc-8"}
    answers = [await world.ann.client.post("/v1/projects", json=URL, headers=headers) for _ in range(2)]
    passing = {"x-request-id", "ratelimit", "traceparent", "idempotent-replayed"}
    first, again = ({name: text for name, text in one.headers.items() if name not in passing} for one in answers)
    assert first == again


async def test_a_failed_request_does_not_use_up_its_key(world: World) -> None:
    headers = {"Idempotency-Key": "abc-3"}
    wrong = await world.ann.client.post("/v1/projects", json={"upload_id": str(uuid4())}, headers=headers)
    assert wrong.status_code == 422
    right = await world.ann.client.post("/v1/projects", json=URL, headers=headers)
    assert right.status_code == 202


async def test_a_key_is_forgotten_after_a_day(world: World) -> None:
    headers = {"Idempotency-Key": "abc-4"}
    first = await world.ann.client.post("/v1/projects", json=URL, headers=headers)
    async with org_transaction(world.api, world.ann.org_id) as rows:
        await rows.execute("update idempotency_keys set created_at = now() - interval '25 hours'")
    second = await world.ann.client.post("/v1/projects", json=URL | {"title": "B"}, headers=headers)
    assert second.status_code == 202
    assert second.json()["project_id"] != first.json()["project_id"]


async def test_a_stored_answer_is_not_replaced_before_it_expires(world: World) -> None:
    """Where an equal request ended between the snapshot and the lock of the look-up, its answer stays."""
    org_id, answer = world.ann.org_id, KeptAnswer(fingerprint=b"a", status=202, headers={}, body=b"first")
    later = msgspec.structs.replace(answer, body=b"second")
    async with org_transaction(world.api, org_id) as rows:
        assert await write_answer(rows, org_id, "abc-5", answer, max_age_hours=24)
    async with org_transaction(world.api, org_id) as rows:
        assert not await write_answer(rows, org_id, "abc-5", later, max_age_hours=24)
        assert (await take_key(rows, org_id, "abc-5", max_age_hours=24)).answer == answer
        await rows.execute("update idempotency_keys set created_at = now() - interval '25 hours'")
        assert await write_answer(rows, org_id, "abc-5", later, max_age_hours=24)
        assert await take_key(rows, org_id, "abc-5", max_age_hours=24) == TakenKey(locked=True, answer=later)
        async with org_transaction(world.api, org_id) as others:
            assert await take_key(others, org_id, "abc-5", max_age_hours=24) == TakenKey(locked=False, answer=None)


async def test_old_answers_and_letters_of_all_organisations_go(world: World, postgres: Settings) -> None:
    for tenant in (world.ann, world.bob):
        for key in ("old", "new"):
            await tenant.client.post("/v1/projects", json=URL, headers={"Idempotency-Key": key})
        async with org_transaction(world.api, tenant.org_id) as rows:
            await rows.execute(
                "update idempotency_keys set created_at = now() - interval '26 hours' where key like '% old'"
            )
    letters = {tenant.org_id: [await new_letter(world, tenant) for _ in range(2)] for tenant in (world.ann, world.bob)}
    for org_id, (old, _) in letters.items():
        async with org_transaction(world.worker, org_id) as rows:
            await rows.execute(
                "update dead_letters set created_at = now() - interval '29 days' where dead_id = $1", old
            )
    relay = await create_pool(postgres.postgres_relay, size=1)
    assert await delete_old(relay) >= 4
    for tenant in (world.ann, world.bob):
        async with org_transaction(world.api, tenant.org_id) as rows:
            keys = [row["key"] for row in await rows.fetch("select key from idempotency_keys")]
            assert keys == [f"key:{tenant.key_id} createProject new"]
            kept = [row["dead_id"] for row in await rows.fetch("select dead_id from dead_letters")]
            assert kept == letters[tenant.org_id][1:]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with transaction(relay) as connection:
            await connection.fetch("select body from idempotency_keys")
    await relay.close()


async def new_member(world: World, tenant: Tenant) -> UUID:
    user_id = uuid4()
    async with world.owner.transaction():
        await set_org(world.owner, tenant.org_id)
        await set_person(world.owner, user_id)
        await world.owner.execute(
            "insert into users (user_id, email) values ($1, $2)", user_id, f"{user_id}@example.org"
        )
        await world.owner.execute("insert into memberships values ($1, $2, 'viewer')", tenant.org_id, user_id)
    return user_id


async def test_nothing_of_one_organisation_is_found_by_another(world: World) -> None:
    project_id = await new_project(world.ann)
    clip_id = await new_clip(world, world.ann, project_id)
    export = await world.ann.client.post(f"/v1/clips/{clip_id}/export", json={"aspect": "1:1"})
    upload = await world.ann.client.post("/v1/uploads/sign", json={"filename": "a.mp4", "size_bytes": 5})
    endpoint = await world.ann.client.post(
        "/v1/webhooks/endpoints", json={"url": "https://hook.example/", "events": ["project.failed"]}
    )
    tested = await world.ann.client.post(f"{endpoint.headers['location']}/test")
    asset_id, queries = uuid4(), {"previewClip": {"at_ms": 1000}, "finishProviderSignIn": {"state": "x"}}
    async with org_transaction(world.api, world.ann.org_id) as rows:
        await rows.execute(
            "insert into assets (org_id, asset_id, upload_id, object_key, kind, state) "
            "values ($1, $2, $2, 'k', 'image', 'received')",
            world.ann.org_id,
            asset_id,
        )
        share_id = await rows.fetchval(
            """insert into shares (org_id, share_id, hash, title, test, allow_download, show_organisation, created_by,
                 expires_at) values ($1, gen_random_uuid(), '\\x00', '', false, true, false, 'user:' || $2, now())
               returning share_id""",
            world.ann.org_id,
            str(uuid4()),
        )
    preview = await world.ann.client.post(
        f"/v1/clips/{clip_id}/preview", params={"at_ms": 1000}, headers={"Prefer": "respond-async"}, json={}
    )
    kit = await world.ann.client.post("/v1/brand-kits", json={"name": "ours"})
    preset = await world.ann.client.post("/v1/project-presets", json={"name": "ours", "options": {}})
    account = await world.ann.client.post("/v1/service-accounts", json={"name": "ours", "role": "viewer"})
    app = {"name": "ours", "kind": "confidential", "scopes": ["read"], "redirect_uris": ["https://app.example/"]}
    client = await world.ann.client.post("/v1/oauth/clients", json=app)
    invitation = await world.ann.client.post("/v1/invitations", json={"email": "a@example.org", "role": "viewer"})
    archive = await world.ann.client.post("/v1/organisation/archives", json={})
    ids = {
        "archive_id": archive.json()["archive_id"],
        "key_id": str(world.ann.key_id),
        "service_account_id": account.json()["service_account_id"],
        "project_id": str(project_id),
        "clip_id": str(clip_id),
        "export_id": export.json()["export_id"],
        "preview_id": preview.json()["preview_id"],
        "kit_id": kit.json()["kit_id"],
        "preset_id": preset.json()["preset_id"],
        "upload_id": upload.json()["upload_id"],
        "endpoint_id": endpoint.json()["endpoint_id"],
        "delivery_id": tested.json()["delivery_id"],
        "dead_id": str(await new_letter(world, world.ann)),
        "template": "mine",
        "asset_id": str(asset_id),
        "org_id": str(world.ann.org_id),
        "invitation_id": invitation.json()["invitation_id"],
        "user_id": str(await new_member(world, world.ann)),
        "session_id": str(uuid4()),
        "subscription_id": str(uuid4()),
        "passkey_id": str(uuid4()),
        "identity_id": str(uuid4()),
        "provider": "acme",
        "client_id": client.json()["client_id"],
        "grant_id": str(uuid4()),
        "filename": "clip-01-9x16.mp4",
        "share_id": str(share_id),
        "token": "a-token-of-no-link",
    }
    correction = {"version": 1, "edits": [{"first_word": 0, "end_word": 1, "text": "mine"}]}
    bodies: dict[str, dict[str, object]] = {
        "signParts": {"numbers": [1]},
        "replayFailedDeliveries": {"since": "2026-01-01T00:00:00Z"},
        "recoverDeliveries": {"since": "2026-01-01T00:00:00Z"},
        "editClip": {"operations": [{"op": "mute", "segment_id": "s1"}]},
        "requestExports": {"aspects": ["1:1"]},
        "changeMember": {"role": "viewer"},
        "requestClip": {"start_ms": 0, "end_ms": 9000},
        "correctTranscript": correction,
        "correctSpeakers": {"version": 1, "edits": [{"op": "rename", "speaker": "S1", "name": "mine"}]},
    }
    asked = 0
    for operation in OPERATIONS:
        names = path_parameters(operation.path)
        if not names or operation.permission == "installation:operate":  # only an operator's: a 403 for all others
            continue
        path = operation.path.format(**ids)
        body = bodies.get(operation.name, {}) if operation.method in ("POST", "PATCH") else None
        answer = await world.bob.client.request(
            operation.method, path, json=body, params=queries.get(operation.name), headers={"If-Match": "*"}
        )
        only_others = operation.of_person or operation.permission == "installation:operate"
        refusal = (403, "forbidden") if only_others else (404, "not-found")
        code = refusal[1] if operation.method == "HEAD" else answer.json()["code"]  # it has no body
        assert (answer.status_code, code) == refusal, operation.name
        asked += 1
    assert asked >= 17
    for path in ("/v1/projects", "/v1/webhooks/endpoints", "/v1/admin/dead-letters"):
        assert (await world.bob.client.get(path)).json()["items"] == []
    assert (await world.ann.client.get(f"/v1/projects/{project_id}")).status_code == 200


async def test_two_organisations_on_one_connection_never_meet(postgres: Settings) -> None:
    async with open_world(postgres, pool_size=1) as world:
        await asyncio.gather(
            *(
                tenant.client.post("/v1/projects", json=URL | {"title": name})
                for _ in range(15)
                for tenant, name in ((world.ann, "ann"), (world.bob, "bob"))
            )
        )
        for tenant, name in ((world.ann, "ann"), (world.bob, "bob")):
            items = (await tenant.client.get("/v1/projects?limit=100")).json()["items"]
            assert [item["title"] for item in items] == [name] * 15
        async with world.api.acquire() as bare:
            assert await bare.fetchval("select count(*) from projects") == 0


async def test_pages_are_stable_while_projects_arrive(world: World) -> None:
    made = [str(await new_project(world.ann)) for _ in range(5)]
    page = (await world.ann.client.get("/v1/projects?limit=2")).json()
    seen = [item["project_id"] for item in page["items"]]
    while page["next_cursor"]:
        await new_project(world.ann)
        page = (await world.ann.client.get(f"/v1/projects?limit=2&cursor={page['next_cursor']}")).json()
        seen += [item["project_id"] for item in page["items"]]
    assert seen == made[::-1]
    stolen = await world.bob.client.get("/v1/projects", params={"cursor": (await _cursor(world.ann))})
    assert stolen.json()["code"] == "cursor-invalid"


async def _cursor(tenant: Tenant) -> str:
    return str((await tenant.client.get("/v1/projects?limit=1")).json()["next_cursor"])


async def test_sounds_are_thinned_to_the_requested_points(postgres: Settings) -> None:
    objects = ObjectsTwin()
    async with open_world(postgres, objects=objects) as world:
        project_id = await new_project(world.ann)
        path = f"/v1/projects/{project_id}/sounds"
        early = await world.ann.client.get(path)
        assert (early.status_code, early.json()["code"]) == (404, "not-ready")
        await store_sounds(world, objects, project_id)
        whole = await world.ann.client.get(path, params={"points": 1_000})
        assert (whole.status_code, len(whole.json()["loudness"]["values"])) == (200, 1_000)
        thin = (await world.ann.client.get(path, params={"points": 100, "kind": "music"})).json()
        assert (thin["loudness"]["step_ms"], len(thin["loudness"]["values"])) == (1_000, 100)
        assert [event["kind"] for event in thin["events"]] == ["music"]
        held = {"If-None-Match": whole.headers["etag"]}
        assert (await world.ann.client.get(path, params={"points": 1_000}, headers=held)).status_code == 304
        assert (await world.ann.client.get(path, params={"points": 5})).status_code == 422
        assert (await world.bob.client.get(path)).status_code == 404


async def store_sounds(world: World, objects: ObjectsTwin, project_id: UUID) -> None:
    """A transcript without words that refers to 100 s of sounds, as close leaves it."""
    sounds, transcript = (ObjectRef(key=name, sha256="0" * 64, size=1) for name in ("sounds", "transcript"))
    nothing = Transcript(
        language=None,
        language_probability=0.0,
        duration_ms=100_000,
        words=[],
        segments=[],
        speech=[],
        model="",
        sounds=sounds,
    )
    objects.stored |= {"sounds": encode_document(heard_sounds(1_000)), "transcript": encode_document(nothing)}
    await store_transcript(world, project_id, transcript)


async def test_a_track_is_read_in_every_format_like_its_transcript(postgres: Settings) -> None:
    objects = ObjectsTwin()
    async with open_world(postgres, objects=objects) as world:
        project_id = await new_project(world.ann)
        path, wanted = f"/v1/projects/{project_id}/transcript", {"track": "en"}
        early = await world.ann.client.get(path, params=wanted)
        assert (early.status_code, early.json()["code"]) == (404, "not-ready")
        keys = {name: ObjectRef(key=name, sha256="0" * 64, size=1) for name in ("transcript", "corrected", "track")}
        objects.stored |= {"transcript": encode_document(two_word_transcript("Guten Tag.", "de"))}
        await store_transcript(world, project_id, keys["transcript"])
        none = await world.ann.client.get(path, params=wanted)
        assert (none.status_code, none.json()["code"]) == (404, "not-found")
        whole = msgspec.structs.replace(
            two_word_transcript("Guten Tag.", "de"), tracks={"en": keys["track"]}, version=2
        )
        async with org_transaction(world.worker, world.ann.org_id) as rows:
            await rows.execute(
                "update transcripts set object = $2 where project_id = $1", project_id, keys["corrected"]
            )
        objects.stored |= {
            "corrected": encode_document(whole),
            "track": encode_document(two_word_transcript("Good shit.", "en")),
        }
        plain = await world.ann.client.get(path, params={"format": "txt"})
        answers = {
            name: await world.ann.client.get(path, params=wanted | {"format": name})
            for name in ("json", "srt", "vtt", "ass", "ttml", "txt")
        }
        assert plain.text == "Guten Tag.\n"
        assert answers["txt"].text == "Good shit.\n"
        assert (answers["json"].json()["language"], answers["json"].json()["version"]) == ("en", 2)
        assert all("Good shit." in answers[name].text for name in ("srt", "vtt", "ass", "ttml"))
        assert f"transcript-{project_id}.en.srt" in answers["srt"].headers["content-disposition"]
        assert len({plain.headers["etag"], *(one.headers["etag"] for one in answers.values())}) == 7
        masked = await world.ann.client.get(path, params=wanted | {"format": "txt", "mask": "true"})
        assert masked.text == "Good s***.\n"
        assert masked.headers["etag"] != answers["txt"].headers["etag"]
        held = {"If-None-Match": answers["srt"].headers["etag"]}
        again = await world.ann.client.get(path, params=wanted | {"format": "srt"}, headers=held)
        assert again.status_code == 304
        assert (await world.ann.client.get(path, params={"track": "fr"})).status_code == 422
        assert (await world.bob.client.get(path, params=wanted)).status_code == 404


def two_word_transcript(text: str, language: str) -> Transcript:
    """Two words in one segment."""
    words = [Word(text=one, start_ms=at, end_ms=at + 400, probability=0.9) for at, one in enumerate(text.split())]
    segment = Segment(start_ms=0, end_ms=401, text=text, first_word=0, end_word=2, language=language)
    return Transcript(
        language=language, language_probability=0.9, duration_ms=9_000, words=words, segments=[segment], speech=[],
        model="m",
    )  # fmt: skip


async def test_an_erased_project_is_gone_and_stays_gone(world: World) -> None:
    project_id = await new_project(world.ann)
    path = f"/v1/projects/{project_id}"
    for _ in range(2):
        answer = await world.ann.client.delete(path)
        assert (answer.status_code, answer.json()["state"]) == (202, "erased")
    for sub in ("", "/events", "/transcript", "/sounds", "/moments", "/clips"):
        gone = await world.ann.client.get(path + sub)
        assert (gone.status_code, gone.json()["code"]) == (410, "project-erased"), sub
    assert (await world.ann.client.get("/v1/projects")).json()["items"] == []
    types = [row["headers"]["ce_type"] for row in await outbox(world, world.ann)]
    skipped = ["clipstream.ProjectProgressed"] * len(PROJECT_STAGES)
    assert types == ["clipstream.UploadReceived", *skipped, "clipstream.ProjectCancelled", "clipstream.ProjectErased"]


async def test_a_request_during_an_erasure_finds_no_project(world: World) -> None:
    project_id = await new_project(world.ann)
    clip_id = await new_clip(world, world.ann, project_id)
    cause = Cause(input_id=project_id, source="test", now=dt.datetime.now(dt.UTC))
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        await project_lifecycle.erase_project(rows, world.ann.org_id, project_id, cause)
        wish = asyncio.create_task(world.ann.client.post(f"/v1/clips/{clip_id}/export", json={"aspect": "1:1"}))
        await until_blocked(world.api)
        assert not wish.done()
    assert (await wish).status_code == 404
    types = [row["headers"]["ce_type"] for row in await outbox(world, world.ann)]
    assert "clipstream.ExportRequested" not in types
