"""Complete the OpenAPI schemas of structs: descriptions, examples, bounds, formats.

A description is the first of: the docstring below the field, the description in its type,
schemas/field_descriptions.py.
"""

from __future__ import annotations

import ast
import inspect as python
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from api.openapi.examples import add_example
from schemas.field_descriptions import FIELDS, NOT_NEGATIVE, SHARES, SIGNED

_REF = "#/components/schemas/"


def complete_schemas(requests: Iterable[type], answers: Iterable[type], schemas: dict[str, Any]) -> None:
    """Complete the schemas of these structs and of all structs inside them.

    Fields of a request may be left out, so generators must not read a ``default`` as "always there": the description
    names it instead. An answer has all of its fields, unless its struct omits defaults.
    """
    request_structs = {kind.cls for kind in list_structs(inspect.multi_type_info(requests), set())}
    for kind in list_structs(inspect.multi_type_info([*requests, *answers]), set()):
        schema = schemas[kind.cls.__name__]
        schema["description"] = to_markdown(schema.get("description", ""))
        if kind.tag_field is not None:
            tag = schema["properties"][kind.tag_field]
            tag |= {"description": f"Always `{kind.tag}`: tells the kinds apart.", "examples": [kind.tag]}
        for field in kind.fields:
            schema["properties"][field.encode_name] = _property(kind, field, schema["properties"][field.encode_name])
        _remove_defaults(kind.cls, schema, is_request=kind.cls in request_structs)
        for property_schema in schema["properties"].values():
            _suit_generators(property_schema)


def describe_query(struct: type, properties: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The completed schema of each query parameter, with its description inside."""
    kind = inspect.type_info(struct)
    assert isinstance(kind, inspect.StructType)
    described = {field.encode_name: _property(kind, field, properties[field.encode_name]) for field in kind.fields}
    for parameter in described.values():
        _accept_dates(parameter)
        _suit_generators(parameter)
    return described


def _accept_dates(schema: dict[str, Any]) -> None:
    """Accept a date wherever a query accepts a time."""
    times = [part for part in schema.get("anyOf", ()) if part.get("format") == "date-time"]
    if times:
        schema["anyOf"].insert(1, {"type": "string", "format": "date"})
        schema["description"] += " A date means 00:00 UTC of that day."


def list_structs(kinds: Iterable[inspect.Type], visited: set[type]) -> Iterator[inspect.StructType]:
    """Every struct inside these types, each once."""
    for kind in kinds:
        if not isinstance(kind, inspect.StructType):
            yield from list_structs(_inner_types(kind), visited)
        elif kind.cls not in visited:
            visited.add(kind.cls)
            yield kind
            yield from list_structs((field.type for field in kind.fields), visited)


def to_markdown(text: str) -> str:
    """A docstring as Markdown."""
    return re.sub(r"\bNone\b", "null", " ".join(text.split()).replace("``", "`"))


def field_docs(struct: type) -> dict[str, str]:
    """Docstrings below the fields of a struct, inherited ones included."""
    docs: dict[str, str] = {}
    for cls in reversed(struct.__mro__):
        if issubclass(cls, msgspec.Struct) and cls is not msgspec.Struct:
            docs |= _module_docs(cls.__module__).get(cls.__qualname__, {})
    return docs


@cache
def _module_docs(module: str) -> dict[str, dict[str, str]]:
    tree = ast.parse(python.getsource(sys.modules[module]))
    return {node.name: _class_docs(node) for node in tree.body if isinstance(node, ast.ClassDef)}


def _class_docs(node: ast.ClassDef) -> dict[str, str]:
    docs = {}
    for field, after in zip(node.body, node.body[1:], strict=False):
        match field, after:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                docs[name] = text
    return docs


def _property(kind: inspect.StructType, field: inspect.Field, schema: dict[str, Any]) -> dict[str, Any]:
    """A field's schema with its description."""
    completed = dict(schema)
    in_type, form = _descriptions_in_type(completed)
    text = field_docs(kind.cls).get(field.name) or in_type or FIELDS.get(field.name) or form
    if text:
        completed["description"] = to_markdown(text)
    if any(isinstance(part, inspect.DateTimeType) for part in _all_types(field.type)):
        _mark_times(completed)
    _add_bounds(field.name, completed)
    add_example(field.name, completed)
    return completed


def _descriptions_in_type(schema: Mapping[str, Any]) -> tuple[str, str]:
    """The type's description of the field, and of its written form (where it has a pattern)."""
    described = [(part, part["description"]) for part in (schema, *schema.get("anyOf", ())) if "description" in part]
    of_field = next((text for part, text in described if "pattern" not in part), "")
    return of_field, next((text for part, text in described if "pattern" in part), "")


def _remove_defaults(cls: type[msgspec.Struct], schema: dict[str, Any], *, is_request: bool) -> None:
    """Remove ``default``: a request describes it, an answer always has the field."""
    built_now = cls.__module__.startswith(("api.", "schemas.events")) and not cls.__struct_config__.omit_defaults
    for name, property_schema in schema["properties"].items():
        if "default" not in property_schema:
            continue
        default = property_schema.pop("default")
        if is_request and default is not None and not isinstance(default, dict) and default != []:
            default_text = msgspec.json.encode(default).decode()
            property_schema["description"] = (
                f"{property_schema.get('description', '')} Default: `{default_text}`.".strip()
            )
        if not is_request and built_now and name not in schema["required"]:
            schema["required"].append(name)
    if not schema.get("required"):
        schema.pop("required", None)


def _suit_generators(schema: dict[str, Any]) -> None:
    """Shape a schema for code generators: a type with each enum, 64 bits for integers, no tuples."""
    values = schema.get("enum")
    if values and "type" not in schema and all(isinstance(value, str) for value in values):
        schema["type"] = "string"
    if schema.get("type") == "integer":
        schema.setdefault("format", "int64")
    if "prefixItems" in schema:
        schema["items"] = schema.pop("prefixItems")[0]
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            _suit_generators(schema[name])
    for variant in schema.get("anyOf", ()):
        _suit_generators(variant)


def _add_bounds(name: str, schema: dict[str, Any]) -> None:
    """Add bounds that no type declares: answers are not validated by their types."""
    for variant in (schema, *schema.get("anyOf", ())):
        if variant.get("type") not in ("integer", "number") or "minimum" in variant or "exclusiveMinimum" in variant:
            continue
        if name in SHARES:
            variant["minimum"], variant["maximum"] = 0, SHARES[name]
        elif name in NOT_NEGATIVE or (variant["type"] == "integer" and name not in SIGNED):
            variant["minimum"] = 0


def _all_types(kind: inspect.Type) -> Iterator[inspect.Type]:
    """A type and the types inside it, without the fields of structs."""
    yield kind
    for inner in _inner_types(kind):
        yield from _all_types(inner)


def _inner_types(kind: inspect.Type) -> list[inspect.Type]:
    attributes = [getattr(kind, name, None) for name in ("type", "item_type", "key_type", "value_type")]
    listed = [*getattr(kind, "types", ()), *getattr(kind, "item_types", ())]
    return [inner for inner in (*attributes, *listed) if isinstance(inner, inspect.Type)]


def _mark_times(schema: dict[str, Any]) -> None:
    """Set the format ``date-time`` on texts without one: msgspec names it only for times with a zone."""
    if schema.get("type") == "string":
        schema.setdefault("format", "date-time")
    for inner in (*schema.get("anyOf", ()), schema.get("items"), schema.get("additionalProperties")):
        if isinstance(inner, dict):
            _mark_times(inner)
