"""Successful answers in the OpenAPI document: headers, and a schema for each media type."""

from __future__ import annotations

from typing import Any

from api.http.operations import Operation

_ALSO = {"204": "There is nothing more to come.", "304": "The ETag in `If-None-Match` is still current."}
_BINARY = ("application/zip", "application/octet-stream", "image/", "video/", "audio/", "font/")
"""Media types, or what they begin with, whose bytes are no text."""


def successful_answer(operation: Operation) -> dict[str, Any]:
    """The successful answer of an operation."""
    headers: dict[str, Any] = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    if operation.permission != "public":
        headers["RateLimit"] = {"$ref": "#/components/headers/RateLimit"}
    if operation.located:
        headers["Location"] = {"$ref": "#/components/headers/Location"}
    headers |= {name: {"schema": {"type": "string", "enum": [text]}} for name, text in operation.fixed_headers.items()}
    for field in operation.gives_headers:
        described = {"description": field.description, "schema": dict(field.schema)}
        headers[field.name] = {"required": field.required} | described
    answer: dict[str, Any] = {"description": operation.summary, "headers": headers}
    if operation.status == 204 or operation.method == "HEAD" or (operation.streams and operation.response is None):
        return answer
    return answer | {
        "content": {media_type: {"schema": _body(operation, media_type)} for media_type in operation.media_types}
    }


def further_answers(operation: Operation) -> dict[str, Any]:
    """Further successful answers, by status."""
    return {
        status: {"description": _ALSO.get(status, operation.summary)}
        | (
            {"content": {media_type: {"schema": _body(operation, media_type)} for media_type in media_types}}
            if media_types
            else {}
        )
        for status, media_types in operation.also.items()
    }


def _body(operation: Operation, media_type: str) -> dict[str, Any]:
    if media_type == "application/json" and operation.response is not None:
        return {"$ref": f"#/components/schemas/{operation.response.__name__}"}
    return media_schema(media_type)


def media_schema(media_type: str) -> dict[str, Any]:
    """Schema of a body without a struct: an object, bytes or text."""
    if media_type == "application/json" or media_type.endswith("+json"):
        return {"type": "object", "additionalProperties": True}
    schema = {"type": "string", "contentMediaType": media_type}
    return schema | {"format": "binary"} if media_type.startswith(_BINARY) else schema
