"""Fuzzing: for seeded random requests to every operation, the API answers with its own problems.

Half of the requests name existing resources, in bodies that are nearly valid; requests for missing ones end early.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import httpx2
from msgspec import inspect

from api.http.answer_form.versions import HEADER, NEWEST
from api.http.operations import WRITES, Operation, path_parameters
from api.routes import OPERATIONS
from core.infra.postgres.connection import org_transaction
from core.settings import Settings
from schemas.common import ObjectRef
from schemas.documents import encode_document
from schemas.ids import result_id
from tests.api.fakes import AnalyticsTwin, ObjectsTwin
from tests.api.openapi_checks import undocumented, unnamed
from tests.contract.api.test_api_files import finish, store_file
from tests.contract.rigs.api_world import World, new_clip, new_project, open_world
from tests.core.domain.editing.test_output_words import transcript

ROUNDS = 40
TEXTS = (
    "", "a", "\0", "é" * 300, "x" * 5000, "../..", "%00", "'; drop table projects; --", "𝕏\u202e", "null", "9:16", "en",
    "https://a.example/v.mp4", "http://[::1]/", "http://169.254.169.254/", "file:///etc/passwd", "https://a.example:99999/",
    "2026-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59Z", str(uuid4()), "1", "-1", "1e400",
    "NaN", "9999999999", "99999999999999999999", "s1", "s1\n", "#ffffff", "#ffffff\n", "en\n", "a" * 500,
    "minimal", "\x01", "00:00:00:00",
)  # fmt: skip
NUMBERS = (0, 1, -1, 3.5, 2**31, 2**53, 2**63 - 1, -(2**63), 2**64, 1e308)


def value(rng: random.Random, depth: int = 0) -> Any:
    kind = rng.randrange(8 if depth < 3 else 5)
    if kind < 2:
        return rng.choice(TEXTS)
    if kind < 4:
        return rng.choice(NUMBERS)
    if kind == 4:
        return rng.choice([None, True, False])
    if kind == 5:
        return [value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {rng.choice(["title", "options", "parts", "url", "q"]): value(rng, depth + 1) for _ in range(3)}


Known = Mapping[str, str]
"""Ids of what is there, by the name of the path parameter."""


def fitting(rng: random.Random, kind: inspect.Type, known: Known, depth: int = 0) -> Any:
    """A value that is nearly valid for a type: of its structure, with odd numbers and texts."""
    if depth > 6 or rng.random() < 0.03:
        return value(rng)
    match kind:
        case inspect.BoolType():
            return rng.random() < 0.5
        case inspect.IntType(ge=least, le=most) if rng.random() < 0.7:
            return rng.choice([least or 0, (least or 0) + 1, most or 1000])
        case inspect.IntType() | inspect.FloatType():
            return rng.choice([*NUMBERS, 0.5, 2, 12_000, 30_000])
        case inspect.StrType():
            return rng.choice(TEXTS)
        case inspect.UUIDType():
            return rng.choice([*known.values(), str(uuid4())])
        case inspect.LiteralType(values=values):
            return rng.choice(values)
        case inspect.UnionType(types=kinds):
            return fitting(rng, rng.choice(kinds), known, depth)
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            return [fitting(rng, item, known, depth + 1) for _ in range(rng.randrange(4))]
        case inspect.DictType(key_type=key, value_type=item):
            keys = [fitting(rng, key, known, depth + 1) for _ in range(rng.randrange(3))]
            return {str(key): fitting(rng, item, known, depth + 1) for key in keys}
        case inspect.StructType(fields=fields, tag_field=tag_field, tag=tag):
            told = {tag_field: tag} if tag_field else {}
            wanted = [one for one in fields if one.required or rng.random() < 0.4]
            return told | {one.encode_name: fitting(rng, one.type, known, depth + 1) for one in wanted}
    return None


def body(rng: random.Random, operation: Operation, known: Known) -> bytes:
    if operation.request is None or rng.random() < 0.1:
        return rng.choice([b"", b"{", b"[]", b"\xff\xfe", b'{"title":"\\ud800"}', b"null", b"[" * 2000])
    if rng.random() < 0.6:
        return json.dumps(fitting(rng, inspect.type_info(operation.request), known)).encode()
    names = operation.request.__struct_fields__
    fields = {name: value(rng) for name in names if rng.random() < 0.7}
    if operation.name == "createProject" and rng.random() < 0.5:
        fields = {"source_url": "https://a.example/v.mp4", "options": {"max_clips": rng.choice(NUMBERS)}}
    return json.dumps(fields).encode()


async def send(rng: random.Random, client: httpx2.AsyncClient, operation: Operation, known: Known) -> httpx2.Response:
    there = known if operation.method != "DELETE" and rng.random() < 0.7 else {}
    ids = {
        name: there.get(name) or rng.choice([str(uuid4()), "x", "%00", "%2e%2e"])
        for name in path_parameters(operation.path)
    }
    query = {}
    if operation.query is not None:
        fields = inspect.type_info(operation.query).fields  # type: ignore[attr-defined]
        query = {one.encode_name: rng.choice(TEXTS) for one in fields if rng.random() < 0.2}
        query |= {one.encode_name: fitting(rng, one.type, known) for one in fields if rng.random() < 0.3}
        query = {name: one for name, one in query.items() if one is not None}
    headers = {"Content-Type": "application/json", "If-Match": "*", "Prefer": "respond-async", HEADER: NEWEST}
    if rng.random() < 0.2:
        headers["Idempotency-Key"] = rng.choice(["k", "k" * 255, "k" * 256, "a b"])
    if rng.random() < 0.2:
        headers["Host"] = rng.choice(["[", "a b", "evil.example"])
    if rng.random() < 0.2:
        headers["Last-Event-ID"] = rng.choice(["1", "x", "9" * 40])
    content = body(rng, operation, known) if operation.method in WRITES else None
    return await client.request(
        operation.method, operation.path.format(**ids), params=query, content=content, headers=headers
    )


async def project_resources(world: World, objects: ObjectsTwin) -> dict[str, str]:
    """A finished project of Ann's with one of everything."""
    ann, post = world.ann, world.ann.client.post
    project_id = await new_project(ann)
    clip_id = await new_clip(world, ann, project_id)
    export = (await post(f"/v1/clips/{clip_id}/export", json={})).json()["export_id"]
    await finish(world, objects, export, b"film", stems=True)
    picture = store_file(objects, "picture", b"png")
    said = store_file(objects, "said", encode_document(transcript()))
    preview_id, upload_id = uuid4(), uuid4()
    asset_id = result_id(upload_id, "asset")
    hook = await post("/v1/webhooks/endpoints", json={"url": "https://hook.example/", "events": ["*"]})
    delivery_id = (await post(f"{hook.headers['location']}/test")).json()["delivery_id"]
    kit = (await post("/v1/brand-kits", json={"name": "House", "template": "minimal"})).json()["kit_id"]
    preset = (await post("/v1/project-presets", json={"name": "Talks", "options": {"max_clips": 2}})).json()[
        "preset_id"
    ]
    async with org_transaction(world.worker, ann.org_id) as rows:
        await rows.execute("update projects set state = 'completed' where project_id = $1", project_id)
        await rows.execute(
            """insert into transcripts (org_id, project_id, version, object, language, word_count)
               values ($1, $2, 1, $3, 'en', 6)""",
            ann.org_id, project_id, said,
        )  # fmt: skip
    async with org_transaction(world.api, ann.org_id) as rows:
        await rows.execute(
            """insert into previews (org_id, preview_id, project_id, clip_id, at_ms, state, picture)
               values ($1, $2, $3, $4, 0, 'done', $5)""",
            ann.org_id, preview_id, project_id, clip_id, picture,
        )  # fmt: skip
        await rows.execute(
            """insert into uploads (org_id, upload_id, object_key, filename, content_type, size_bytes, state, purpose)
               values ($1, $2, $3, 'l.png', 'image/png', 7, 'complete', 'image')""",
            ann.org_id, upload_id, f"{ann.org_id}/uploads/{upload_id}/source.png",
        )  # fmt: skip
        await rows.execute(
            """insert into assets (org_id, asset_id, upload_id, object_key, kind, state, checked)
               values ($1, $2, $3, 'k', 'image', 'checked', $4)""",
            ann.org_id, asset_id, upload_id,
            {"kind": "image", "object": ObjectRef(key="a/b.png", sha256="0", size=1)},
        )  # fmt: skip
    found = {"project_id": project_id, "clip_id": clip_id, "export_id": UUID(export), "preview_id": preview_id}
    found |= {"kit_id": UUID(kit), "preset_id": UUID(preset), "asset_id": asset_id, "upload_id": upload_id}
    found |= {"endpoint_id": UUID(hook.json()["endpoint_id"]), "delivery_id": UUID(delivery_id)}
    return {name: str(one) for name, one in found.items()}


async def test_invalid_requests_never_cause_a_server_error(postgres: Settings) -> None:
    rng = random.Random(20261121)
    counts: dict[int, int] = {}
    summary = dict.fromkeys(("projects_started", "clips"), 0)
    objects = ObjectsTwin()
    async with open_world(postgres, analytics=AnalyticsTwin([summary]), objects=objects, uploads=objects) as world:
        known = await project_resources(world, objects)
        for operation in OPERATIONS:
            if operation.tag == "analytics" or operation.name == "followOrganisation":  # whose stream has no end
                continue
            for _ in range(ROUNDS):
                answer = await send(rng, world.ann.client, operation, known)
                counts[answer.status_code] = counts.get(answer.status_code, 0) + 1
                assert answer.status_code < 500, (
                    operation.name,
                    answer.request.content,
                    answer.request.url,
                    answer.text,
                )
                if answer.status_code in operation.faults:
                    assert set(answer.json()) == {"error", "error_description"}, operation.name
                elif answer.status_code >= 400 and operation.method != "HEAD":
                    assert answer.headers["content-type"] == "application/problem+json", operation.name
                    assert answer.json()["status"] == answer.status_code
                told = [*undocumented(operation, answer), *unnamed(operation, answer)]
                assert not told, (operation.name, told, answer.request.url, answer.request.content)
    assert {200, 202, 404, 409, 422} <= set(counts)


async def test_odd_paths_are_not_found(postgres: Settings) -> None:
    async with open_world(postgres) as world:
        for path in (
            "/web/%00",
            "/web/../app.py",
            "/web/%2e%2e/app.py",
            "/v1/projects/",
            "/web",
            "/problems/%00",
        ):
            answer = await world.ann.client.get(path)
            assert answer.status_code == 404, path
            assert answer.json()["code"] == "not-found"
