"""Compare an answer with its operation in the OpenAPI document: status, problem, headers, schema."""

from __future__ import annotations

from functools import cache
from typing import Any

import httpx2
import msgspec
from jsonschema import Draft202012Validator

from api.http.operations import Operation
from api.openapi.document import encode_document, make_document, problem_codes
from api.problems.problem_details import MEDIA_TYPE
from api.routes import OPERATIONS


@cache
def document() -> dict[str, Any]:
    made: dict[str, Any] = msgspec.json.decode(encode_document(make_document(OPERATIONS)))
    return made


@cache
def _validator(reference: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": reference, "components": document()["components"]})


def undocumented(operation: Operation, answer: httpx2.Response) -> list[str]:
    """Differences between an answer and the document; empty if they agree."""
    told = document()["paths"][operation.path][operation.method.lower()]["responses"].get(str(answer.status_code))
    if told is None:
        return [f"status {answer.status_code} {answer.text[:200]}"]
    found = [
        f"no header {name}"
        for name, header in told.get("headers", {}).items()
        if name not in answer.headers and name != "RateLimit" and header.get("required", True)
    ]
    content, media_type = told.get("content", {}), answer.headers.get("content-type", "").partition(";")[0]
    if not content or not answer.content:
        return found + ([f"a body of {media_type}"] if answer.content else [])
    if media_type not in content:
        return [*found, f"media type {media_type}"]
    if media_type == MEDIA_TYPE and answer.json()["code"] not in problem_codes(operation):
        found.append(f"problem {answer.json()['code']}")
    reference = content[media_type]["schema"].get("$ref")
    if reference is not None:
        found += [
            f"{error.json_path}: {error.message[:200]}" for error in _validator(reference).iter_errors(answer.json())
        ]
    return found


def unnamed(operation: Operation, answer: httpx2.Response) -> list[str]:
    """Top-level fields of a successful JSON answer that its schema does not name."""
    if operation.response is None or answer.headers.get("content-type") != "application/json" or answer.is_error:
        return []
    shape = document()["components"]["schemas"][operation.response.__name__]
    return sorted(set(answer.json()) - set(shape.get("properties", ())))
