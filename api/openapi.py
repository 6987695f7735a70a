"""The OpenAPI 3.1 document, generated from the operations and their structs. Never written by hand."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from api.openapi_times import name_times
from api.problems import CATALOGUE, MEDIA_TYPE, Problem
from api.registry import WRITES, Operation, path_parameters

VERSION = "1.0.0"
_REF = "#/components/schemas/{name}"
_DESCRIPTION = """Long video in; ranked, captioned, framed clips out, with a searchable transcript.

Every call needs `Authorization: Bearer clp_live_…`. Every POST and PATCH takes an `Idempotency-Key`: repeat a
request with the same key and you get the same answer, and one effect. Every error is `application/problem+json`; its
`type` is a page that says what to do. All times on a video are whole milliseconds of its own time line."""
HELD = "precondition-required"
"""What an operation answers that has to be told which version it is of."""
_ALSO = {"204": "There is nothing more to come.", "304": "As the ETag in `If-None-Match` names it."}
_TAGS = {
    "uploads": "Bring a file straight to object storage, in one piece or in parts.",
    "projects": "One source video and everything made of it.",
    "clips": "Chosen moments, and the files made of them.",
    "brand kits": "How the clips of an organisation look and sound: logo, fonts, colours, captions, music.",
    "intelligence": "What projects are about, quoted, and which of them speak of something.",
    "scoring": "How much each sub-score counts.",
    "search": "Find what was said, with the millisecond to jump to.",
    "analytics": "Three named questions and a summary.",
    "webhooks": "Be told instead of asking.",
    "account": "Who the key belongs to.",
    "admin": "For operators: what could not be worked on.",
    "operations": "For the machinery around us.",
}


def make_document(operations: Sequence[Operation]) -> dict[str, Any]:
    """The whole document as plain values."""
    structs = _structs(operations)
    _, schemas = msgspec.json.schema_components(structs, ref_template=_REF)
    name_times(structs, schemas)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Clipstream",
            "version": VERSION,
            "summary": "Clips from long video, on your own machines.",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "This installation"}],
        "security": [{"bearer": []}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "An API key, `clp_live_…`."}
            },
            "headers": _headers(),
        },
    }


def encode_document(document: dict[str, Any]) -> bytes:
    """The document as it is served and checked in."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _structs(operations: Iterable[Operation]) -> list[type]:
    found: dict[type, None] = {Problem: None}
    for operation in operations:
        for struct in (operation.request, operation.response):
            if struct is not None:
                found[struct] = None
    return list(found)


def _ref(struct: type) -> dict[str, str]:
    return {"$ref": _REF.format(name=struct.__name__)}


def _operation(operation: Operation) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "responses": _also(operation) | {str(operation.status): _success(operation)} | _problems(operation),
    }
    if operation.description:
        made["description"] = operation.description
    if parameters := _parameters(operation):
        made["parameters"] = parameters
    if operation.request is not None:
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(operation.request)}}}
    if operation.permission == "public":
        made["security"] = []
    else:
        made["x-scope"] = operation.permission
    return made


def _success(operation: Operation) -> dict[str, Any]:
    headers: dict[str, Any] = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    if operation.permission != "public":
        headers["RateLimit"] = {"$ref": "#/components/headers/RateLimit"}
    if operation.located:
        headers["Location"] = {"$ref": "#/components/headers/Location"}
    answer: dict[str, Any] = {"description": operation.summary, "headers": headers}
    if operation.status == 204:
        return answer
    content = {}
    for media_type in operation.media_types:
        schema: dict[str, Any] = {"type": "string"}
        if media_type == "application/json" and operation.response is not None:
            schema = dict(_ref(operation.response))
        content[media_type] = {"schema": schema}
    return answer | {"content": content}


def _also(operation: Operation) -> dict[str, Any]:
    return {
        status: {"description": _ALSO.get(status, operation.summary)}
        | ({"content": {one: {"schema": {"type": "string"}} for one in media_types}} if media_types else {})
        for status, media_types in operation.also.items()
    }


def problem_codes(operation: Operation) -> list[str]:
    """Every problem an operation can answer with, in the order of the catalogue."""
    codes = {"internal", "timeout", *operation.problems}
    if operation.permission != "public":
        codes |= {"unauthenticated", "forbidden", "rate-limited", "unavailable"}
    if operation.method in WRITES and operation.permission != "public":
        codes |= {"body-too-large", "slow-body", "idempotency-key-invalid", "idempotency-in-progress"}
        codes |= {"idempotency-mismatch"}
    if operation.request is not None:
        codes |= {"malformed-request", "unsupported-media-type", "invalid"}
    if operation.query is not None:
        codes |= {"malformed-request", "invalid"}
    if path_parameters(operation.path):
        codes.add("not-found")
    return [code for code in CATALOGUE if code in codes]


def _problems(operation: Operation) -> dict[str, Any]:
    by_status: dict[int, list[str]] = {}
    for code in problem_codes(operation):
        by_status.setdefault(CATALOGUE[code].status, []).append(code)
    return {
        str(status): {
            "description": "; ".join(f"`{code}`: {CATALOGUE[code].title}" for code in codes),
            "content": {MEDIA_TYPE: {"schema": _ref(Problem)}},
        }
        for status, codes in sorted(by_status.items())
    }


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "format": "uuid"} if name.endswith("_id") else {"type": "string"},
        }
        for name in path_parameters(operation.path)
    ]
    if operation.query is not None:
        found += _query_parameters(operation.query)
    if operation.method in WRITES and operation.permission != "public":
        key = {"type": "string", "minLength": 1, "maxLength": 255}
        text = "A value of your choice, kept for a day: the same request with the same key has one effect."
        found.append({"name": "Idempotency-Key", "in": "header", "required": False, "schema": key, "description": text})
    if HELD in operation.problems:
        text = "The ETag of the version that was read; `*`: whichever it is."
        held = {"type": "string", "minLength": 1}
        found.append({"name": "If-Match", "in": "header", "required": True, "schema": held, "description": text})
    return found


def _query_parameters(struct: type) -> list[dict[str, Any]]:
    _, schemas = msgspec.json.schema_components([struct], ref_template=_REF)
    schema = schemas[struct.__name__]
    required = schema.get("required", [])
    made = []
    for name, part in schema["properties"].items():
        inner = dict(part)
        text = inner.pop("description", "")
        made.append({"name": name, "in": "query", "required": name in required, "schema": inner, "description": text})
    return made


def _headers() -> dict[str, Any]:
    texts = {
        "RequestId": "Names this request in our logs.",
        "RateLimit": "What is left of the key's allowance (draft-ietf-httpapi-ratelimit-headers).",
        "Location": "Path of the new thing.",
    }
    return {name: {"description": text, "schema": {"type": "string"}} for name, text in texts.items()}


def main() -> None:
    """Write the document of this version to standard output."""
    from api.app import OPERATIONS  # noqa: PLC0415 - the app imports this module

    sys.stdout.buffer.write(encode_document(make_document(OPERATIONS)))


if __name__ == "__main__":
    main()
