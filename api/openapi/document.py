"""The OpenAPI 3.1 document, generated from the operations and their structs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from api.http.answer_form.sparse_fields import MAX_CHARACTERS, PARAMETER
from api.http.answer_form.versions import HEADER, NEWEST, VERSIONS
from api.http.conditional import OPTIONALLY_HELD
from api.http.idempotency import KEY_PATTERN
from api.http.operations import WRITES, HeaderField, Operation, path_parameters
from api.openapi.examples import ID, add_example, request_examples
from api.openapi.fields import complete_schemas, describe_query, to_markdown
from api.openapi.responses import further_answers, successful_answer
from api.openapi.webhook_messages import make_webhooks, webhook_schemas
from api.problems.problem_details import MEDIA_TYPE, Problem
from api.problems.problem_types import CATALOGUE
from core.domain.oauth.parameters import FORM
from schemas.field_descriptions import FIELDS
from schemas.version import VERSION

_REF = "#/components/schemas/{name}"
_DESCRIPTION = """Long video in; ranked, captioned, framed clips out, with a searchable transcript.

Every call needs `Authorization: Bearer …` with an API key (`clp_live_…`) or the access token of who signed in; browsers
may carry the token in a cookie. What concerns a person alone takes no key. Every other POST and PATCH takes an
`Idempotency-Key`: repeat a request with the same key and you get the same answer, and one effect. Every error is
`application/problem+json`; its `type` is a page that says what to do. All times on a video are whole milliseconds of
its own time line."""
HELD = "precondition-required"
"""Problem of an operation that needs the version that was read."""
_REF_IN_TEXT = re.compile(r"#/components/schemas/([A-Za-z0-9_.]+)")
_PATHS: dict[str, str] = {
    "filename": "Name of the file, as the job lists it.",
    "token": "The secret in a share link's address.",
    "provider": "Name of the provider, as `GET /v1/auth/providers` lists it.",
}
"""Path parameters that are no ids."""
_TAGS = {
    "uploads": "Bring a file straight to object storage, in one piece or in parts.",
    "projects": "One source video and everything made of it.",
    "clips": "Chosen moments, and the files made of them.",
    "shares": "Links that show finished exports to who has no account.",
    "brand kits": "How the clips of an organisation look and sound: logo, fonts, colours, captions, music.",
    "intelligence": "What projects are about, quoted, and which of them speak of something.",
    "scoring": "How much each sub-score counts.",
    "search": "Find what was said, with the millisecond to jump to.",
    "analytics": "Three named questions and a summary.",
    "webhooks": "Receive messages instead of polling.",
    "account": "Who the key belongs to.",
    "billing": "Plans, limits and what was used.",
    "keys": "API keys and service accounts: who may call, from where, and until when.",
    "audit": "Who did what, and every API call of the last 30 days.",
    "auth": "Sign in, by password, second factor or passkey; sessions go on by refresh tokens.",
    "oauth": "Programs and apps that call by OAuth 2.1, and what people let them do.",
    "people": "Accounts, and who belongs to an organisation.",
    "admin": "For operators: what could not be worked on.",
    "operations": "For the machinery around us.",
    "jobs": "An older product's five paths, for programs that know them: a job is a project.",
}


def make_document(operations: Sequence[Operation]) -> dict[str, Any]:
    """The whole document as plain values."""
    requests = _distinct(struct for operation in operations for struct in (operation.request, operation.form))
    faults = _distinct(struct for operation in operations for struct in operation.faults.values())
    answers = [Problem, *_distinct(operation.response for operation in operations), *faults]
    _, schemas = msgspec.json.schema_components([*requests, *answers], ref_template=_REF)
    complete_schemas(requests, answers, schemas)
    schemas |= webhook_schemas()
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "Clipstream",
            "version": VERSION,
            "summary": "Clips from long video, on your own machines.",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "contact": {"name": "The operator of this installation"},
        },
        "servers": [{"url": "/", "description": "This installation"}],
        "security": [{"bearer": []}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": paths,
        "webhooks": make_webhooks(),
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, `clp_live_…`, or an access token.",
                }
            },
            "headers": _headers(),
        },
    }
    _remove_unused(document)
    return document


def _remove_unused(document: dict[str, Any]) -> None:
    """Remove schemas without a reference: those of fields that messages leave out."""
    schemas = document["components"]["schemas"]
    used, waiting = set[str](), [_REF_IN_TEXT.findall(repr({**document, "components": {}}))]
    while waiting:
        for name in set(waiting.pop()) - used:
            used.add(name)
            waiting.append(_REF_IN_TEXT.findall(repr(schemas[name])))
    for name in set(schemas) - used:
        del schemas[name]


def encode_document(document: dict[str, Any]) -> bytes:
    """The document as it is served and checked in."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _distinct(structs: Iterable[type | None]) -> list[type]:
    return list(dict.fromkeys(struct for struct in structs if struct is not None))


def _ref(struct: type) -> dict[str, str]:
    return {"$ref": _REF.format(name=struct.__name__)}


def _operation(operation: Operation) -> dict[str, Any]:
    document: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description or to_markdown(operation.effect.__doc__ or ""),
        "responses": further_answers(operation)
        | {str(operation.status): successful_answer(operation)}
        | _problems(operation)
        | {
            str(status): {
                "description": f"`error` of {struct.__name__}.",
                "content": {"application/json": {"schema": _ref(struct)}},
            }
            for status, struct in operation.faults.items()
        },
    }
    if parameters := _parameters(operation):
        document["parameters"] = parameters
    if operation.request is not None:
        content: dict[str, Any] = {"schema": _ref(operation.request)}
        if examples := request_examples().get(operation.name):
            content["examples"] = {name: {"value": body} for name, body in examples.items()}
        types = ("application/json", "application/merge-patch+json") if operation.merge_patch else ("application/json",)
        document["requestBody"] = {"required": True, "content": dict.fromkeys(types, content)}
    if operation.form is not None:
        document["requestBody"] = {"required": True, "content": {FORM: {"schema": _ref(operation.form)}}}
    if operation.streams:
        content = {media_type: {"schema": dict(schema)} for media_type, schema in operation.streams.items()}
        # Bytes may be none at all; a form or an object is what the operation works on.
        required = all(schema.get("type") == "object" for schema in operation.streams.values())
        document["requestBody"] = {"required": required, "content": content}
    if operation.method in WRITES:
        document["x-idempotency-key"] = operation.keyless_reason or "Honoured; not required."
    if operation.successor is not None:
        document["deprecated"] = True
    if operation.permission == "public":
        document["security"] = []
    else:
        document["x-permission"] = operation.permission
    return document


def problem_codes(operation: Operation) -> list[str]:
    """Every problem of an operation, in the order of the catalogue."""
    codes = {"internal", "timeout", "body-too-large", *operation.problems}
    if operation.has_fields:
        codes.add("invalid")
    if operation.permission != "public":
        codes |= {"version-unknown", "unauthenticated", "forbidden", "rate-limited", "unavailable"}
        if operation.method not in ("GET", "HEAD"):
            codes.add("cross-site")
    if operation.method in WRITES:
        codes.add("slow-body")
    if operation.takes_key:
        codes |= {"idempotency-key-invalid", "idempotency-in-progress"}
        codes |= {"idempotency-mismatch"}
    if operation.streams:
        codes |= {"slow-body", "malformed-request", "unsupported-media-type"}
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
    parameters = [_path_parameter(name) for name in path_parameters(operation.path)]
    if operation.query is not None:
        parameters += _query_parameters(operation.query)
    if operation.has_fields and operation.response is not None:
        parameters.append(_fields_parameter(operation.response))
    if operation.permission != "public":
        parameters.append(_version_parameter())
    parameters += [_header_parameter(field) for field in operation.takes_headers]
    if operation.takes_key:
        key = {"type": "string", "minLength": 1, "maxLength": 512, "pattern": KEY_PATTERN}
        key["examples"] = ['"2026-03-01-lecture-4"', "2026-03-01-lecture-4"]
        text = "A value of your choice, kept for a day: the same request with the same key has one effect."
        parameters.append(
            {"name": "Idempotency-Key", "in": "header", "required": False, "schema": key, "description": text}
        )
    if HELD in operation.problems or OPTIONALLY_HELD in operation.problems:
        is_required = HELD in operation.problems
        text = "The ETag of the version that was read; `*` for any version."
        text += "" if is_required else " Without it the change is made to whatever version is there."
        tag_schema = {"type": "string", "minLength": 1, "examples": ['"edit-1"']}
        parameters.append(
            {"name": "If-Match", "in": "header", "required": is_required, "schema": tag_schema, "description": text}
        )
    return parameters


def _fields_parameter(response: type) -> dict[str, Any]:
    first = msgspec.structs.fields(response)[0].encode_name
    text = "Fields of the answer, with dots into lists and objects; without it all of them."
    schema = {"type": "string", "minLength": 1, "maxLength": MAX_CHARACTERS} | {"examples": [first]}
    return {"name": PARAMETER, "in": "query", "required": False, "schema": schema, "description": text}


def _header_parameter(field: HeaderField) -> dict[str, Any]:
    described = {"schema": dict(field.schema), "description": field.description}
    return {"name": field.name, "in": "header", "required": field.required} | described


def _version_parameter() -> dict[str, Any]:
    text = "The dated version of the API to be answered by; without it the oldest one."
    schema = {"type": "string", "enum": list(VERSIONS), "examples": [NEWEST]}
    return {"name": HEADER, "in": "header", "required": False, "schema": schema, "description": text}


def _path_parameter(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    text = _PATHS.get(name) or FIELDS.get(name, "")
    if name.endswith("_id"):
        schema |= {"format": "uuid", "examples": [ID]}
    else:
        add_example(name, schema)
    return {"name": name, "in": "path", "required": True, "schema": schema, "description": text}


def _query_parameters(struct: type) -> list[dict[str, Any]]:
    _, schemas = msgspec.json.schema_components([struct], ref_template=_REF)
    schema = schemas[struct.__name__]
    required = schema.get("required", [])
    parameters = []
    for name, inner in describe_query(struct, schema["properties"]).items():
        text = inner.pop("description", "")
        parameters.append(
            {"name": name, "in": "query", "required": name in required, "schema": inner, "description": text}
        )
    return parameters


def _headers() -> dict[str, Any]:
    texts = {
        "RequestId": "Names this request in our logs.",
        "RateLimit": "What is left of the key's allowance (draft-ietf-httpapi-ratelimit-headers).",
        "Location": "Path of the new thing.",
    }
    return {name: {"description": text, "schema": {"type": "string"}} for name, text in texts.items()}
