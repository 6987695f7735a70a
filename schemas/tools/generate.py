"""Write jsonschema/ and asyncapi.yaml from the structs: ``python -m schemas.tools.generate``.

What deploy/ takes from the tables is written too (`schemas.tools.kubernetes`, `schemas.tools.compose`). Examples of
events that pass are completed with the defaults of fields that they lack.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import yaml

from schemas.codec import type_name
from schemas.events import Rendition, RenditionOrder
from schemas.events.rendition import FIELD, FLAT_FIELDS
from schemas.options.caption_template import CaptionTemplate
from schemas.options.caption_template_overrides import TemplateOverrides
from schemas.tools import compose, kubernetes
from schemas.tools.event_examples import completed_examples, missing_examples
from schemas.topics import TOPICS, UNLIMITED_MS, Topic
from schemas.version import VERSION

HERE = Path(__file__).parents[1]
_HEADERS: dict[str, Any] = {
    "type": "object",
    "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "content-type"],
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "ce_id": {"type": "string", "format": "uuid"},
        "ce_source": {"type": "string"},
        "ce_type": {"type": "string"},
        "ce_time": {"type": "string", "format": "date-time"},
        "content-type": {"const": "application/json"},
        "traceparent": {"type": "string", "description": "W3C trace context"},
    },
}
_SIGNATURE = {
    "clipstream-key": "id of the producer key",
    "clipstream-org": "the organisation the key belongs to",
    "clipstream-time": "ISO 8601 time with zone, the same as ce_time or later",
    "clipstream-signature": "hex HMAC-SHA-256 over `key.org.time.ce_id.` and the body",
}


def json_schema(event: type) -> dict[str, Any]:
    """JSON Schema 2020-12 of one event's body, or of a caption template and what may be changed of one."""
    schema = msgspec.json.schema(event)
    add_flat_fields(event, schema["$defs"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"clipstream/{event.__name__}.json",
        **schema,
    }


def add_flat_fields(event: type, components: dict[str, Any]) -> None:
    """Publish the flat form of an event that carries a rendition: still written and read, and deprecated."""
    if not issubclass(event, RenditionOrder):
        return
    shape, rendition = components[event.__name__], components[Rendition.__name__]
    flat = {name: {**rendition["properties"][name], "deprecated": True} for name in FLAT_FIELDS}
    either = [[FIELD], [name for name in rendition["required"] if name in FLAT_FIELDS]]
    components[event.__name__] = {
        **shape,
        "properties": flat | shape["properties"],
        "required": [name for name in shape["required"] if name != FIELD],
        "anyOf": [{"required": names} for names in either],
    }


def asyncapi() -> dict[str, Any]:
    """AsyncAPI 3.0 document of all topics and events."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for topic in TOPICS:
        shapes, components = msgspec.json.schema_components(topic.events, ref_template="#/components/schemas/{name}")
        for event in topic.events:
            add_flat_fields(event, components)
        schemas.update(components)
        for event, shape in zip(topic.events, shapes, strict=True):
            messages[event.__name__] = _message(event, topic, shape)
        channels[topic.name] = _channel(topic)
        for role in ("producers", "consumers"):
            operations |= _operations(topic, role)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Clipstream events",
            "version": VERSION,
            "description": "CloudEvents 1.0 in Kafka's binary mode: attributes in ce_* headers, JSON in the body.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": dict(sorted(schemas.items()))},
    }


def _message(event: type, topic: Topic, shape: dict[str, Any]) -> dict[str, Any]:
    headers: dict[str, Any] = {**_HEADERS, "properties": dict(_HEADERS["properties"])}
    headers["properties"]["ce_type"] = {"const": type_name(event)}
    if topic.name == "uploads.v1":
        headers["properties"] |= {name: {"type": "string", "description": text} for name, text in _SIGNATURE.items()}
        headers["required"] = [*_HEADERS["required"], *_SIGNATURE]
    return {
        "name": type_name(event),
        "summary": (event.__doc__ or "").split("\n")[0],
        "headers": headers,
        "payload": shape,
        "bindings": {"kafka": {"key": {"type": "string", "format": "uuid", "description": topic.key}}},
    }


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.name,
        "description": topic.doc,
        "messages": {event.__name__: {"$ref": f"#/components/messages/{event.__name__}"} for event in topic.events},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "retention.ms": -1 if topic.retention_ms == UNLIMITED_MS else topic.retention_ms
                },
            }
        },
    }


def _operations(topic: Topic, role: str) -> dict[str, Any]:
    action = "send" if role == "producers" else "receive"
    return {
        f"{action}.{topic.name}": {
            "action": action,
            "channel": {"$ref": f"#/channels/{topic.name}"},
            "summary": f"{role}: {', '.join(getattr(topic, role))}",
        }
    }


def rendered() -> dict[str, str]:
    """Path under ``schemas/`` and text of every generated file."""
    texts = {
        f"jsonschema/{event.__name__}.json": json.dumps(json_schema(event), indent=2, sort_keys=True) + "\n"
        for topic in TOPICS
        for event in topic.events
    }
    texts |= {
        f"jsonschema/{document.__name__}.json": json.dumps(json_schema(document), indent=2, sort_keys=True) + "\n"
        for document in (CaptionTemplate, TemplateOverrides)
    }
    texts |= {f"examples/{name}": text for name, text in completed_examples(HERE / "examples").items()}
    text = yaml.safe_dump(asyncapi(), sort_keys=False, allow_unicode=True, width=120)
    return texts | {"asyncapi.yaml": "# Generated by `python -m schemas.tools.generate`.\n" + text}


def main() -> None:
    """Write every generated file, and examples of events that have none."""
    for name, text in rendered().items():
        path = HERE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for path, text in missing_examples(HERE / "examples").items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    kubernetes.main()
    compose.main()


if __name__ == "__main__":
    main()
