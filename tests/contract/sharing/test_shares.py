"""Share links on real stores: what they show, to whom, how they end, and what they give away."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx2
import msgspec
import pytest
import structlog

from api.http.limits.rate_limits import TokenBuckets
from api.routes import OPERATIONS
from core.infra.postgres.connection import org_transaction
from core.infra.postgres.outbox import Cause
from core.infra.s3.object_store import S3Objects
from core.services import project_lifecycle
from core.services.erasure import erase
from core.services.identity.opaque_tokens import hash_token
from core.settings import Settings
from tests.api.openapi_checks import undocumented, unnamed
from tests.contract.rigs.api_world import World, client_of, new_clip, new_project, open_world
from tests.contract.rigs.people import join
from tests.contract.sharing.rig import BASE, FILM, VTT, anybody, finished_export, share

pytestmark = pytest.mark.contract
HIDDEN = {
    "cache-control": "no-store",
    "x-robots-tag": "noindex, nofollow",
    "referrer-policy": "no-referrer",
}


async def public(world: World, token: str, more: str = "") -> httpx2.Response:
    return await anybody(world).get(f"/v1/public/shares/{token}{more}")


def told(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_a_link_changed_meanwhile_is_not_overwritten(world: World, store: S3Objects) -> None:
    made = await share(world.ann, await finished_export(world, world.ann, store))
    path, client = f"/v1/shares/{made['share_id']}", world.ann.client
    held = (await client.get(path)).headers["etag"]
    assert (await public(world, made["token"])).status_code == 200
    assert (await client.get(path)).headers["etag"] == held, "a view is no change"
    assert (await client.patch(path, json={"title": "One"}, headers={"If-Match": held})).status_code == 200
    refused = await client.patch(path, json={"title": "Two"}, headers={"If-Match": held})
    assert told(refused) == (412, "changed-meanwhile")
    read = await client.get(path)
    assert (read.json()["title"], read.headers["etag"]) == ("One", refused.headers["etag"])
    assert (await client.patch(path, json={"title": "Two"})).json()["title"] == "Two"


async def test_a_link_shows_clips_without_an_account(world: World, store: S3Objects) -> None:
    first = await finished_export(world, world.ann, store, title="<The> first")
    second = await finished_export(world, world.ann, store, captions=True, spoken=False, size_px=(1920, 1080))
    made = await share(world.ann, second, first, title="Two of them", show_organisation=True, expires_in_s=86_400)
    assert made["state"] == "live"
    assert [export["export_id"] for export in made["exports"]] == [str(second.export_id), str(first.export_id)]
    answer = await public(world, made["token"])
    assert answer.status_code == 200, answer.text
    assert {name: answer.headers[name] for name in HIDDEN} == HIDDEN
    shown = answer.json()
    assert (shown["title"], shown["organisation"]) == ("Two of them", "Ann")
    assert (shown["page_url"], shown["embed_url"]) == (made["url"], f"{BASE}/embed/{made['token']}")
    wide, tall = shown["clips"]
    assert (wide["width_px"], wide["burned_in_captions"], wide["captions"]) == (1920, True, [])
    assert (tall["title"], tall["kind"], tall["content_type"], tall["draft"]) == (
        "<The> first", "video", "video/mp4", False,
    )  # fmt: skip
    assert [(track["language"], track["shown"]) for track in tall["captions"]] == [("en", True), ("de", False)]
    async with httpx2.AsyncClient(trust_env=False) as browser:
        film = await browser.get(tall["video_url"], headers={"Range": "bytes=4-7"})
        assert (film.status_code, film.content) == (206, FILM[4:8])
        assert (await browser.get(tall["download"]["url"])).content == FILM
        assert (await browser.get(tall["poster_url"])).headers["content-type"] == "image/jpeg"
    for track, words in zip(tall["captions"], (VTT, VTT.replace(b"Words", b"Worte")), strict=True):
        read = await anybody(world).get(track["url"])
        assert (read.status_code, read.content) == (200, words)
        assert read.headers["content-type"].startswith("text/vtt")
        assert read.headers["x-robots-tag"] == HIDDEN["x-robots-tag"]
    other = await public(world, made["token"], f"/exports/{tall['export_id']}/captions.vtt?language=fr")
    assert told(other) == (404, "not-found")
    foreign = await finished_export(world, world.ann, store)
    beside = await public(world, made["token"], f"/exports/{foreign.export_id}/captions.vtt")
    assert told(beside) == (404, "not-found"), "what the link does not show"
    embedded = await anybody(world).get("/v1/public/oembed", params={"url": made["url"]})
    listed = await world.ann.client.get("/v1/shares")
    for name, given in (("getPublicShare", answer), ("getOembed", embedded), ("listShares", listed)):
        operation = next(one for one in OPERATIONS if one.name == name)
        assert [*undocumented(operation, given), *unnamed(operation, given)] == []


async def test_only_its_hash_is_kept_and_its_address_is_shown_once(world: World, store: S3Objects) -> None:
    made = await share(world.ann, await finished_export(world, world.ann, store))
    path = f"/v1/shares/{made['share_id']}"
    for answer in (await world.ann.client.get(path), await world.ann.client.get("/v1/shares")):
        assert made["token"] not in answer.text
    async with org_transaction(world.api, world.ann.org_id) as rows:
        kept = dict(await rows.fetchrow("select * from shares"))
    assert kept["hash"] == hash_token(made["token"])
    assert made["token"] not in str(kept)
    again = (await world.ann.client.patch(path, json={"new_link": True})).json()
    assert again["token"] not in (None, made["token"])
    assert told(await public(world, made["token"])) == (404, "not-found")
    assert (await public(world, again["token"])).status_code == 200


async def test_a_repeated_request_makes_one_link(world: World, store: S3Objects) -> None:
    one = await finished_export(world, world.ann, store)
    headers = {"Idempotency-Key": str(uuid4())}
    body = {"export_ids": [str(one.export_id)]}
    first, second = [await world.ann.client.post("/v1/shares", json=body, headers=headers) for _ in range(2)]
    assert first.content == second.content
    assert len((await world.ann.client.get("/v1/shares")).json()["items"]) == 1


async def test_a_clip_is_shared_as_its_newest_finished_export(world: World, store: S3Objects) -> None:
    old = await finished_export(world, world.ann, store)
    new = await finished_export(world, world.ann, store, project_id=old.project_id, clip_id=old.clip_id)
    made = (await world.ann.client.post("/v1/shares", json={"clip_ids": [str(old.clip_id)]})).json()
    assert [export["export_id"] for export in made["exports"]] == [str(new.export_id)]
    await finished_export(world, world.ann, store, project_id=old.project_id, clip_id=old.clip_id)
    shown = (await public(world, made["token"])).json()["clips"]
    assert [clip["export_id"] for clip in shown] == [str(new.export_id)], "a later one changes nothing"
    bare = await new_clip(world, world.ann, await new_project(world.ann))
    refused = await world.ann.client.post("/v1/shares", json={"clip_ids": [str(bare)]})
    assert told(refused) == (409, "export-not-done")


@pytest.mark.parametrize(
    ("wish", "pointer"),
    [
        ({}, "/export_ids"),
        ({"clip_ids": [str(UUID(int=1))], "export_ids": [str(UUID(int=1))]}, "/export_ids"),
        ({"export_ids": []}, "/export_ids"),
        ({"export_ids": [str(UUID(int=1))] * 2}, "/export_ids/1"),
        ({"export_ids": [str(UUID(int=number)) for number in range(51)]}, "/export_ids"),
        ({"export_ids": [str(UUID(int=1))], "expires_in_s": 59}, "/expires_in_s"),
        ({"export_ids": [str(UUID(int=1))], "expires_in_s": 367 * 86_400}, "/expires_in_s"),
        ({"export_ids": [str(UUID(int=1))], "expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"export_ids": [str(UUID(int=1))], "expires_at": "2999-01-01T00:00:00Z"}, "/expires_at"),
        ({"export_ids": [str(UUID(int=1))], "expires_at": "2999-01-01T00:00:00Z", "expires_in_s": 60}, "/expires_at"),
        ({"export_ids": [str(UUID(int=1))], "title": "x" * 201}, "/title"),
    ],
)
async def test_a_wrong_request_is_refused(world: World, wish: dict[str, Any], pointer: str) -> None:
    refused = await world.ann.client.post("/v1/shares", json=wish)
    assert told(refused) == (422, "invalid")
    assert pointer in [error["pointer"] for error in refused.json()["errors"]]


async def test_what_is_of_others_is_not_there(world: World, store: S3Objects) -> None:
    one = await finished_export(world, world.ann, store)
    made = await share(world.ann, one)
    for wish in ({"export_ids": [str(one.export_id)]}, {"clip_ids": [str(one.clip_id)]}):
        assert told(await world.bob.client.post("/v1/shares", json=wish)) == (404, "not-found")
    path = f"/v1/shares/{made['share_id']}"
    for method, body in (("GET", None), ("PATCH", {"title": "Mine"}), ("DELETE", None)):
        assert told(await world.bob.client.request(method, path, json=body)) == (404, "not-found")
    assert (await world.bob.client.get("/v1/shares")).json()["items"] == []
    assert (await public(world, made["token"])).status_code == 200


async def test_who_may_see_links_and_who_may_make_them(world: World, postgres: Settings, store: S3Objects) -> None:
    one = await finished_export(world, world.ann, store)
    made = await share(world.ann, one)
    wish, path = {"export_ids": [str(one.export_id)]}, f"/v1/shares/{made['share_id']}"
    owner = await join(world, postgres, world.ann, "owner")
    for role, reads, writes in (("editor", 200, 201), ("viewer", 200, 403), ("billing", 403, 403)):
        person = await join(world, postgres, owner, role)
        assert (await person.client.get("/v1/shares")).status_code == reads
        assert (await person.client.get(path)).status_code == reads
        assert (await person.client.post("/v1/shares", json=wish)).status_code == writes
        assert (await person.client.patch(path, json={})).status_code == (200 if writes == 201 else 403)
    entries = (await world.ann.client.get("/v1/audit", params={"operation": "createShare"})).json()["items"]
    assert {entry["outcome"] for entry in entries} == {"done", "refused"}
    assert entries[-1]["target_ids"] == [made["share_id"]]


async def test_a_test_key_shares_drafts_alone(world: World, store: S3Objects) -> None:
    live = await finished_export(world, world.ann, store)
    wish = {"name": "A trial", "scopes": ["read", "write"], "test": True}
    key = (await world.ann.client.post("/v1/keys", json=wish)).json()["key"]
    trial = client_of(world.app, key)
    refused = await trial.post("/v1/shares", json={"export_ids": [str(live.export_id)]})
    assert told(refused) == (403, "forbidden")
    assert told(await trial.post("/v1/shares", json={"clip_ids": [str(live.clip_id)]})) == (409, "export-not-done")
    draft = await finished_export(world, world.ann, store, test=True, project_id=live.project_id, clip_id=live.clip_id)
    made = (await trial.post("/v1/shares", json={"clip_ids": [str(live.clip_id)]})).json()
    assert made["test"] is True
    (shown,) = (await public(world, made["token"])).json()["clips"]
    assert (shown["export_id"], shown["draft"]) == (str(draft.export_id), True)
    mine = await share(world.ann, live)
    assert told(await trial.patch(f"/v1/shares/{mine['share_id']}", json={"title": "x"})) == (403, "forbidden")


async def end_by_revoking(world: World, share_id: str) -> None:
    for _ in range(2):
        assert (await world.ann.client.delete(f"/v1/shares/{share_id}")).status_code == 204


async def end_by_time(world: World, share_id: str) -> None:
    async with org_transaction(world.api, world.ann.org_id) as rows:
        await rows.execute("update shares set expires_at = now() - interval '1 s' where share_id = $1", UUID(share_id))


@pytest.mark.parametrize(
    ("end", "state", "why"), [(end_by_revoking, "revoked", "taken back"), (end_by_time, "expired", "expired on")]
)
async def test_a_link_that_has_ended_says_so_to_who_has_it(
    world: World, store: S3Objects, end: Callable[[World, str], Awaitable[None]], state: str, why: str
) -> None:
    one = await finished_export(world, world.ann, store)
    made = await share(world.ann, one)
    path = f"/v1/shares/{made['share_id']}"
    await end(world, made["share_id"])
    ended = await public(world, made["token"])
    assert told(ended) == (404, "share-ended")
    assert why in ended.json()["detail"]
    captions = await public(world, made["token"], f"/exports/{one.export_id}/captions.vtt")
    assert told(captions) == (404, "share-ended")
    strange = await public(world, made["token"][:-1] + ("A" if made["token"][-1] != "A" else "B"))
    assert told(strange) == (404, "not-found")
    assert (await world.ann.client.get(path)).json()["state"] == state
    listed = await world.ann.client.get("/v1/shares", params={"state": state})
    assert [item["share_id"] for item in listed.json()["items"]] == [made["share_id"]]
    prolonged = await world.ann.client.patch(path, json={"expires_in_s": 3600})
    if state == "revoked":
        assert told(prolonged) == (409, "share-revoked")
    else:
        assert prolonged.json()["state"] == "live"
        assert (await public(world, made["token"])).status_code == 200


async def test_what_is_erased_leaves_the_page_at_once(world: World, store: S3Objects) -> None:
    gone, kept = [await finished_export(world, world.ann, store) for _ in range(2)]
    both, one = await share(world.ann, gone, kept), await share(world.ann, gone, title="Words of the project")
    cause = Cause(input_id=uuid4(), source="api", now=dt.datetime.now(dt.UTC))
    async with org_transaction(world.api, world.ann.org_id) as rows:
        await project_lifecycle.erase_project(rows, world.ann.org_id, gone.project_id, cause)
    assert [clip["export_id"] for clip in (await public(world, both["token"])).json()["clips"]] == [str(kept.export_id)]
    assert told(await public(world, one["token"])) == (404, "share-ended")
    assert (await world.ann.client.get(f"/v1/shares/{one['share_id']}")).json()["state"] == "empty"
    await erase(world.worker, store, world.ann.org_id, gone.project_id)
    assert (await world.ann.client.get(f"/v1/shares/{one['share_id']}")).status_code == 404, "its title went, too"
    assert told(await public(world, one["token"])) == (404, "not-found")
    left = (await world.ann.client.get(f"/v1/shares/{both['share_id']}")).json()
    assert [export["export_id"] for export in left["exports"]] == [str(kept.export_id)]


async def test_an_erased_organisation_shows_nothing(world: World, store: S3Objects) -> None:
    made = await share(world.ann, await finished_export(world, world.ann, store), show_organisation=True)
    async with world.owner.transaction():
        await world.owner.execute("update orgs set erased_at = now(), name = '' where org_id = $1", world.ann.org_id)
    assert told(await public(world, made["token"])) == (404, "share-ended")


async def test_views_are_counted_without_a_trace_of_visitors(world: World, store: S3Objects) -> None:
    one = await finished_export(world, world.ann, store)
    made = await share(world.ann, one)
    path = f"/v1/shares/{made['share_id']}"
    assert (await world.ann.client.get(path)).json()["last_viewed_at"] is None
    with structlog.testing.capture_logs() as logged:
        for _ in range(2):
            await public(world, made["token"])
        await anybody(world).get(f"/s/{made['token']}")
        await anybody(world).get(f"/embed/{made['token']}")
        await anybody(world).head(f"/s/{made['token']}")
        await anybody(world).get(f"/s/{made['token']}", headers={"Sec-Purpose": "prefetch"})
        await public(world, made["token"], f"/exports/{one.export_id}/captions.vtt")
        await asyncio.gather(*(anybody(world).get(f"/s/{made['token']}/x") for _ in range(2)))
    read = (await world.ann.client.get(path)).json()
    assert (read["views"], read["last_viewed_at"] is not None) == (4, True)
    assert made["token"] not in str(logged), "who reads the log could open it"
    assert any(entry.get("path") == "/s/…" for entry in logged)
    async with org_transaction(world.api, world.ann.org_id) as rows:
        assert "203.0.113.9" not in str([dict(row) for row in await rows.fetch("select * from shares")])


async def test_the_list_has_pages(world: World, store: S3Objects) -> None:
    one = await finished_export(world, world.ann, store)
    made = [(await share(world.ann, one))["share_id"] for _ in range(3)]
    other = await share(world.ann, await finished_export(world, world.ann, store))
    client = world.ann.client
    first = (await client.get("/v1/shares", params={"limit": 2})).json()
    second = (await client.get("/v1/shares", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [item["share_id"] for item in first["items"] + second["items"]] == [other["share_id"], *reversed(made)]
    assert second["next_cursor"] is None
    of_project = (await client.get("/v1/shares", params={"project_id": str(one.project_id)})).json()["items"]
    assert {item["share_id"] for item in of_project} == set(made)
    changed = await client.patch(
        f"/v1/shares/{made[0]}", json={"title": " New ", "allow_download": False, "show_organisation": True}
    )
    names = ("title", "allow_download", "show_organisation", "url")
    assert [changed.json()[name] for name in names] == ["New", False, True, None]


@pytest.mark.parametrize("path", ["/v1/public/shares/{}", "/s/{}", "/embed/{}"])
async def test_guessing_is_slowed_and_other_addresses_are_not(postgres: Settings, store: S3Objects, path: str) -> None:
    """Tokens have 256 random bits: the limit keeps guesses from being a load."""
    limits = {"share_reads": TokenBuckets(4 * 8, lambda: 0.0), "refusals": TokenBuckets(4 * 5, lambda: 0.0)}
    async with open_world(msgspec.structs.replace(postgres, public=BASE), objects=store, **limits) as world:
        made = await share(world.ann, await finished_export(world, world.ann, store))
        guesser = anybody(world)
        states = [(await guesser.get(path.format(f"clw_{'A' * 43}"))).status_code for _ in range(7)]
        assert states == [404] * 5 + [429] * 2
        assert (await guesser.get(path.format(made["token"]))).status_code == 200, "the link itself still opens"
        limited = await guesser.get(path.format(made["token"]))
        assert limited.status_code == 429
        assert int(limited.headers["retry-after"]) > 0
        assert (await anybody(world, "203.0.113.10").get(path.format(made["token"]))).status_code == 200


@pytest.mark.parametrize(
    "token", ["x", "clw_", "%00", "clw_" + "A" * 43, "A" * 5000, "é" * 20, "' or 1=1 --", "..%2f.."]
)
async def test_strange_tokens_are_not_found(world: World, token: str) -> None:
    for path in (f"/v1/public/shares/{token}", f"/s/{token}", f"/embed/{token}"):
        answer = await anybody(world).get(path)
        assert answer.status_code in (404, 429), path


async def test_oembed_names_the_player(world: World, store: S3Objects) -> None:
    made = await share(world.ann, await finished_export(world, world.ann, store), title='A "title" & more')
    ask = {"url": made["url"], "maxwidth": 300, "format": "json"}
    answer = (await anybody(world).get("/v1/public/oembed", params=ask)).json()
    assert (answer["type"], answer["version"], answer["title"]) == ("video", "1.0", 'A "title" & more')
    assert (answer["width"], answer["height"]) == (300, 360)
    assert f'src="{BASE}/embed/{made["token"]}"' in answer["html"]
    assert "A &quot;title&quot; &amp; more" in answer["html"]
    for url in ("https://evil.example/s/x", f"{BASE}/s/clw_{'A' * 43}", f"{BASE}.evil.example/s/{made['token']}"):
        assert (await anybody(world).get("/v1/public/oembed", params={"url": url})).status_code == 404
    assert (await world.ann.client.get(f"/v1/shares/{made['share_id']}")).json()["views"] == 0
