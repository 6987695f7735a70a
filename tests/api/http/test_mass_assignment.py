"""Fields that a caller may not set: ids, owners, roles, plans, states. No body and no query takes one.

Generated from the OpenAPI document: each operation, each object inside of its body, each field of its answer that is
not a field of its body, and the names that such attacks try.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import msgspec
import pytest

from api.http.validation import field_errors
from api.openapi.examples import request_examples
from api.routes import OPERATIONS
from schemas.validation.field_errors import MAX_ERRORS
from tests.api.conftest import OpenClient

DOCUMENT = json.loads(files("api").joinpath("openapi.json").read_text())
BY_NAME = {operation.name: operation for operation in OPERATIONS}
NEVER_SET = (
    "id", "_id", "org_id", "organisation_id", "organization_id", "tenant_id", "user_id", "owner", "owner_id", "actor",
    "created_by", "role", "roles", "scopes", "permissions", "operator", "is_admin", "admin", "superuser", "plan",
    "limits", "quota", "credits", "test", "live", "state", "status", "verified", "email_verified", "password_hash",
    "hash", "secret", "sealed", "version", "revision", "created_at", "updated_at", "deleted_at", "expires_at",
    "object_key", "fence", "stripe_customer", "subscription", "cpu_ms", "cost", "watermark", "__proto__", "constructor",
)  # fmt: skip
MAPS = {
    *((name, "/metadata") for name in ("createProject", "changeProject", "requestClip", "changeClip")),
    *((name, "/metadata") for name in ("requestExport", "requestExports", "changeExport")),
    *((name, f"/{field}") for name in ("createBrandKit", "changeBrandKit") for field in ("colours", "fonts")),
    ("setWeights", "/genres"), ("setWeights", "/quiet"),
}  # fmt: skip
"""Objects whose names are the caller's own, or are checked one by one (genres); nothing of ours is kept among them."""
IGNORING = {
    *(
        (name, f"/options/{field}/0")
        for name in ("estimateProject", "createProject", "createProjectPreset", "changeProjectPreset")
        for field in ("skip", "ranges")
    ),
    # above: time ranges, as events have them
    ("editClip", "/operations/0/keys/0/crop"),  # a crop, as documents have it
    ("registerPasskey", "/credential"), ("signInWithPasskey", "/credential"),  # a browser's, verified whole
    ("uploadVideo", ""),  # a form, read by hand: below
}  # fmt: skip
"""Objects that drop what they do not know, or that are checked elsewhere: no field of them is kept by its name."""
MIN_OBJECTS = 60
JSON, FORM = "application/json", "multipart/form-data"

SENT_BY_OTHERS = {"finishProviderSignIn"}
"""Operations whose query a provider writes: unknown parameters are ignored (RFC 6749, 4.1.2)."""


def _bodies() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Operation, media type and schema of each body that has fields."""
    for methods in DOCUMENT["paths"].values():
        for operation in methods.values():
            if isinstance(operation, dict):
                for medium, content in operation.get("requestBody", {}).get("content", {}).items():
                    if medium in (JSON, FORM):
                        yield operation["operationId"], medium, content["schema"]


def _objects(schema: Mapping[str, Any], pointer: str = "", within: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Pointer and schema of each object inside of a schema."""
    reference = schema.get("$ref")
    if reference is not None:
        if reference in within:
            return
        within, schema = (*within, reference), DOCUMENT["components"]["schemas"][reference.rpartition("/")[2]]
    for branch in [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]:
        yield from _objects(branch, pointer, within)
    if schema.get("type") == "object":
        yield pointer, schema
        for name, field in schema.get("properties", {}).items():
            yield from _objects(field, f"{pointer}/{name}", within)
    if "items" in schema:
        yield from _objects(schema["items"], f"{pointer}/0", within)


def test_every_object_of_a_body_is_closed() -> None:
    """What takes any name is listed above with its reason; a new object of that kind fails here."""
    found = [
        (operation, pointer, schema.get("additionalProperties", True))
        for operation, _, body in _bodies()
        for pointer, schema in _objects(body)
    ]
    opened = {(operation, pointer) for operation, pointer, more in found if more is not False}
    assert opened == MAPS | IGNORING
    assert len(found) >= MIN_OBJECTS


def _answered_fields(operation: str) -> set[str]:
    """Names of the fields of an operation's good answers: what it tells, and a caller may try to set."""
    for methods in DOCUMENT["paths"].values():
        for found in methods.values():
            if isinstance(found, dict) and found.get("operationId") == operation:
                schemas = [
                    content["schema"]
                    for status, answer in found["responses"].items() if status.startswith("2")
                    for content in answer.get("content", {}).values() if "schema" in content
                ]  # fmt: skip
                return {
                    name for schema in schemas for _, part in _objects(schema) for name in part.get("properties", ())
                }
    raise KeyError(operation)


def _tries(operation: str, shape: Mapping[str, Any], body: Any) -> Iterator[tuple[str, list[str], Any]]:
    """Pointer of an object, the fields that it does not have, and the body with these fields in it."""
    closed = {pointer: schema for pointer, schema in _objects(shape) if schema.get("additionalProperties") is False}
    names = sorted({*NEVER_SET, *_answered_fields(operation)})
    for pointer in closed:
        known = {name for at, part in _objects(shape) if at == pointer for name in part.get("properties", ())}
        hidden = [name for name in names if name not in known]
        for start in range(0, len(hidden), MAX_ERRORS - 5):
            few = hidden[start : start + MAX_ERRORS - 5]
            if (planted := _planted(body, pointer.split("/")[1:], few)) is not None:
                yield pointer, few, planted


def _planted(body: Any, path: list[str], names: list[str]) -> Any:
    """A body with more fields in the object at a path; None where the body has no object there."""
    if not path:
        return {**dict.fromkeys(names, "1"), **body} if isinstance(body, dict) else None
    if isinstance(body, list):
        inner = _planted(body[0], path[1:], names) if body else None
        return None if inner is None else [inner, *body[1:]]
    if not isinstance(body, dict) or path[0] not in body:
        return None
    inner = _planted(body[path[0]], path[1:], names)
    return None if inner is None else body | {path[0]: inner}


def _named() -> list[str]:
    return sorted(operation.name for operation in OPERATIONS if operation.request is not None)


@pytest.mark.parametrize("name", _named())
def test_a_body_takes_no_field_that_it_does_not_name(name: str) -> None:
    shape = BY_NAME[name].request
    (schema,) = (body for operation, medium, body in _bodies() if (operation, medium) == (name, JSON))
    tried = 0
    for body in request_examples().get(name, {"": {}}).values():
        for pointer, names, planted in _tries(name, schema, body):
            with pytest.raises(msgspec.ValidationError):
                msgspec.convert(planted, shape)
            told = {error.pointer for error in field_errors(planted, shape)}
            assert told >= {f"{pointer}/{name}" for name in names}, pointer
            tried += 1
    assert tried, "each body has an example, and each is tried"


@pytest.mark.parametrize("field", ["org_id", "plan", "state", "job_id", "project_id"])
async def test_bodies_that_are_read_by_hand_take_no_more(field: str, open_client: OpenClient) -> None:
    """All bodies but these are decoded by their struct."""
    by_hand = {(operation, medium) for operation, medium, _ in _bodies() if BY_NAME[operation].request is None}
    assert by_hand == {("uploadVideo", JSON), ("uploadVideo", FORM)}
    fields = {"url": "https://a.example/v", field: "1"}
    async with open_client() as client:
        for body in ({"json": fields}, {"files": {name: (None, text) for name, text in fields.items()}}):
            answer = await client.post("/api/upload-video", **body)
            assert answer.status_code == 422, answer.text
            assert field in answer.text
        await client.aclose()


def test_a_query_names_no_organisation_and_no_right() -> None:
    """What the server knows of its caller is no parameter; a query with fields takes no others."""
    for operation in OPERATIONS:
        if operation.query is not None:
            forbids = operation.query.__struct_config__.forbid_unknown_fields
            assert forbids or operation.name in SENT_BY_OTHERS, operation.name
            assert not {"org_id", "organisation_id", "scopes", "operator"} & set(operation.query.__struct_fields__)
