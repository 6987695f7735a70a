"""The OpenAPI document describes every field, parameter, operation and message; examples fit."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema
import msgspec
import pytest
from jsonschema import Draft202012Validator

from api.openapi.document import encode_document, make_document
from api.openapi.examples import EXAMPLES, request_examples
from api.routes import OPERATIONS
from schemas.field_descriptions import FIELDS, SHARES, SIGNED
from schemas.webhooks import MESSAGE_TYPES, NOTICES, TYPES
from tests.api.openapi.test_document import CHECKED_IN

LEAST, MOST = {"minimum", "exclusiveMinimum"}, {"maximum", "exclusiveMaximum"}
UNBOUNDED = {
    "CropBox.x", "CropBox.y", "CropBox.width", "CropBox.height",  # the source's picture
    "TimeRange.start_ms", "TimeRange.end_ms",  # the source's length
    "SignUpload.size_bytes",  # a setting of the installation
}  # fmt: skip
"""Numbers that are given, and bounded by what the document cannot know."""
HOW = (
    "write a docstring below the field, or for a name that means the same everywhere a line in "
    "schemas/field_descriptions.py"
)
Named = tuple[str, dict[str, Any]]


@cache
def document() -> dict[str, Any]:
    made: dict[str, Any] = msgspec.json.decode(encode_document(make_document(OPERATIONS)))
    return made


def fields() -> Iterator[Named]:
    for name, schema in document()["components"]["schemas"].items():
        for field, each in schema.get("properties", {}).items():
            yield f"{name}.{field}", each


def operations() -> Iterator[Named]:
    for paths in (document()["paths"], document()["webhooks"]):
        for path, methods in paths.items():
            for method, operation in methods.items():
                yield f"{method} {path}", operation


def parameters() -> Iterator[Named]:
    for name, operation in operations():
        for parameter in operation.get("parameters", ()):
            yield f"{name} {parameter['name']}", parameter


def scalars(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for part in (schema, *schema.get("anyOf", ())):
        if part.get("type") in ("string", "integer", "number"):
            yield part


def schemas_inside(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from schemas_inside(part)


def test_every_field_parameter_and_operation_is_described() -> None:
    schemas = document()["components"]["schemas"].items()
    bare = [
        name
        for name, each in (*fields(), *parameters(), *operations(), *schemas)
        if len(each.get("description", "")) < 4 or not each["description"].endswith((".", "`", ")", "?", "…"))
    ]
    assert not bare, f"no description that ends like a sentence: {bare}; {HOW}"
    assert len(list(fields())) > 1_000
    assert len(list(parameters())) > 100


def test_descriptions_are_markdown_and_speak_of_json() -> None:
    texts = [(name, each["description"]) for name, each in (*fields(), *parameters(), *operations())]
    assert [name for name, text in texts if "``" in text or " None" in text] == []


def test_every_scalar_has_an_example_that_fits() -> None:
    found = [*fields(), *((name, each["schema"]) for name, each in parameters())]
    lacking = [
        name
        for name, each in found
        if any(scalars(each)) and not any("examples" in part for part in (each, *each.get("anyOf", ())))
    ]
    assert not lacking, f"add an example to EXAMPLES in api/openapi/examples.py, or to the type's Meta: {lacking}"
    known = {"components": document()["components"]}
    for name, each in found:
        validator = Draft202012Validator({**each, **known}, format_checker=jsonschema.FormatChecker())
        for example in each.get("examples", ()):
            assert list(validator.iter_errors(example)) == [], name


def test_every_body_has_an_example_that_is_accepted() -> None:
    taken = {one.name: one.request for one in OPERATIONS if one.request is not None}
    assert set(request_examples()) == set(taken), "api/openapi/examples.json: a body for each operation that takes one"
    for operation, bodies in request_examples().items():
        for body in bodies.values():
            msgspec.convert(body, taken[operation], strict=True)


def test_whole_numbers_and_shares_have_bounds() -> None:
    for name, each in fields():
        field = name.rpartition(".")[2]
        for part in scalars(each):
            if part["type"] == "integer" and field not in SIGNED:
                assert "minimum" in part, name
            if part["type"] == "number" and field in SHARES:
                assert {"minimum", "exclusiveMinimum"} & set(part), name
                assert "maximum" in part, name


def of_requests() -> Iterator[Named]:
    """Every field of every body, with those of the structs inside."""
    schemas = document()["components"]["schemas"]
    asked = [one for methods in document()["paths"].values() for one in methods.values()]
    todo = [one["requestBody"] for one in asked if "requestBody" in one]
    seen = set[str]()
    while todo:
        names = {part["$ref"].rpartition("/")[2] for part in schemas_inside(todo.pop()) if "$ref" in part} - seen
        seen |= names
        todo += [schemas[name] for name in names]
    yield from ((name, each) for name, each in fields() if name.partition(".")[0] in seen)


def test_every_number_of_a_request_has_both_bounds() -> None:
    given = {name for name, each in of_requests() for part in scalars(each) if part["type"] != "string"}
    wide = {
        name
        for name, each in of_requests()
        for part in scalars(each)
        if part["type"] != "string" and "enum" not in part and not (LEAST & set(part) and MOST & set(part))
    }
    assert len(given) > 30
    assert wide == UNBOUNDED, "an upper and a lower bound, or a line in UNBOUNDED with what bounds it"


def test_names_of_schemas_are_plain_and_unique() -> None:
    names = list(document()["components"]["schemas"])
    assert [name for name in names if not name.isalnum()] == [], "two structs of one name: give one another name"
    assert len({name.lower() for name in names}) == len(names)


def test_generators_meet_no_tuple_no_bare_enum_and_no_default() -> None:
    for part in schemas_inside(document()["components"]["schemas"]):
        assert "prefixItems" not in part
        assert not isinstance(part.get("enum"), list) or "type" in part or None in part["enum"]
    assert [name for name, each in fields() if "default" in each] == []


@pytest.mark.parametrize("media_type", ["application/zip", "image/png", "application/ld+json", "text/vtt"])
def test_bodies_without_a_struct_are_typed_by_their_media_type(media_type: str) -> None:
    bodies = [
        answer["content"][media_type]["schema"]
        for _, operation in operations()
        for answer in operation["responses"].values()
        if media_type in answer.get("content", {})
    ]
    assert bodies
    for schema in bodies:
        if media_type.endswith("json"):
            assert schema["type"] == "object"
        else:
            assert schema["contentMediaType"] == media_type
            assert (schema.get("format") == "binary") == (not media_type.startswith("text/"))


def test_every_message_has_its_body_and_its_headers() -> None:
    hooks = document()["webhooks"]
    assert set(hooks) == {*TYPES.values(), *NOTICES.values()} == set(MESSAGE_TYPES)
    for hook in hooks.values():
        operation = hook["post"]
        headers = {one["name"] for one in operation["parameters"] if one["in"] == "header" and one["required"]}
        assert headers == {"webhook-id", "webhook-timestamp", "webhook-signature"}
        content = operation["requestBody"]["content"]["application/json"]
        validator = Draft202012Validator({**content["schema"], "components": document()["components"]})
        assert list(validator.iter_errors(content["example"])) == []


def test_the_glossary_holds_no_unused_name() -> None:
    sources = CHECKED_IN.parents[1]
    text = "".join(path.read_text() for room in ("api", "core", "schemas") for path in (sources / room).glob("**/*.py"))
    assert [name for name in FIELDS if f"    {name}: " not in text and f"{{{name}}}" not in text] == []
    assert [name for name in EXAMPLES if f"    {name}: " not in text and f"{{{name}}}" not in text] == []
