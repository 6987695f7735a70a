"""Body and headers of each webhook message: for the OpenAPI document, and as a catalogue."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any
from uuid import UUID

import msgspec

from api.openapi.examples import ID
from api.openapi.fields import complete_schemas, to_markdown
from schemas.metadata import Label
from schemas.topics import TOPIC_OF
from schemas.webhooks import (
    INTERNAL,
    NOTICES,
    TYPES,
    DeliveryExhausted,
    EndpointDisabled,
    EndpointTested,
    NotifiedEvent,
    encode_message,
    encode_notice,
    labelled_kinds,
)

_REF = "#/components/schemas/"
_REF_IN_TEXT = re.compile(_REF + r"([A-Za-z0-9_.]+)")
_MOMENT = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
_SIGNATURE = "(v1,[A-Za-z0-9+/]{43}=|v1a,[A-Za-z0-9+/]{86}==)"
_HEADERS: dict[str, tuple[str, dict[str, Any], str]] = {
    "webhook-id": ("Id of the delivery, the same at every try: handle each id once.", {"format": "uuid"}, ID),
    "webhook-timestamp": ("Time of this try, in seconds since 1970.", {"pattern": "^[0-9]+$"}, "1772366400"),
    "webhook-signature": (
        "One signature of `id.timestamp.body` a secret, split by spaces: `v1,` and a base64 HMAC-SHA-256, or `v1a,` "
        "and a base64 ed25519 signature. Accept the message where one fits.",
        {"pattern": f"^{_SIGNATURE}( {_SIGNATURE})*$"},
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
}
_CHECKS = {
    "type": "object",
    "additionalProperties": {"type": "number"},
    "description": "Measured value of each check of the certificate that could be measured, by name.",
}
_FAULTS = {
    "type": "array",
    "items": {"type": "string", "examples": ["caption_offset"]},
    "description": "Names of the checks that warn or fail.",
}
_ANSWERS = {
    "2XX": {"description": "The message is taken; it is not sent again."},
    "410": {"description": "The receiver is gone: the endpoint is disabled, nothing more is sent to it."},
    "4XX": {"description": "The message is tried again, up to ten times in all."},
    "5XX": {"description": "The message is tried again, up to ten times in all; `Retry-After` makes a pause longer."},
}


_NOTICES = (
    DeliveryExhausted(
        endpoint_id=UUID(ID),
        url="https://example.org/hook",
        delivery_id=UUID(ID),
        event_type="export.completed",
        attempt=10,
        response_status=500,
        detail="answered 500",
    ),
    EndpointDisabled(
        endpoint_id=UUID(ID),
        url="https://example.org/hook",
        reason="failing",
        failing_since=_MOMENT - dt.timedelta(days=5),
        disabled_at=_MOMENT,
    ),
    EndpointTested(endpoint_id=UUID(ID)),
)
"""An example of each notice."""


def webhook_schemas() -> dict[str, Any]:
    """Component schemas: each message and its data."""
    structs = [*TYPES, *NOTICES, Label]
    _, schemas = msgspec.json.schema_components(structs, ref_template=_REF + "{name}")
    complete_schemas([], structs, schemas)
    for event, kind in TYPES.items():
        data = schemas.pop(event.__name__)
        properties = {
            name: property_schema for name, property_schema in data["properties"].items() if name not in INTERNAL
        }
        if "checks" in properties:
            properties |= {"checks": _CHECKS, "faults": _FAULTS}
        properties |= {
            kind: {"$ref": _REF + Label.__name__, "description": f"Of the {kind}, as it was when this became due."}
            for kind in labelled_kinds(event)
        }
        schemas[_data(event)] = {**data, "title": _data(event), "properties": properties, "required": [*properties]}
        schemas[_message(event)] = _message_schema(event, kind)
    for notice, notice_kind in NOTICES.items():
        data = schemas.pop(notice.__name__)
        schemas[_data(notice)] = {**data, "title": _data(notice), "required": [*data["properties"]]}
        schemas[_message(notice)] = _message_schema(notice, notice_kind)
    return schemas


def make_webhooks() -> dict[str, Any]:
    """One path item for each kind of message."""
    return {kind: {"post": _operation(event, kind)} for event, kind in {**TYPES, **NOTICES}.items()}


def make_event_types() -> Sequence[Mapping[str, Any]]:
    """The catalogue: name, meaning, JSON Schema and example of each type."""
    schemas = webhook_schemas()
    return [
        {
            "type": kind,
            "description": to_markdown(event.__doc__ or ""),
            "schema": _self_contained(_message(event), schemas),
            "example": _example(event),
        }
        for event, kind in {**TYPES, **NOTICES}.items()
    ]


def _self_contained(name: str, schemas: Mapping[str, Any]) -> dict[str, Any]:
    """A component with all that it refers to, as one JSON Schema."""
    used: dict[str, Any] = {}
    waiting = [name]
    while waiting:
        component = waiting.pop()
        if component not in used:
            used[component] = schemas[component]
            waiting += _REF_IN_TEXT.findall(json.dumps(schemas[component]))
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **used.pop(name), "$defs": used}
    local: dict[str, Any] = json.loads(json.dumps(schema).replace(_REF, "#/$defs/"))
    return local


def _data(event: type) -> str:
    return f"{event.__name__}Data"


def _message(event: type) -> str:
    return f"{event.__name__}Message"


def _message_schema(event: type, kind: str) -> dict[str, Any]:
    properties = {
        "type": {"type": "string", "enum": [kind], "description": "What happened.", "examples": [kind]},
        "timestamp": {
            "type": "string",
            "format": "date-time",
            "description": "When it happened.",
            "examples": [_MOMENT.isoformat()],
        },
        "id": {
            "type": "string",
            "format": "uuid",
            "description": "Id of the event, the same for all endpoints.",
            "examples": [ID],
        },
        "data": {"$ref": _REF + _data(event), "description": "What is known of it."},
    }
    text = f"A signed message: {to_markdown(event.__doc__ or '')}"
    return {
        "title": _message(event),
        "description": text,
        "type": "object",
        "properties": properties,
        "required": [*properties],
    }


def _operation(event: type, kind: str) -> dict[str, Any]:
    content = {"schema": {"$ref": _REF + _message(event)}, "example": _example(event)}
    return {
        "operationId": "receive" + event.__name__,
        "tags": ["webhooks"],
        "summary": f"`{kind}`",
        "description": to_markdown(event.__doc__ or "")
        + " Signed by Standard Webhooks; answer within 15 seconds and do the work afterwards.",
        "parameters": [_header(name) for name in _HEADERS],
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": _ANSWERS,
        "security": [],
    }


def _header(name: str) -> dict[str, Any]:
    text, form, example = _HEADERS[name]
    schema = {"type": "string", **form, "examples": [example]}
    return {"name": name, "in": "header", "required": True, "description": text, "schema": schema}


def _example(event: type) -> Any:
    """The message of the event's example in the contract, or of a notice."""
    if event in NOTICES:
        (notice,) = (example for example in _NOTICES if type(example) is event)
        return json.loads(encode_notice(notice, event_id=UUID(ID), at=_MOMENT))
    file = files("schemas") / "examples" / TOPIC_OF[event].name / f"{event.__name__}.pass.json"
    body: NotifiedEvent = msgspec.convert(json.loads(file.read_text())["body"], event)
    title = {"project": "Lecture 4", "clip": "Why we measure twice", "export": ""}
    labels = {kind: Label(title=title[kind], metadata={"order": 4711}) for kind in labelled_kinds(event)}
    return json.loads(encode_message(body, event_id=UUID(ID), at=_MOMENT, labels=labels))
