"""Writes examples of events that have none yet, into ``schemas/examples``."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid5

import msgspec
from msgspec import inspect

from schemas.codec import decode, encode, type_name
from schemas.ids import NAMESPACE
from schemas.topics import BY_NAME, TOPICS

ORG_ID, PROJECT_ID = "11111111-1111-5111-8111-111111111111", "7b0c6b1e-52ef-5d0b-9d34-0f2f6f0a9c01"
TIME = "2026-01-02T03:04:05+00:00"


def missing_examples(directory: Path) -> dict[Path, str]:
    """Path and text of each missing example: for events without any example of a kind."""
    texts: dict[Path, str] = {}
    for topic in TOPICS:
        folder = directory / topic.name
        for event in topic.events:
            name, body = event.__name__, sample_body(event)
            if not list(folder.glob(f"{name}.*pass.json")):
                texts[folder / f"{name}.pass.json"] = _text({"headers": _headers(type_name(event)), "body": body})
            if not list(folder.glob(f"{name}*.fail.json")):
                null = next(field for field, value in body.items() if value is not None)
                failing = {"because": f"{null} is null", "headers": _headers(type_name(event))}
                texts[folder / f"{name}.null.fail.json"] = _text(failing | {"body": body | {null: None}})
        if not list(folder.glob("unknown_type.fail.json")):
            unknown = {"because": "the type does not belong to the topic", "headers": _headers("clipstream.Nonsense")}
            texts[folder / "unknown_type.fail.json"] = _text(unknown | {"body": sample_body(topic.events[0])})
    return texts


def completed_examples(directory: Path) -> dict[str, str]:
    """Path and text of each passing example of ``directory``, with every field of its event."""
    texts: dict[str, str] = {}
    for path in sorted(directory.glob("*/*.pass.json")):
        text = path.read_text()
        example = msgspec.json.decode(text)
        _, event = decode(BY_NAME[path.parent.name], example["headers"], msgspec.json.encode(example["body"]))
        body = msgspec.json.decode(encode(event))
        texts[str(path.relative_to(directory))] = text if body == example["body"] else _text(example | {"body": body})
    return texts


def sample_body(event: type) -> dict[str, Any]:
    """A body of the event with its required fields, each of its type."""
    described = inspect.type_info(event)
    assert isinstance(described, inspect.StructType)
    return {field.encode_name: _sample(field.encode_name, field.type) for field in described.fields if field.required}


def _sample(name: str, kind: inspect.Type) -> Any:
    match kind:
        case inspect.UUIDType():
            return {"org_id": ORG_ID, "project_id": PROJECT_ID}.get(name) or str(uuid5(NAMESPACE, name))
        case inspect.StructType():
            return sample_body(kind.cls)
        case inspect.UnionType():
            return None if kind.includes_none else _sample(name, kind.types[0])
        case inspect.LiteralType():
            return kind.values[0]
        case inspect.BoolType():
            return True
        case inspect.IntType() | inspect.FloatType():
            return 1
        case inspect.DateTimeType():
            return TIME
        case inspect.DictType():
            return {}
        case inspect.ListType() | inspect.VarTupleType():
            return []
        case _:
            return name


def _headers(type_: str) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": str(uuid5(NAMESPACE, type_)),
        "ce_source": "/clipstream/example",
        "ce_type": type_,
        "ce_time": TIME,
    }


def _text(example: dict[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(example), indent=2).decode() + "\n"
