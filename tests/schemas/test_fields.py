"""The published schema of every event matches the code: topics, fields, types, required fields."""

from __future__ import annotations

import datetime as dt
import json
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
import pytest
import yaml

from schemas import codec
from schemas.events.rendition import FIELD
from schemas.topics import TOPICS, Topic

HERE = Path(codec.__file__).parent
PUBLISHED = yaml.safe_load((HERE / "asyncapi.yaml").read_text())
EVENTS = [(topic, event) for topic in TOPICS for event in topic.events]
SIMPLE: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    UUID: {"type": "string", "format": "uuid"},
    dt.datetime: {"type": "string", "format": "date-time"},
}
BOUNDS = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum", "pattern": "pattern"}


def published(shape: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """A schema with its reference resolved, without descriptions."""
    while "$ref" in shape:
        found: Any = document
        for step in shape["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        shape = found
    return {name: value for name, value in shape.items() if name not in ("description", "title", "default")}


def same(hint: Any, shape: dict[str, Any], document: dict[str, Any], at: str) -> Iterator[str]:
    """Differences between a type of the code and a schema, as sentences."""
    found = published(shape, document)
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        yield from bounded(parts[0], parts[1:], found, document, at)
    elif origin in (Union, types.UnionType):
        yield from any_of(parts, found, document, at)
    elif origin is Literal:
        if sorted(found.get("enum", ()), key=str) != sorted(parts, key=str):
            yield f"{at}: {found} is not one of {parts}"
    elif isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield from fields(hint, found, document, at)
    elif origin is dict:
        yield from is_kind("object", found, at)
        if parts[1] is not Any:
            yield from same(parts[1], found["additionalProperties"], document, f"{at}{{}}")
        elif found.get("additionalProperties") is not True:
            yield f"{at}: {found} does not take any value"
    elif origin is not None:
        yield from sequence(origin, parts, found, document, at)
    elif {name: found[name] for name in found if name in ("type", "format")} != SIMPLE[hint]:
        yield f"{at}: {found} is not {hint}"


def is_kind(kind: str, found: dict[str, Any], at: str) -> Iterator[str]:
    if found.get("type") != kind:
        yield f"{at}: {found} is no {kind}"


def sequence(origin: Any, parts: Any, found: dict[str, Any], document: dict[str, Any], at: str) -> Iterator[str]:
    yield from is_kind("array", found, at)
    if origin is tuple and Ellipsis not in parts:
        for number, (part, item) in enumerate(zip(parts, found["prefixItems"], strict=True)):
            yield from same(part, item, document, f"{at}[{number}]")
    else:
        yield from same(parts[0], found["items"], document, f"{at}[]")


def any_of(parts: Any, found: dict[str, Any], document: dict[str, Any], at: str) -> Iterator[str]:
    parts = [part for part in parts if part is not msgspec.UnsetType]  # left out, it is not there at all
    choices = found.get("anyOf", [found])
    if len(choices) != len(parts):
        yield f"{at}: {found} is not {parts}"
    for part in parts:
        if not any(not list(same(part, choice, document, at)) for choice in choices):
            yield f"{at}: {part} is none of {choices}"


def bounded(hint: Any, metas: Any, found: dict[str, Any], document: dict[str, Any], at: str) -> Iterator[str]:
    for meta in metas:
        sized = "Items" if found.get("type") == "array" else "Properties" if found.get("type") == "object" else "Length"
        names = BOUNDS | {"min_length": f"min{sized}", "max_length": f"max{sized}"}
        for name, published_as in names.items():
            if getattr(meta, name) is not None and found.get(published_as) != getattr(meta, name):
                yield f"{at}: {published_as} is {found.get(published_as)}, not {getattr(meta, name)}"
    yield from same(hint, found, document, at)


def fields(struct: type[msgspec.Struct], found: dict[str, Any], document: dict[str, Any], at: str) -> Iterator[str]:
    hints = get_type_hints(struct, include_extras=True)
    flat_form = found.get("anyOf", [{}])[0].get("required") == [FIELD]
    declared = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    properties = {name: one for name, one in found.get("properties", {}).items() if not one.get("deprecated")}
    if struct.__struct_config__.tag_field:
        properties.pop(struct.__struct_config__.tag_field)
    if set(properties) != set(declared):
        yield f"{at}: published are {sorted(properties)}, declared {sorted(declared)}"
        return
    required = {name for name, field in declared.items() if field.required and not (flat_form and name == FIELD)}
    if set(found.get("required", ())) - {struct.__struct_config__.tag_field} != required:
        yield f"{at}: required are {found.get('required')}, not {sorted(required)}"
    if (found.get("additionalProperties") is False) != struct.__struct_config__.forbid_unknown_fields:
        yield f"{at}: further fields are {found.get('additionalProperties')}"
    for name, field in declared.items():
        yield from same(hints[field.name], properties[name], document, f"{at}.{name}")
        told = properties[name].get("default", msgspec.NODEFAULT)  # none is published that is made of others
        if told is not msgspec.NODEFAULT and msgspec.convert(told, hints[field.name]) != usual(field):
            yield f"{at}.{name}: left out it is {usual(field)}, published is {told}"


def usual(field: msgspec.structs.FieldInfo) -> Any:
    """The value of an omitted field."""
    return field.default if field.default is not msgspec.NODEFAULT else field.default_factory()


@pytest.mark.parametrize(("topic", "event"), EVENTS, ids=[event.__name__ for _, event in EVENTS])
def test_every_field_is_published_as_it_is_declared(topic: Topic, event: type[msgspec.Struct]) -> None:
    message = PUBLISHED["channels"][topic.name]["messages"][event.__name__]
    payload = published(message, PUBLISHED)["payload"]
    assert list(same(event, payload, PUBLISHED, event.__name__)) == []
    alone = json.loads((HERE / "jsonschema" / f"{event.__name__}.json").read_text())
    assert list(same(event, alone, alone, event.__name__)) == []


def test_a_topic_publishes_its_events_and_no_other() -> None:
    told = {name: set(channel["messages"]) for name, channel in PUBLISHED["channels"].items()}
    assert told == {topic.name: {event.__name__ for event in topic.events} for topic in TOPICS}


@pytest.mark.parametrize(("topic", "event"), EVENTS, ids=[event.__name__ for _, event in EVENTS])
def test_missing_required_fields_and_other_types_are_refused(topic: Topic, event: type[msgspec.Struct]) -> None:
    """As the code reads it, not as the schema says."""
    example = json.loads((HERE / "examples" / topic.name / f"{event.__name__}.pass.json").read_text())

    def is_taken(body: dict[str, Any]) -> bool:
        try:
            codec.decode(topic, example["headers"], json.dumps(body).encode())
        except codec.DecodeError:
            return False
        return True

    declared = {field.encode_name: field for field in msgspec.structs.fields(event)}
    body = {name: value for name, value in example["body"].items() if name in declared}
    required = {name for name, field in declared.items() if field.required}
    assert is_taken(body)
    assert required <= set(body)
    for name in body:
        without = {other: value for other, value in body.items() if other != name}
        assert is_taken(without) == (name not in required), name
        assert not is_taken(body | {name: ["no", {"such": "value"}]}), name


def test_a_difference_is_found() -> None:
    event = EVENTS[1][1]
    alone = json.loads((HERE / "jsonschema" / f"{event.__name__}.json").read_text())
    shape = alone["$defs"][event.__name__]
    del shape["properties"]["ordinal"]
    assert list(same(event, alone, alone, "SpanPlanned"))
